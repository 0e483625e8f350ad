"""Clients of other gateways at topics of this one: their stand-ins, and what they ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol
from weakref import WeakValueDictionary

from pipit.cluster import messages as msg
from pipit.cluster.link import Link
from pipit.cluster.standin import StandIn
from pipit.topics.conversation import Conversation
from pipit.topics.session import Session, Work

log = logging.getLogger(__name__)

Resume = Callable[[Session, list[tuple[str, int]]], Awaitable[None]]
"""Attaches a session to topics of this gateway again, with what it missed since these numbers."""


class Dispatcher(Protocol):
    """Does what sessions ask, one request of a session after another."""

    def handle(self, session: Session, text: str) -> Awaitable[None] | None:
        """Does what a packet asks, in its turn."""

    def begin(self, session: Session, work: Work) -> None:
        """Takes something that is to be done in its turn."""

    async def closed(self, session: Session) -> None:
        """The session is gone."""


class Guests:
    """All stand-ins, by link and number. Those that sent something are kept until they are gone;
    others (sessions on a `me` elsewhere) while somebody holds them.
    """

    def __init__(self, resume: Resume) -> None:
        self.dispatcher: Dispatcher
        self.resume_topics = resume
        self._known: dict[Link, WeakValueDictionary[int, StandIn]] = {}
        self._open: dict[Link, dict[int, StandIn]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))

    def find(self, link: Link, number: int) -> StandIn:
        """The stand-in of a client, made where there is none."""
        known = self._known.setdefault(link, WeakValueDictionary())
        found = known.get(number)
        if found is None:
            found = known[number] = StandIn(link, number)
        return found

    def open(self, link: Link, message: msg.Open) -> None:
        """A client is about to send something."""
        session = self.find(link, message.number)
        session.user, session.level = message.user, message.level
        session.version, session.agent = message.version, message.agent
        self._open.setdefault(link, {})[message.number] = session

    def packet(self, link: Link, message: msg.Packet) -> None:
        """A client sent something."""
        session = self._open[link].get(message.number)
        if session is None:
            return
        session.requests += message.counts
        self.dispatcher.begin(session, partial(self._do, session, message))
        if message.counts and not session.busy:
            session.rested()

    def resume(self, link: Link, message: msg.Resume) -> None:
        """A client was attached to topics where they were before."""
        session = self._open[link].get(message.number)
        if session is not None:
            session.requests += 1
            self.dispatcher.begin(session, partial(self._resume, session, message))

    def _do(self, session: StandIn, message: msg.Packet) -> Awaitable[None] | None:
        session.heard = message.heard
        return self.dispatcher.handle(session, message.packet)

    def _resume(self, session: StandIn, message: msg.Resume) -> Awaitable[None]:
        session.heard = message.heard
        return self.resume_topics(session, message.topics)

    def gone(self, link: Link, message: msg.Gone) -> None:
        """A client's connection broke."""
        session = self._open.get(link, {}).pop(message.number, None)
        if session is not None:
            self._leave(self.dispatcher.closed(session))

    def lost(self, link: Link) -> None:
        """A link is gone, with all clients behind it; they may come back through another."""
        self._known.pop(link, None)
        for session in self._open.pop(link, {}).values():
            for topic in list(session.attached.values()):
                if isinstance(topic, Conversation):
                    topic.lose(session)
            self._leave(self.dispatcher.closed(session))

    def _leave(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
