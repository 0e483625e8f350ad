"""Serving the web app's files: names, encodings, caching, headers."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from pipit.gateway.static import add_static

Client = TestClient[web.Request, web.Application]
PAGE = b"<!DOCTYPE html><title>Pipit</title>"
SCRIPT = b"console.log('chirp');" * 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder as app/web/build.py leaves it, with a secret beside it."""
    root = tmp_path / "dist"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_bytes(PAGE)
    (root / ".built-from").write_text("a fingerprint")
    (root / "assets/app.1a2b3c4d.js").write_bytes(SCRIPT)
    (root / "assets/app.1a2b3c4d.js.gz").write_bytes(gzip.compress(SCRIPT))
    (root / "assets/app.1a2b3c4d.js.br").write_bytes(b"not really brotli")
    (tmp_path / "secret.key").write_text("a secret")
    return root


async def serve(root: Path | None) -> Client:
    app = web.Application()
    add_static(app, root)
    client: Client = TestClient(TestServer(app), auto_decompress=False)
    await client.start_server()
    return client


@pytest.fixture
async def client(root: Path) -> AsyncIterator[Client]:
    client = await serve(root)
    yield client
    await client.close()


async def test_the_page_is_served_at_the_root_and_never_kept(client: Client) -> None:
    response = await client.get("/")
    assert (response.status, await response.read()) == (200, PAGE)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"


async def test_an_asset_with_a_hash_in_its_name_is_kept_for_ever(client: Client) -> None:
    response = await client.get("/assets/app.1a2b3c4d.js", headers={"Accept-Encoding": "identity"})
    assert await response.read() == SCRIPT
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("identity", None)],
)
async def test_the_smallest_accepted_encoding_is_sent(
    client: Client, accepted: str, chosen: str | None
) -> None:
    response = await client.get("/assets/app.1a2b3c4d.js", headers={"Accept-Encoding": accepted})
    assert response.headers.get("Content-Encoding") == chosen
    assert response.headers.getall("Vary") == ["Accept-Encoding"]
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"


async def test_an_unchanged_file_is_not_sent_again(client: Client) -> None:
    first = await client.get("/assets/app.1a2b3c4d.js")
    again = await client.get(
        "/assets/app.1a2b3c4d.js", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status, await again.read()) == (304, b"")


async def test_head_tells_the_length_without_the_content(client: Client) -> None:
    response = await client.head("/", headers={"Accept-Encoding": "identity"})
    assert (response.status, await response.read()) == (200, b"")
    assert response.headers["Content-Length"] == str(len(PAGE))


@pytest.mark.parametrize("path", ["/", "/assets/app.1a2b3c4d.js"])
async def test_every_file_forbids_other_hosts_frames_and_sniffing(
    client: Client, path: str
) -> None:
    headers = (await client.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "camera=(self), microphone=(self)" in headers["Permissions-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.key",
        "/assets/../../secret.key",
        "/assets/..%2f..%2fsecret.key",
        "/%2e%2e/secret.key",
        "/assets/%2e%2e/%2e%2e/secret.key",
        "/..%5csecret.key",
        "//secret.key",
        "../secret.key",
        "/.built-from",
        "/assets/",
        "/assets",
        "/assets/app.1a2b3c4d.js.gz",
        "/assets/app.1a2b3c4d.js%00",
        "/index.html/..",
    ],
)
async def test_nothing_but_the_published_names_is_found(client: Client, path: str) -> None:
    answer = await get_verbatim(client, path)
    assert answer.split(b" ")[1] in (b"400", b"404")
    assert b"a secret" not in answer


async def get_verbatim(client: Client, path: str) -> bytes:
    """The whole answer for a path that HTTP clients would tidy up before they send it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: pipit\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080"])
async def test_the_page_under_localhost_is_sent_to_127_0_0_1(client: Client, host: str) -> None:
    response = await client.get("/?a=1", headers={"Host": host}, allow_redirects=False)
    port = host.partition(":")[1] + host.partition(":")[2]
    assert (response.status, response.headers["Location"]) == (307, f"//127.0.0.1{port}/?a=1")


@pytest.mark.parametrize(
    "host", ["localhost.example", "127.0.0.1:8080", "pipit.local", "localhost:1@evil.example"]
)
async def test_the_page_under_another_name_is_not_redirected(client: Client, host: str) -> None:
    response = await client.get("/", headers={"Host": host}, allow_redirects=False)
    assert response.status in (200, 400)


async def test_assets_under_localhost_are_not_redirected(client: Client) -> None:
    response = await client.get("/assets/app.1a2b3c4d.js", headers={"Host": "localhost"})
    assert response.status == 200


@pytest.mark.parametrize("folder", [None, "missing", "."])
async def test_without_a_built_web_app_the_page_says_how_to_build_it(
    tmp_path: Path, folder: str | None
) -> None:
    client = await serve(tmp_path / folder if folder else None)
    response = await client.get("/")
    assert response.status == 503
    assert "make run" in await response.text()
    await client.close()
