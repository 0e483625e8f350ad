"""GET /v0/file/s/<id>[.ext]: files, for those who may see them (protocol.md, section 9.2)."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from pipit.core import ids
from pipit.gateway import authentication, sniffing
from pipit.gateway.address import Addresses
from pipit.gateway.answers import no_api_key
from pipit.gateway.filestore import FileStore
from pipit.gateway.service import Service
from pipit.store.records import FileRecord
from pipit.wire import status
from pipit.wire.status import Refused

CLOSED = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
"""Content-Security-Policy: should a browser show a file as a page, it may do nothing there."""


class Downloads:
    """Serves files."""

    def __init__(self, service: Service, files: FileStore, addresses: Addresses) -> None:
        self.service = service
        self.files = files
        self.addresses = addresses

    async def get(self, request: web.Request) -> web.StreamResponse:
        """A file, or the range of it that is asked for. Raises Refused: 400, 401, 403, 404, 429."""
        if authentication.api_key(request) not in self.service.settings.api_keys:
            return no_api_key()
        who = await authentication.identify(
            self.service, self.addresses.of(request), authentication.login(request)
        )
        if who is None:
            raise Refused(status.AUTH_REQUIRED)
        file = request.match_info["name"].partition(".")[0]
        record = await self.service.store.load_file(file) if ids.FILE_ID.fullmatch(file) else None
        if record is None or not await self.service.hub.may_read_file(who.user, file):
            raise Refused(status.NOT_FOUND)
        as_attachment = request.query.get("asatt") == "1"
        return web.FileResponse(self.files.path(file), headers=_headers(record, as_attachment))


async def options(_request: web.Request) -> web.Response:
    """What a browser asks before it sends a login from another origin."""
    return web.Response(status=204, headers=FROM_ANYWHERE)


FROM_ANYWHERE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "X-Tinode-APIKey, X-Tinode-Auth, Authorization, Content-Type",
    "Access-Control-Max-Age": "86400",
}
"""Harmless to allow: browsers send no cookies along with it, so whoever asks must know a login."""


def _headers(record: FileRecord, as_attachment: bool) -> dict[str, str]:
    shown = sniffing.is_shown(record.mime) and not as_attachment
    plain = f"{record.id}{sniffing.extension(record.mime)}"
    name = quote(record.name or plain, safe="")
    return {
        "Content-Type": record.mime,
        "Content-Disposition": (
            f"{'inline' if shown else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{name}"
        ),
        "Cache-Control": "private, max-age=86400",
        "Content-Security-Policy": CLOSED,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
    }
