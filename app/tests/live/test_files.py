"""Files over HTTP: taken with care, shown to those who may see them, gone when nobody uses them."""

import asyncio
import base64
import io
import json
import select
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from tests.conftest import StartServer
from tests.live.people import group, people, say, unique
from tests.support.client import API_KEY, PATIENCE, Body, Client, basic, connect
from tests.support.server import Server

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
KEY = {"X-Tinode-APIKey": API_KEY}
FORM = "multipart/form-data; boundary=frontier"


def auth(client: Client) -> dict[str, str]:
    return KEY | {"X-Tinode-Auth": f"Token {client.token}"}


def form(
    content: bytes = PNG, name: str = "a.png", mime: str = "image/png", **fields: str
) -> aiohttp.FormData:
    """A form as the stock clients fill it in: the file first."""
    data = aiohttp.FormData()
    data.add_field("file", io.BytesIO(content), filename=name, content_type=mime)
    for key, value in fields.items():
        data.add_field(key, value)
    return data


async def post(server: Server, data: Any, headers: dict[str, str], **more: Any) -> Body:
    """Uploads; the {ctrl}, whose code is the status."""
    url = f"{server.url}/v0/file/u/"
    async with aiohttp.request("POST", url, data=data, headers=headers, **more) as response:
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        ctrl: Body = (await response.json())["ctrl"]
        assert ctrl["code"] == response.status
        return ctrl


async def upload(server: Server, client: Client, *args: Any) -> str:
    """Uploads; the file's address on the server."""
    ctrl = await post(server, form(*args), auth(client))
    assert (ctrl["code"], ctrl["text"]) == (200, "ok"), ctrl
    return str(ctrl["params"]["url"])


async def fetch(
    server: Server, path: str, headers: dict[str, str], method: str = "GET"
) -> tuple[int, bytes, Any]:
    async with aiohttp.request(method, server.url + path, headers=headers) as response:
        return response.status, await response.read(), response.headers


def kept(server: Server) -> list[Path]:
    """What lies in the server's folder of files."""
    return [path for path in (server.data_dir / "files").rglob("*") if path.is_file()]


def upload_by_hand(server: Server, client: Client, *headers: str) -> socket.socket:
    """A connection on which the head of an upload was sent."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), PATIENCE)
    lines = [
        "POST /v0/file/u/ HTTP/1.1",
        f"Host: {host}",
        f"Content-Type: {FORM}",
        *(f"{name}: {value}" for name, value in auth(client).items()),
        *headers,
    ]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what only the disk tells."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def posted(client: Client, topic: str, url: str) -> int:
    return await say(client, topic, "see", extra={"attachments": [url]})


# -- upload ----------------------------------------------------------------------------------------


async def test_a_file_comes_back_as_it_was(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        for content in (PNG, bytes(range(256)) * 30_000, b"\r\n--frontier\r\n", b"x"):
            url = await upload(server, ann, content)
            code, body, _ = await fetch(server, url, auth(ann))
            assert (code, body) == (200, content)


async def test_the_answer_has_the_id_and_an_address_for_the_type(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        ctrl = await post(server, form(PNG, "a.html", "text/html", id="123"), auth(ann))
        assert ctrl["id"] == "123"
        assert ctrl["params"]["url"].startswith("/v0/file/s/")
        assert ctrl["params"]["url"].endswith(".png")
        assert ctrl["params"]["expires"].endswith("Z")


async def test_key_and_login_come_by_header_query_form_or_cookie(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        login = unique("bob")
        async with connect(server) as bob:
            await bob.signup(login)
        token: Body = {"auth": "token", "secret": ann.token}
        password = basic(login, "secret123")
        in_front = aiohttp.FormData({"apikey": API_KEY, **token})
        in_front.add_field("file", PNG, filename="a.png")
        ways: list[tuple[Any, dict[str, str], dict[str, Any]]] = [
            (form(), auth(ann), {}),
            (form(), KEY | {"Authorization": f"Token {ann.token}"}, {}),
            (form(), KEY | {"Authorization": f"Basic {password}"}, {}),
            (form(), {}, {"params": {"apikey": API_KEY, **token}}),
            (form(), {}, {"cookies": {"apikey": API_KEY, "auth": "token", "secret": ann.token}}),
            (form(**token), KEY, {}),
            (in_front, {}, {}),
        ]
        for data, headers, more in ways:
            assert (await post(server, data, headers, **more))["code"] == 200, (headers, more)


@pytest.mark.parametrize(
    ("login", "code", "text"),
    [
        ("", 401, "authentication required"),
        ("Token " + base64.b64encode(bytes(48)).decode(), 401, "authentication required"),
        ("Basic " + basic("nobody", "nothing"), 401, "authentication required"),
        ("Digest abc", 401, "authentication required"),
        ("Token %%%", 400, "malformed"),
        ("Token abc", 400, "malformed"),
    ],
)
async def test_without_a_valid_login_nothing_is_taken(
    server: Server, login: str, code: int, text: str
) -> None:
    before = kept(server)
    ctrl = await post(server, form(), KEY | {"X-Tinode-Auth": login})
    assert (ctrl["code"], ctrl["text"]) == (code, text)
    assert kept(server) == before


async def test_an_upload_without_a_key_is_refused(server: Server) -> None:
    url = f"{server.url}/v0/file/u/"
    async with aiohttp.request("POST", url, data=form()) as response:
        assert response.status == 403
        assert json.loads(await response.text())["ctrl"]["text"] == "valid API key required"


async def test_the_address_without_its_last_slash_leads_there(server: Server) -> None:
    url = f"{server.url}/v0/file/u?apikey=x"
    async with aiohttp.request("POST", url, allow_redirects=False) as response:
        assert response.status == 307
        assert response.headers["Location"] == "/v0/file/u/?apikey=x"


async def test_a_picture_may_come_before_the_account(server: Server) -> None:
    data = form(topic="newacc")
    ctrl = await post(server, data, KEY)
    assert ctrl["code"] == 200
    assert (await post(server, form(topic="grpX"), KEY))["code"] == 401
    large = form(bytes(2 << 20), topic="newacc")
    assert (await post(server, large, KEY))["code"] == 413


async def test_uploads_before_the_account_are_limited(start_server: StartServer) -> None:
    server = start_server(limits_uploads_per_minute_per_user=2)
    codes = [(await post(server, form(topic="newacc"), KEY))["code"] for _ in range(3)]
    assert codes == [200, 200, 429]


async def test_where_nobody_may_sign_up_nobody_uploads_without_login(
    start_server: StartServer,
) -> None:
    server = start_server(accounts_signup="closed")
    assert (await post(server, form(topic="newacc"), KEY))["code"] == 401
    assert kept(server) == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "text/plain"),
        (b"{}", "application/json"),
        (b"file=x", "application/x-www-form-urlencoded"),
        (b"", "multipart/form-data"),
        (b"", FORM),
        (b"--other\r\n\r\nx\r\n--other--\r\n", FORM),
        (b"--frontier\r\n\r\nx", FORM),
        (b"--frontier--\r\n", FORM),
        (
            b"--frontier\r\nContent-Disposition: form-data; name=id\r\n\r\n1\r\n--frontier--\r\n",
            FORM,
        ),
        (
            b"--frontier\r\nContent-Disposition: form-data; name=file\r\n\r\n\r\n--frontier--\r\n",
            FORM,
        ),
        (b'--frontier\r\nContent-Disposition: form-data; name="file"\r\n\r\ncut off', FORM),
        (
            b"--frontier\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--",
            FORM,
        ),
        (b"--frontier\r\n" + b"X: y\r\n" * 1000 + b"\r\nx\r\n--frontier--\r\n", FORM),
        (b"--frontier\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" * 50, FORM),
        (
            b"--frontier\r\nContent-Disposition: form-data; name=id\r\n\r\n\xff\r\n--frontier--",
            FORM,
        ),
    ],
    ids=range(15),
)
async def test_what_is_no_form_with_a_file_is_malformed_and_leaves_nothing(
    server: Server, body: bytes, content_type: str
) -> None:
    async with people(server, "ann") as (ann,):
        before = kept(server)
        headers = auth(ann) | {"Content-Type": content_type}
        ctrl = await post(server, body, headers)
        assert (ctrl["code"], ctrl["text"]) == (400, "malformed")
        assert kept(server) == before


async def test_a_file_beyond_the_limit_is_refused_with_or_without_a_length(
    start_server: StartServer,
) -> None:
    server = start_server(files_max_bytes=100_000)
    async with people(server, "ann") as (ann,):
        assert (await post(server, form(bytes(100_000)), auth(ann)))["code"] == 200
        before = kept(server)
        ctrl = await post(server, form(bytes(100_001)), auth(ann))
        assert (ctrl["code"], ctrl["text"]) == (413, "too large")
        assert "id" not in ctrl

        head = 'Content-Disposition: form-data; name="file"'
        with upload_by_hand(server, ann, "Transfer-Encoding: chunked") as client:
            client.sendall(chunk(f"--frontier\r\n{head}\r\n\r\n".encode()))
            while not select.select([client], [], [], 0)[0]:
                client.sendall(chunk(bytes(10_000)))
            assert b" 413 " in client.recv(1000)
        assert kept(server) == before


async def test_an_upload_that_breaks_off_leaves_nothing(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        before = kept(server)
        head = 'Content-Disposition: form-data; name="file"'
        with upload_by_hand(server, ann, "Content-Length: 1000000") as client:
            client.sendall(f"--frontier\r\n{head}\r\n\r\n".encode() + bytes(300_000))
            await until(lambda: len(kept(server)) > len(before))
        await until(lambda: kept(server) == before)


async def test_a_member_has_so_much_room(start_server: StartServer) -> None:
    server = start_server(files_max_bytes=100_000, files_quota_bytes=100_000)
    async with people(server, "ann", "bob") as (ann, bob):
        await upload(server, ann, bytes(60_000))
        ctrl = await post(server, form(bytes(60_000)), auth(ann))
        assert (ctrl["code"], ctrl["text"]) == (413, "storage quota exceeded")
        assert ctrl["params"] == {"used": 60_000, "quota": 100_000}
        together = [post(server, form(bytes(20_000)), auth(ann)) for _ in range(6)]
        codes = [answer["code"] for answer in await asyncio.gather(*together)]
        assert sorted(codes) == [200, 200, 413, 413, 413, 413]
        assert (await post(server, form(bytes(60_000)), auth(bob)))["code"] == 200
    assert sum(path.stat().st_size for path in kept(server)) == 160_000


async def test_uploads_are_limited_by_member(start_server: StartServer) -> None:
    server = start_server(limits_uploads_per_minute_per_user=2)
    async with people(server, "ann", "bob") as (ann, bob):
        answers = [await post(server, form(), auth(ann)) for _ in range(3)]
        assert [answer["code"] for answer in answers] == [200, 200, 429]
        assert 0 < answers[2]["params"]["wait"] <= 60
        assert (await post(server, form(), auth(bob)))["code"] == 200


# -- download --------------------------------------------------------------------------------------


async def test_ranges_tags_and_heads_are_answered(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        content = bytes(range(250))
        url = await upload(server, ann, content, "a.bin", "application/octet-stream")
        code, body, headers = await fetch(server, url, auth(ann))
        assert (code, body) == (200, content)
        assert headers["Accept-Ranges"] == "bytes"
        assert "max-age" in headers["Cache-Control"]
        assert headers["Last-Modified"]

        seen = auth(ann) | {"If-None-Match": headers["ETag"]}
        assert (await fetch(server, url, seen))[:2] == (304, b"")
        part = auth(ann) | {"Range": "bytes=10-19"}
        assert (await fetch(server, url, part))[:2] == (206, content[10:20])
        beyond = auth(ann) | {"Range": "bytes=999-"}
        assert (await fetch(server, url, beyond))[0] == 416
        code, body, headers = await fetch(server, url, auth(ann), "HEAD")
        assert (code, body, headers["Content-Length"]) == (200, b"", "250")
        assert (await fetch(server, url, {}, "OPTIONS"))[0] == 204


async def test_only_the_id_of_an_address_counts(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        url = await upload(server, ann)
        bare = url.removesuffix(".png")
        for path in (bare, f"{bare}.exe", f"{bare}.png?x=1"):
            assert (await fetch(server, path, auth(ann)))[0] == 200
        for path in (bare[:-1], bare + "x", bare + "%2f..", "/v0/file/s/..%2f..%2fpipit.db"):
            assert (await fetch(server, path, auth(ann)))[0] == 404


async def test_a_login_in_the_address_is_enough(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        url = await upload(server, ann)
        for secret in (quote(ann.token, safe=""), ann.token):
            query = f"?apikey={API_KEY}&auth=token&secret={secret}"
            assert (await fetch(server, url + query, {}))[0] == 200
        assert (await fetch(server, url, KEY))[0] == 401


@pytest.mark.parametrize(
    ("content", "name", "declared", "mime", "shown"),
    [
        (PNG, "a.png", "image/png", "image/png", True),
        (b"ID3\4", "a.mp3", "audio/mpeg", "audio/mpeg", True),
        (PNG + b"<script>alert(1)</script>", "a.html", "text/html", "image/png", True),
        (b"GIF89a=1;/*<script>*/", "a.js", "text/javascript", "image/gif", True),
        (SVG, "a.svg", "image/svg+xml", "image/svg+xml", False),
        (b"<script>alert(1)</script>", "a.png", "image/png", "application/octet-stream", False),
        (b"<html>", "a.html", "text/html", "text/html", False),
        (b"%PDF-1.4", "a.pdf", "image/png", "application/pdf", False),
        (b"x", "a", 'text/html"; x="', "application/octet-stream", False),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)
async def test_only_what_cannot_run_is_shown_in_place(
    server: Server, content: bytes, name: str, declared: str, mime: str, shown: bool
) -> None:
    async with people(server, "ann") as (ann,):
        url = await upload(server, ann, content, name, declared)
        _, body, headers = await fetch(server, url, auth(ann))
        assert body == content
        assert headers["Content-Type"] == mime
        assert headers["Content-Disposition"].split(";")[0] == ("inline" if shown else "attachment")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        _, _, headers = await fetch(server, f"{url}?asatt=1", auth(ann))
        assert headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("name", "saved_as"),
    [
        ("plan.md", "plan.md"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\system.ini", "system.ini"),
        ("a%22; filename=%22evil.exe", "a; filename=evil.exe"),
        ("a%0D%0AX-Evil: 1", "aX-Evil 1"),
        ("ünï ☃.txt", "ünï ☃.txt"),
        ("x" * 300 + ".tar.gz", "x" * 130 + "…" + "x" * 12 + ".tar.gz"),
    ],
)
async def test_a_file_is_saved_under_a_harmless_name(
    server: Server, name: str, saved_as: str
) -> None:
    async with people(server, "ann") as (ann,):
        quoted = name.replace("\\", "\\\\")
        body = (
            f'--frontier\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
            "\r\nx\r\n--frontier--\r\n"
        )
        ctrl = await post(server, body.encode(), auth(ann) | {"Content-Type": FORM})
        _, _, headers = await fetch(server, ctrl["params"]["url"], auth(ann))
        assert headers["Content-Disposition"].endswith(
            f"filename*=UTF-8''{quote(saved_as, safe='')}"
        )


# -- who may see what ------------------------------------------------------------------------------


async def test_a_file_is_for_those_who_may_read_where_it_was_posted(server: Server) -> None:
    async with people(server, "ann", "bob", "eve") as (ann, bob, eve):
        name = await group(ann, bob)
        url = await upload(server, ann, b"plan", "plan.txt", "text/plain")

        async def codes() -> list[int]:
            return [(await fetch(server, url, auth(one)))[0] for one in (ann, bob, eve)]

        assert await codes() == [200, 404, 404]
        seq = await posted(ann, name, url)
        assert await codes() == [200, 200, 404]
        await bob.request("leave", topic=name)
        assert await codes() == [200, 200, 404]
        await ann.request("del", topic=name, what="sub", user=bob.user)
        assert await codes() == [200, 404, 404]
        await ann.request("del", topic=name, what="msg", delseq=[{"low": seq}], hard=True)
        assert await codes() == [200, 404, 404]


async def test_nobody_gets_at_a_file_by_posting_its_address(server: Server) -> None:
    async with people(server, "ann", "eve") as (ann, eve):
        url = await upload(server, ann, b"secret", "s.txt", "text/plain")
        name = await group(eve)
        await posted(eve, name, url)
        picture = {"attachments": [url]}
        await eve.request("set", topic="me", desc={"public": {"fn": "Eve"}}, extra=picture)
        assert (await fetch(server, url, auth(eve)))[0] == 404


async def test_a_picture_of_somebody_is_for_everybody(server: Server) -> None:
    async with people(server, "ann", "eve") as (ann, eve):
        url = await upload(server, ann)
        assert (await fetch(server, url, auth(eve)))[0] == 404
        public = {"fn": "Ann", "photo": {"ref": url}}
        await ann.request("set", topic="me", desc={"public": public}, extra={"attachments": [url]})
        assert (await fetch(server, url, auth(eve)))[0] == 200
        assert (await fetch(server, url, KEY))[0] == 401


async def test_the_picture_sent_before_the_account_becomes_its_picture(server: Server) -> None:
    async with people(server, "eve") as (eve,), connect(server) as zoe:
        url = (await post(server, form(topic="newacc"), KEY))["params"]["url"]
        assert (await fetch(server, url, auth(eve)))[0] == 404
        public = {"fn": "Zoe", "photo": {"ref": url}}
        await zoe.signup(unique("zoe"), desc={"public": public}, extra={"attachments": [url]})
        assert (await fetch(server, url, auth(eve)))[0] == 200


async def test_a_suspended_member_gets_no_files(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        url = await upload(server, ann)
        headers = auth(ann)
        await ann.request("del", what="user", hard=True)
        assert (await fetch(server, url, headers))[0] in (401, 403, 404)
