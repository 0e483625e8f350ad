"""HTTP answers: a {ctrl} as JSON, its code as the status (protocol.md, section 12)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from pipit.core import clock
from pipit.store.base import Unavailable
from pipit.wire import status
from pipit.wire.codec import encode
from pipit.wire.replies import Ctrl
from pipit.wire.status import Refused, Status

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATUS_OF = {
    403: status.DENIED,
    404: status.NOT_FOUND,
    405: status.METHOD_NOT_ALLOWED,
    413: status.TOO_LARGE,
}


def ctrl_text(result: Status, params: Any = msgspec.UNSET, id: str | None = None) -> bytes:
    """The JSON text of a {ctrl} of now."""
    ts = clock.text(clock.now_ms())
    return encode(Ctrl(result.code, result.text, ts, id=id, params=params))


def answer(
    result: Status,
    params: Any = msgspec.UNSET,
    id: str | None = None,
    content_type: str = "application/json",
) -> web.Response:
    """A {ctrl} as an HTTP response."""
    body = ctrl_text(result, params, id)
    return web.Response(body=body, status=result.code, content_type=content_type, charset="utf-8")


def no_api_key() -> web.Response:
    """The answer to requests without a valid API key (protocol.md, section 1.2)."""
    body = ctrl_text(status.API_KEY_REQUIRED) + b"\n"
    return web.Response(body=body, status=403, content_type="text/plain", charset="utf-8")


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns whatever goes wrong into a {ctrl}."""
    try:
        return await handler(request)
    except Refused as refused:
        return answer(refused.status, refused.params)
    except Unavailable:
        return answer(status.UNAVAILABLE)
    except web.HTTPException as error:
        if error.status not in STATUS_OF:
            raise
        return answer(STATUS_OF[error.status])
    except (ConnectionError, web.RequestPayloadError):
        raise  # the client has gone
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return answer(status.INTERNAL)


async def secure(_request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every response (a signal handler, on_response_prepare)."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.popall("Server", None)
