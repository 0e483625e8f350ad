"""What sessions are sent, written once per tick of the event loop and session.

Fan-out costs what the kernel's send() costs, so the gain is in fewer of them: what a connection
gets in one tick is joined into one write, and joined once for all that got the same.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipit.gateway.websocket import WebSocketSession

BATCH = 256
"""Most sessions written to before other work of the loop gets its turn: about 1 ms of send()s."""


class Outbound:
    """Sessions that have something to be written, in the order in which they got it."""

    __slots__ = ("bytes", "frames", "loop", "waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waiting: deque[WebSocketSession] = deque()
        self.frames = 0
        self.bytes = 0

    def add(self, session: WebSocketSession) -> None:
        """Has `session.pending` written soon."""
        if not self.waiting:
            self.loop.call_soon(self.flush)
        self.waiting.append(session)

    def flush(self) -> None:
        """Writes to the next sessions, and comes again while there are more.

        The transport writes at once (see WebSocketSession). Measured on one core, 256-byte frames
        to 1,000 clients, µs per frame with one and with eight frames a tick: 3.1 and 0.53 this
        way; 3.1 and 0.55 if every frame went straight to a transport that gathers; 2.7 and 0.46
        with os.write on its file descriptor, which could hit another client's if one was closed
        and used again; a bare send() took 2.5.
        """
        waiting = self.waiting
        joined: list[bytes] = []
        data = b""
        for _ in range(min(len(waiting), BATCH)):
            session = waiting.popleft()
            pending = session.pending
            if not pending or session.full:
                continue
            if pending != joined:
                joined = pending.copy()
                data = b"".join(joined) if len(joined) > 1 else joined[0]
            self.frames += len(pending)
            self.bytes += len(data)
            pending.clear()
            session.transport.write(data)
        if waiting:
            self.loop.call_soon(self.flush)

    def write(self, session: WebSocketSession) -> None:
        """Writes what one session was sent so far, at once."""
        if session.pending and not session.full:
            data = b"".join(session.pending)
            self.frames += len(session.pending)
            self.bytes += len(data)
            session.pending.clear()
            session.transport.write(data)
