"""All open sessions, whatever carries them."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from pipit.core import clock
from pipit.gateway.limits import Limits
from pipit.topics.session import Session
from pipit.wire import status
from pipit.wire.codec import Frames
from pipit.wire.replies import Ctrl
from pipit.wire.status import Status

if TYPE_CHECKING:
    from pipit.gateway.dispatch import Dispatcher

MOST_WAITING = 512 * 1024
"""Bytes that may wait for a client, on the way or until its next poll, before it is cut off."""


class Sessions:
    """Admits clients, passes on what they send and that they are gone, and sends them away."""

    def __init__(self, dispatcher: Dispatcher, limits: Limits) -> None:
        self.dispatcher = dispatcher
        self.limits = limits
        self.open: set[Session] = set()
        self.leaving: set[asyncio.Task[None]] = set()
        self.closed = False
        self.connections = 0
        self.cut_off = 0
        self.requests = 0
        self.request_bytes = 0
        self.answers: Counter[int] = Counter()
        self._empty = asyncio.Event()
        self._empty.set()

    def admit(self, address: str) -> Status | None:
        """Lets an address open one more session, and returns None; else why not."""
        if self.closed:
            return status.UNAVAILABLE
        return None if self.limits.connect(address) else status.TOO_MANY

    def opened(self, session: Session) -> None:
        """A client has connected."""
        self.open.add(session)
        self._empty.clear()
        self.connections += 1

    def received(self, session: Session, text: str) -> None:
        """A client sent a packet. While the server goes it is left to be sent again to the next."""
        if self.closed:
            return
        self.requests += 1
        self.request_bytes += len(text)
        self.dispatcher.receive(session, text)

    def lost(self, session: Session) -> None:
        """A client is gone; may be called again."""
        if session not in self.open:
            return
        self.open.discard(session)
        if not self.open:
            self._empty.set()
        self.limits.disconnect(session.address)
        task = asyncio.ensure_future(self.dispatcher.closed(session))
        self.leaving.add(task)
        task.add_done_callback(self.leaving.discard)

    def dismiss(self) -> None:
        """Tells all clients that the server goes, and takes no new ones."""
        self.closed = True
        code, text = status.SHUTDOWN
        farewell = Frames.of(Ctrl(code, text, clock.text(clock.now_ms())))
        for session in list(self.open):
            session.send(farewell)

    async def emptied(self) -> None:
        """Waits until no session is open."""
        await self._empty.wait()

    async def settled(self) -> None:
        """Waits until those that are gone are detached everywhere."""
        while self.leaving:
            await asyncio.wait(self.leaving)


class ClientSession(Session):
    """What sessions of all transports have in common."""

    __slots__ = ("sessions",)

    def __init__(self, sessions: Sessions, sid: str, address: str) -> None:
        super().__init__(sid, address)
        self.sessions = sessions

    def reply(
        self, status: Status, id: str | None = None, topic: str | None = None, params: Any = UNSET
    ) -> None:
        """Answers a request; counted by code."""
        self.sessions.answers[status.code] += 1
        super().reply(status, id, topic, params)
