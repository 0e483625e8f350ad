"""A client's session over a WebSocket, from the handshake to the end (protocol.md, section 1.3)."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp.http import WSCloseCode, WSMsgType

from pipit.gateway.framing import PING, ControlFrame, FrameParser, close_frame
from pipit.gateway.heartbeat import Heartbeat
from pipit.gateway.outbound import Outbound
from pipit.gateway.sessions import MOST_WAITING, ClientSession, Sessions
from pipit.wire import status
from pipit.wire.codec import Frames

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Endpoint:
    """What all WebSocket sessions share. `max_bytes`: of one message."""

    sessions: Sessions
    outbound: Outbound
    heartbeat: Heartbeat
    max_bytes: int
    numbers: Iterator[int] = field(default_factory=itertools.count)


class WebSocketSession(ClientSession, asyncio.Protocol):
    """A client's session and, in the same object to save memory, the protocol of its transport.

    The transport holds nothing back while the kernel takes what it is given: its buffer limit is
    0, so that it writes at once and calls `pause_writing` as soon as the kernel took less than
    all. From then on what is sent waits in `pending` (`full`), and no request is read that would
    add to it.
    """

    __slots__ = (
        "backed_up", "closing", "endpoint", "full", "held", "is_silent", "parser", "pending",
        "slot", "transport", "unsent", "writable",
    )  # fmt: skip

    def __init__(self, endpoint: Endpoint, transport: asyncio.Transport, address: str) -> None:
        super().__init__(endpoint.sessions, f"ws{next(endpoint.numbers)}", address)
        self.endpoint = endpoint
        self.transport = transport
        self.parser: FrameParser | None = FrameParser(self, endpoint.max_bytes)
        self.pending: list[bytes] = []
        self.full = False
        self.closing = False
        self.backed_up = False
        self.held = 0
        self.unsent = 0
        self.is_silent = False
        self.slot = 0
        self.writable: asyncio.Future[None] | None = None

    # -- for topics -------------------------------------------------------------------------------

    def send(self, frames: Frames | ControlFrame) -> None:
        """Queues frames; they are written at the end of the loop's tick."""
        if self.full:
            self._hold(frames.wire)
            return
        if not self.pending:
            self.endpoint.outbound.add(self)
        self.pending.append(frames.wire)

    async def drained(self) -> None:
        """Waits until the kernel has taken what was sent, or the connection is gone."""
        self.endpoint.outbound.write(self)
        while self.full and not self.closing:
            if self.writable is None or self.writable.done():
                self.writable = asyncio.get_running_loop().create_future()
            await self.writable

    def close(self, code: int = WSCloseCode.OK) -> None:
        """Says why it ends, after what was sent before; then waits for the client to hang up.

        Only our half of the connection is closed. Closing all of it with requests of the client
        still unread would reset it, and the client might never see what was sent last.
        """
        if self.closing:
            return
        self.closing = self.full = True
        if self.transport.is_closing():
            return
        self.transport.write(b"".join(self.pending) + close_frame(code).wire)
        self.transport.write_eof()
        self.transport.resume_reading()
        self._unsent()
        self.endpoint.heartbeat.watch(self)

    def pause(self) -> None:
        """Reads no more for now: the dispatcher has enough."""
        self.backed_up = True
        self._stop_reading()

    def resume(self) -> None:
        """The dispatcher can take more."""
        self.backed_up = False
        self._read_on()

    def opened(self) -> None:
        """The connection is this session's now."""
        self.sessions.opened(self)
        self.endpoint.heartbeat.add(self)

    # -- for the heartbeat ------------------------------------------------------------------------

    def ping(self) -> None:
        """Asks for a sign of life, which anything received is; not while nothing is read anyway."""
        if not (self.full or self.backed_up):
            self.is_silent = True
            self.send(PING)

    def moves(self) -> bool:
        """Whether the client has read anything of what waits for it since this was asked last."""
        before = self.unsent
        return self._unsent() < before

    def cut_off(self, reason: str) -> None:
        """Ends the connection at once; the client resumes where it was when it comes back."""
        if not self.transport.is_closing():
            log.info("session %s cut off: the client %s", self.sid, reason)
            self.sessions.cut_off += 1
            self.closing = self.full = True
            self.transport.abort()

    # -- for the transport ------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        self.is_silent = False
        if self.parser:
            self.parser.feed(data)

    def pause_writing(self) -> None:
        """The kernel takes no more for now."""
        if not self.closing:
            self.full = True
            self.held = 0
            self._stop_reading()
            self._unsent()
            self.endpoint.heartbeat.watch(self)

    def resume_writing(self) -> None:
        """The kernel has taken everything."""
        if not self.closing:
            self.full = False
            self.endpoint.heartbeat.unwatch(self)
            if self.pending:
                self.endpoint.outbound.add(self)
            self._read_on()
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, whoever ended it."""
        self.closing = self.full = True
        self.pending.clear()
        self.parser = None
        self.endpoint.heartbeat.remove(self)
        self.sessions.lost(self)
        self._wake()

    # -- for the parser ---------------------------------------------------------------------------

    def message_received(self, kind: WSMsgType, payload: Any) -> None:
        """A text is a request; so is a binary frame, if it holds a text."""
        if self.closing:
            if kind is WSMsgType.CLOSE:
                self.transport.close()
        elif kind is WSMsgType.TEXT:
            self.sessions.received(self, payload)
        elif kind is WSMsgType.BINARY:
            self._binary_received(payload)
        elif kind is WSMsgType.PING:
            self.send(ControlFrame(WSMsgType.PONG, payload))
        elif kind is WSMsgType.CLOSE:
            self._peer_closed(payload)

    def framing_failed(self, code: int) -> None:
        """The client broke the rules of WebSocket."""
        self.parser = None
        self.close(code)

    # -- inside -----------------------------------------------------------------------------------

    def _peer_closed(self, code: int) -> None:
        """Answers in kind; 1006 stands for a missing close, so nobody may send it (7.4.1)."""
        unheard_of = code == WSCloseCode.ABNORMAL_CLOSURE
        self.close(WSCloseCode.PROTOCOL_ERROR if unheard_of else code or WSCloseCode.OK)
        self.transport.close()

    def _binary_received(self, payload: bytes) -> None:
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            self.reply(status.MALFORMED)
        else:
            self.sessions.received(self, text)

    def _hold(self, data: bytes) -> None:
        if not self.closing:
            self.pending.append(data)
            self.held += len(data)
            if self.held > MOST_WAITING:
                self.cut_off("reads too slowly")

    def _unsent(self) -> int:
        self.unsent = self.transport.get_write_buffer_size()
        return self.unsent

    def _stop_reading(self) -> None:
        self.is_silent = False
        self.transport.pause_reading()

    def _read_on(self) -> None:
        if not (self.full or self.backed_up):
            self.transport.resume_reading()

    def _wake(self) -> None:
        if self.writable and not self.writable.done():
            self.writable.set_result(None)
        self.writable = None
