"""Files: uploaded over HTTP, mentioned in messages by their address on the server."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec

from pipit.sdk.connection import Connection
from pipit.sdk.errors import ConnectionLost, RequestRefused
from pipit.sdk.packets import Packet

UNKNOWN = "application/octet-stream"
CHUNK = 1 << 16


@dataclass(frozen=True)
class File:
    """A file on the server. `url` is its address there, `size` in bytes."""

    url: str
    name: str
    mime: str
    size: int


async def upload(
    connection: Connection, source: Path | bytes, name: str = "", mime: str = ""
) -> File:
    """Uploads a file or bytes; see `Client.upload`."""
    name = name or (source.name if isinstance(source, Path) else "file")
    mime = mime or mimetypes.guess_type(name)[0] or UNKNOWN
    content = await asyncio.to_thread(source.read_bytes) if isinstance(source, Path) else source
    while True:
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name, content_type=mime)
        try:
            async with _call(connection, "POST", "/v0/file/u/", data=form) as response:
                ctrl = msgspec.json.decode(await response.read(), type=Packet).ctrl
                assert ctrl is not None
                return File(str(ctrl.param("url")), name, mime, len(content))
        except RequestRefused as refused:
            connection.hold(refused)
        await connection.held()


async def download(connection: Connection, url: str) -> AsyncIterator[bytes]:
    """The content of a file, in pieces; see `Client.download`."""
    if not url.startswith("/"):
        raise ValueError(f"{url!r} is on another server: an address begins with /v0/file/s/")
    async with _call(connection, "GET", url) as response:
        async for chunk in response.content.iter_chunked(CHUNK):
            yield chunk


@asynccontextmanager
async def _call(
    connection: Connection, method: str, path: str, data: aiohttp.FormData | None = None
) -> AsyncIterator[aiohttp.ClientResponse]:
    """A successful HTTP answer. Raises RequestRefused, ConnectionLost."""
    headers = {"X-Tinode-APIKey": connection.options.api_key}
    if connection.account:
        headers["X-Tinode-Auth"] = f"Token {connection.account.token}"
    url = connection.base + path
    try:
        async with connection.http.request(method, url, data=data, headers=headers) as response:
            if response.status >= 400:
                raise _refusal(f"{method} {path}", response.status, await response.read())
            yield response
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ConnectionLost(f"{method} {path}: {error or 'timeout'}") from error


def _refusal(what: str, code: int, body: bytes) -> RequestRefused:
    """What the server says, or a proxy before it, whose words are not ours to read."""
    try:
        ctrl = msgspec.json.decode(body, type=Packet).ctrl
    except msgspec.DecodeError:
        ctrl = None
    return RequestRefused(what, code, ctrl.text if ctrl else "error", ctrl and ctrl.params)
