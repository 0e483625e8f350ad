"""Where a packet goes: to a topic here, to its owner in one hop, or into waiting until it is known
who that is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pipit.cluster.home import Home
from pipit.cluster.leases import Leases
from pipit.cluster.link import Link
from pipit.cluster.peers import Peers
from pipit.cluster.slots import slot_of
from pipit.cluster.standin import StandIn
from pipit.store.base import Unavailable
from pipit.topics.names import FIND, NEW_CHANNEL, NEW_GROUP, internal_name
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire.status import Refused

HERE = True
Place = Link | bool | None
"""Where a slot is: behind a link, HERE, or (None) not known yet."""

Do = Callable[[], Awaitable[None] | None]
"""Has a request done by this gateway."""

FOUND_SECONDS = 4.0
"""How long a request waits until it is known where its topic is: less than its client waits."""

STRAY_SECONDS = 0.5
"""How long a packet from another gateway waits for this one to learn that it is the owner."""


class Stray(Unavailable):
    """Another gateway sent what does not belong here."""


class Router:
    """Knows the way. `resuming`: sessions that are being attached again to topics here."""

    def __init__(self, leases: Leases, peers: Peers, home: Home) -> None:
        self.leases = leases
        self.peers = peers
        self.home = home
        self.resuming: dict[Session, asyncio.Task[None]] = {}
        self._news = asyncio.Event()

    def tell_news(self) -> None:
        """Something about slots or links is new: who waits looks again."""
        self._news.set()
        self._news = asyncio.Event()

    def take(
        self, session: Session, request: rq.Request, text: str, do: Do
    ) -> Awaitable[None] | None:
        """Has a request done here, or sends it to its topic's owner."""
        slot = _slot(session, request)
        if slot is None:
            return do()
        if isinstance(session, StandIn):
            here = self.leases.serves(slot) and not session.link.is_late(slot, session.heard)
            return do() if here else self._take_relayed(session, do, slot)
        place = self.place(slot)
        if isinstance(place, Link):
            self.home.forward(session, place, slot, request, text)
            return None
        if place is HERE and session not in self.resuming:
            return do()
        return self._take_later(session, request, text, do, slot)

    async def _take_later(
        self, session: Session, request: rq.Request, text: str, do: Do, slot: int
    ) -> None:
        place = await self._found(slot, session)
        if isinstance(place, Link):
            return self.home.forward(session, place, slot, request, text)
        work = do()
        if work is not None:
            await work

    async def _take_relayed(self, session: StandIn, do: Do, slot: int) -> None:
        await self.served(slot, session)
        work = do()
        if work is not None:
            await work

    def place(self, slot: int) -> Place:
        """Where a slot is, once its former owner has said all that it had to say."""
        feeding = self.home.fed_by.get(slot)
        owner = self.leases.owners[slot]
        if owner == self.leases.id:
            return HERE if feeding is None and self.leases.serves(slot) else None
        link = self.peers.links.get(owner)
        return link if feeding is None or feeding is link else None

    async def _found(self, slot: int, session: Session) -> Place:
        """Where a slot is, for a session of this gateway that is attached where it was before.

        Raises Unavailable if that is not known in time.
        """
        try:
            async with asyncio.timeout(FOUND_SECONDS):
                while True:
                    place = self.place(slot)
                    if place is None:
                        await self._news.wait()
                    elif place is HERE and session in self.resuming:
                        await asyncio.wait([self.resuming[session]])
                    else:
                        return place
        except TimeoutError:
            raise Unavailable("the topic has no owner") from None

    async def served(self, slot: int, session: StandIn) -> None:
        """Waits until this gateway serves a slot, as a client's gateway thinks that it does.

        Raises Stray if it does not, soon; that gateway is told to look elsewhere.
        """
        try:
            async with asyncio.timeout(STRAY_SECONDS):
                while not self.leases.serves(slot):
                    await self._news.wait()
        except TimeoutError:
            session.link.hand_over([slot])
        if session.link.is_late(slot, session.heard):
            raise Stray("the topic belongs to another gateway")


def _slot(session: Session, request: rq.Request) -> int | None:
    """The slot of the topic that a request is about; None if it needs no topic, or one that every
    gateway has: searches are a session's own, new groups begin where their creator is.
    """
    if isinstance(request, rq.Hi | rq.Acc | rq.Login) or not request.topic:
        return None
    if request.topic == FIND or request.topic.startswith((NEW_GROUP, NEW_CHANNEL)):
        return None
    if isinstance(request, rq.Del) and request.what == "user":
        return None
    try:
        return slot_of(internal_name(session.user, request.topic))
    except Refused:
        return None
