"""Sessions of clients that poll over plain HTTP: /v0/channels/lp (protocol.md, section 1.4)."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque

from aiohttp import web

from pipit.gateway import authentication
from pipit.gateway.address import Addresses
from pipit.gateway.answers import ctrl_text, no_api_key
from pipit.gateway.service import Service
from pipit.gateway.sessions import MOST_WAITING, ClientSession, Sessions
from pipit.wire import status
from pipit.wire.codec import Frames

POLL_SECONDS = 49.5
EXPIRY_SECONDS = 60
"""A session that was not asked for that long is gone."""
SWEEP_SECONDS = 5
BODY_SECONDS = 30
ENOUGH_WAITING = 64 * 1024
GZIP_FROM = 1024

HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "X-Tinode-APIKey, Content-Type",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Expires": "0",
}


class LongPollSession(ClientSession):
    """What a client is sent waits here, packet by packet, until it polls."""

    __slots__ = (
        "arrived", "closing", "left", "packets", "polls", "ready", "seen", "size",
    )  # fmt: skip

    polled = True

    def __init__(self, sessions: Sessions, sid: str, address: str) -> None:
        super().__init__(sessions, sid, address)
        self.packets: deque[bytes] = deque()
        self.size = 0
        self.closing = False
        self.polls = 0
        self.seen = time.monotonic()
        self.arrived = asyncio.Event()
        self.left = asyncio.Event()
        self.ready = asyncio.Event()
        self.ready.set()

    # -- for topics -------------------------------------------------------------------------------

    def send(self, frames: Frames) -> None:
        """Queues packets for the next polls."""
        if self.closing:
            return
        if self.size > MOST_WAITING:
            self.sessions.cut_off += 1
            self.close()
            return
        self.packets.extend(frames.packets)
        self.size += sum(map(len, frames.packets))
        self.arrived.set()

    async def drained(self) -> None:
        """Waits until most packets were polled, or the session is gone."""
        while self.size > ENOUGH_WAITING and not self.closing:
            self.left.clear()
            await self.left.wait()

    def close(self) -> None:
        """Takes nothing more; what was sent before may still be polled."""
        self.closing = True
        for event in (self.arrived, self.left, self.ready):
            event.set()
        self.sessions.lost(self)

    def pause(self) -> None:
        """Lets further packets of the client wait."""
        self.ready.clear()

    def resume(self) -> None:
        """Takes packets again."""
        self.ready.set()

    # -- for requests -----------------------------------------------------------------------------

    async def wait(self) -> None:
        """Until there is a packet, or POLL_SECONDS are over, or none will come."""
        self.polls += 1
        try:
            async with asyncio.timeout(POLL_SECONDS):
                while not self.packets and not self.closing:
                    await self.arrived.wait()
        except TimeoutError:
            pass
        finally:
            self.polls -= 1
            self.seen = time.monotonic()

    def take(self) -> bytes:
        """The next packet, b"" if there is none."""
        if not self.packets:
            return b""
        packet = self.packets.popleft()
        self.size -= len(packet)
        if not self.packets and not self.closing:
            self.arrived.clear()
        self.left.set()
        return packet

    def is_expired(self, now: float) -> bool:
        """Whether its client has not come back for too long; `now` as of time.monotonic()."""
        return not self.polls and now - self.seen > EXPIRY_SECONDS


class LongPolling:
    """The endpoint, and the sessions that came through it by their ids, which are secret."""

    def __init__(self, service: Service, sessions: Sessions, addresses: Addresses) -> None:
        self.service = service
        self.sessions = sessions
        self.addresses = addresses
        self.by_sid: dict[str, LongPollSession] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Starts a session (201), takes a packet (200, empty) or gives one (200)."""
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=HEADERS)
        if authentication.api_key(request) not in self.service.settings.api_keys:
            return _with_headers(no_api_key())
        sid = request.query.get("sid")
        if not sid:
            return self._start(request)
        session = self.by_sid.get(sid)
        if session is None:
            return _response(ctrl_text(status.SESSION_EXPIRED), 403)
        session.seen = time.monotonic()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except (web.HTTPRequestEntityTooLarge, TimeoutError):
            return _response(ctrl_text(status.MALFORMED), 417, close=True)
        if not body:
            return await self._poll(request, session)
        await session.ready.wait()
        self._receive(session, body)
        return _response(b"")

    async def expire(self) -> None:
        """Ends sessions whose clients are gone, for ever."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = time.monotonic()
            for session in [one for one in self.by_sid.values() if one.is_expired(now)]:
                self._end(session)

    def _start(self, request: web.Request) -> web.Response:
        address = self.addresses.of(request)
        if refusal := self.sessions.admit(address):
            return _response(ctrl_text(refusal), refusal.code)
        session = LongPollSession(self.sessions, self._new_sid(), address)
        self.by_sid[session.sid] = session
        self.sessions.opened(session)
        return _response(ctrl_text(status.CREATED, {"sid": session.sid}), 201)

    def _new_sid(self) -> str:
        """Among several gateways it begins with the name of this one, for the proxy in front."""
        cluster = self.service.settings.cluster
        return f"{cluster.name}." * cluster.enabled + secrets.token_urlsafe(16)

    def _receive(self, session: LongPollSession, body: bytes) -> None:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            session.reply(status.MALFORMED)
        else:
            self.sessions.received(session, text)

    async def _poll(self, request: web.Request, session: LongPollSession) -> web.Response:
        await session.wait()
        if request.transport is None:
            raise ConnectionResetError("the client has gone, the packet is for its next poll")
        packet = session.take()
        if session.closing and not session.packets:
            self._end(session)
        response = _response(packet)
        if len(packet) > GZIP_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.enable_compression(web.ContentCoding.gzip)
        return response

    def _end(self, session: LongPollSession) -> None:
        session.close()
        self.by_sid.pop(session.sid, None)


def _response(body: bytes, code: int = 200, close: bool = False) -> web.Response:
    response = web.Response(body=body, status=code, content_type="text/plain", charset="utf-8")
    if close:
        response.force_close()
    return _with_headers(response)


def _with_headers(response: web.Response) -> web.Response:
    response.headers.update(HEADERS)
    return response
