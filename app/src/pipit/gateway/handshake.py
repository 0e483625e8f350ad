"""GET /v0/channels: turns an HTTP connection into a WebSocket session.

aiohttp reads the request and checks the handshake. Once the answer is out, the connection is given
to a WebSocketSession and aiohttp forgets it, so that no parser, request or task stays behind.
Measured with 4,000 connections that send a browser's headers: 2.5 KiB of resident memory for each,
against 16.6 KiB with aiohttp's WebSocketResponse and the task that reads it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
from contextlib import suppress

from aiohttp import web
from aiohttp.http import WS_KEY

from pipit.gateway import authentication
from pipit.gateway.address import Addresses
from pipit.gateway.answers import answer, no_api_key
from pipit.gateway.service import Service
from pipit.gateway.websocket import Endpoint, WebSocketSession

UNSENT_IN_KERNEL = 16 * 1024
"""TCP_NOTSENT_LOWAT: bytes that the kernel takes beyond what is on its way to the client.

Without it a client that stops reading costs up to 4 MB of kernel memory; with it 0.24 MB, while a
fast connection still gets as much on its way as the network holds.
"""

UNREAD_IN_KERNEL = 64 * 1024
"""SO_RCVBUF: bytes (the kernel doubles them) that a client may send before they are read.

It bounds what a client can leave lying while it is not read from, else up to 6 MB, and what it can
have handled in one go.
"""

SUPPORTED = {"Sec-WebSocket-Version": "13"}
ANSWER = (
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: {}\r\n\r\n"
)


class Handshakes:
    """The endpoint."""

    def __init__(self, service: Service, endpoint: Endpoint, addresses: Addresses) -> None:
        self.service = service
        self.endpoint = endpoint
        self.addresses = addresses

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Opens a session; or answers 400, 403, 429, 503."""
        if authentication.api_key(request) not in self.service.settings.api_keys:
            return no_api_key()
        if not _is_sound(request):
            return web.Response(status=400, text="Bad Request", headers=SUPPORTED)
        address = self.addresses.of(request)
        if refusal := self.endpoint.sessions.admit(address):
            return answer(refusal)
        return _accept(request, self.endpoint, address)


def _is_sound(request: web.Request) -> bool:
    """Whether the request is an opening handshake (RFC 6455, 4.2.1)."""
    try:
        return web.WebSocketResponse().can_prepare(request).ok and request.transport is not None
    except ValueError:  # a key that is not even ASCII
        return False


def _accept(request: web.Request, endpoint: Endpoint, address: str) -> web.Response:
    """Answers the handshake and makes the session.

    The response is for aiohttp alone: it goes nowhere, as if the client had gone.
    """
    transport = request.transport
    assert transport is not None
    _limit_kernel_buffers(transport)
    transport.set_write_buffer_limits(0)
    transport.write(ANSWER.format(_accept_key(request)).encode())
    session = WebSocketSession(endpoint, transport, address)
    transport.set_protocol(session)
    rest = _forget(request.protocol)
    session.opened()
    if rest:
        session.data_received(rest)
    return web.Response()


def _accept_key(request: web.Request) -> str:
    """What proves that the key was read (RFC 6455, 4.2.2)."""
    key = request.headers["Sec-WebSocket-Key"].encode()
    return base64.b64encode(hashlib.sha1(key + WS_KEY, usedforsecurity=False).digest()).decode()


def _forget(handler: web.RequestHandler) -> bytes:
    """Has aiohttp's protocol let go of its connection; returns what it has read beyond the request.

    To it, the connection is lost: it drops its request, parser and task, and its server the count
    of it. Without a transport it cannot close ours.
    """
    handler.transport = None
    handler.connection_lost(None)
    return handler._message_tail


def _limit_kernel_buffers(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_IN_KERNEL)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_IN_KERNEL)
