"""The web app: the files of one folder, and the headers that keep the page to this server.

Every file is a route of its own, made at the start from what lies in the folder, so no path that
a client sends is ever looked up on the disk. aiohttp's FileResponse does the rest: it prefers the
.br or .gz beside a file, and answers HEAD, ranges and If-None-Match.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".m4a": "audio/mp4",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
COMPRESSED = {".br", ".gz"}

CONTENT_SECURITY_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",  # React sets styles through the DOM, which needs no 'unsafe-inline'
    "font-src 'self'",
    "img-src 'self' blob: data:",  # what is about to be sent; small pictures inside of messages
    "media-src 'self' blob: data:",
    "connect-src 'self' blob:",  # 'self' includes the WebSocket; blob: is a recorded voice
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(CONTENT_SECURITY_POLICY),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
}
# A name under assets/ holds a hash of the content. The page that names them is small and never
# kept: its ETag is made of time and size, which an image with fixed times would not change.
KEEP_FOR_EVER = "public, max-age=31536000, immutable"
KEEP_NEVER = "no-store"

NOT_BUILT = """\
Pipit is running, but its web app is not built.

`make run` in the root of the repository builds it and starts Pipit.
Other clients can use this server as it is.
"""


def add_static(app: web.Application, root: Path | None) -> None:
    """Adds a route for every file in `root`, with / for index.html.

    Without a root, or an index.html there, / is a page that says how to build the web app.
    """
    if not (root and (root / "index.html").is_file()):
        app.router.add_get("/", _not_built)
        return
    for file in sorted(_public_files(root)):
        path = f"/{file.relative_to(root).as_posix()}"
        if path == "/index.html":
            app.router.add_get("/", _page(file))
        else:
            app.router.add_get(path, _file(file, path.startswith("/assets/")))


def _public_files(root: Path) -> Iterator[Path]:
    for path in root.rglob("[!.]*"):
        if path.is_file() and path.suffix not in COMPRESSED:
            yield path


def _file(file: Path, keep: bool) -> Handler:
    headers = SECURITY_HEADERS | {
        "Content-Type": CONTENT_TYPES.get(file.suffix, "application/octet-stream"),
        "Cache-Control": KEEP_FOR_EVER if keep else KEEP_NEVER,
        "Vary": "Accept-Encoding",
    }

    async def serve(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file, headers=headers)

    return serve


def _page(file: Path) -> Handler:
    """Serves index.html, for the name localhost from 127.0.0.1.

    A browser keeps accounts and settings per name, so the two must be one place; and
    tinode-webapp as it is published takes localhost for a server on port 6060.
    """
    serve_file = _file(file, keep=False)

    async def serve(request: web.Request) -> web.StreamResponse:
        if host := re.fullmatch(r"localhost(:\d+)?", request.host, re.IGNORECASE):
            raise web.HTTPTemporaryRedirect(f"//127.0.0.1{host[1] or ''}{request.path_qs}")
        return await serve_file(request)

    return serve


async def _not_built(_request: web.Request) -> web.Response:
    return web.Response(status=503, text=NOT_BUILT)
