"""Topics that come to this gateway, and that go: what is under way is finished, sessions are
attached again where the topic is next, and are sent what they missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from functools import partial

from pipit.cluster.guests import Dispatcher
from pipit.cluster.home import Home
from pipit.cluster.leases import Leases
from pipit.cluster.peers import Peers
from pipit.cluster.presences import Presences
from pipit.cluster.routing import Router, Stray
from pipit.cluster.slots import slot_of
from pipit.cluster.standin import StandIn
from pipit.cluster.tasks import Tasks
from pipit.store.base import StoreError, Unavailable
from pipit.topics.base import Topic
from pipit.topics.conversation import Conversation
from pipit.topics.hub import Hub
from pipit.topics.me import Me
from pipit.topics.names import FIND
from pipit.topics.resuming import look_around
from pipit.topics.session import Session

log = logging.getLogger(__name__)

SETTLE_SECONDS = 1.5
"""How long a topic that is handed over may take to finish what is under way."""

LOOK_AROUND_SECONDS = 5.0
"""When topics have moved and their sessions had time to come back, who is gone is told offline."""


class Moves:
    """Cares for topics whose slot has another owner than before."""

    def __init__(
        self,
        hub: Hub,
        leases: Leases,
        peers: Peers,
        home: Home,
        presences: Presences,
        router: Router,
    ) -> None:
        self.hub = hub
        self.leases = leases
        self.peers = peers
        self.home = home
        self.presences = presences
        self.router = router
        self.tasks = Tasks()
        self.dispatcher: Dispatcher
        self._moved: set[int] = set()

    # -- topics that go ----------------------------------------------------------------------------

    def owners_moved(self, former: dict[int, str]) -> None:
        """Slots have other owners than before."""
        lost = {slot for slot, owner in former.items() if owner == self.leases.id}
        if lost:
            self._abandon(lost)
        if former and not self._moved:
            asyncio.get_running_loop().call_later(LOOK_AROUND_SECONDS, self._look_around)
        self._moved |= former.keys()
        self.tell_news()

    async def handing_over(self, slots: set[int]) -> None:
        """Finishes what is under way in these slots, and lets go of their topics."""
        for topic in self._topics_in(slots):
            try:
                async with asyncio.timeout(SETTLE_SECONDS), topic.lock:
                    if isinstance(topic, Conversation):
                        await topic.settle()
            except (TimeoutError, StoreError):
                log.warning("a topic is handed over in the middle of something")
        try:
            await self.hub.flush()
        except StoreError as fault:
            log.warning("marks of the last second are lost: %s", fault)
        self._abandon(slots)

    def _topics_in(self, slots: set[int]) -> list[Topic]:
        return [t for n, t in self.hub.topics.items() if n != FIND and slot_of(n) in slots]

    def _abandon(self, slots: set[int]) -> None:
        """Lets go of topics. Who waits for a message to be committed cannot be told any more."""
        for topic in self._topics_in(slots):
            seq = topic.last
            waiting = {p.session for p in topic.pending} if isinstance(topic, Conversation) else ()
            attached = self._take_out(topic)
            if isinstance(topic, Me) and self.hub.online.get(topic.user) is topic:
                self.presences.passed_on(topic, attached)
            self.home.take_over(topic.name, seq, (s for s in attached if not s.relayed))
            for session in waiting:
                session.close()
        for link in self.peers.links.values():
            link.hand_over(sorted(slots))

    def _take_out(self, topic: Topic) -> list[Session]:
        attached = topic.abandon()
        del self.hub.topics[topic.name]
        self.hub.store.release_topic(topic.name)
        for link in self.peers.links.values():
            link.fed.pop(topic.name, None)
        return attached

    # -- topics that come --------------------------------------------------------------------------

    def tell_news(self) -> None:
        """Something about slots or links is new: clients are attached again where they can be."""
        for session, topics in self.home.restore(self.router.place).items():
            self._resume_soon(session, topics)
        self.router.tell_news()

    def _resume_soon(self, session: Session, topics: list[tuple[str, int]]) -> None:
        """Attaches a client of this gateway to topics that are here now; meanwhile it waits."""
        resuming = self.router.resuming
        before = resuming.get(session)

        async def resume() -> None:
            if before is not None:
                await asyncio.wait([before])
            await self.resume(session, topics)
            if resuming.get(session) is task:
                del resuming[session]

        task = resuming[session] = self.tasks.begin(resume())

    async def resume(self, session: Session, topics: Iterable[tuple[str, int]]) -> None:
        """Attaches a session again that has the messages up to these numbers. One that cannot be is
        let go, and comes anew.
        """
        for name, since in topics:
            try:
                if isinstance(session, StandIn):
                    await self.router.served(slot_of(name), session)
                await self._resume_one(session, name, since)
            except Stray:
                continue  # its gateway tries the next owner
            except Exception as fault:
                log.info("session %s let go: %s", session.sid, fault)
                session.close()
                return

    async def _resume_one(self, session: Session, name: str, since: int) -> None:
        try:
            if self.leases.serves(slot_of(name)):
                return await self.hub.open_topic(name).resume(session, since)
        except Unavailable:
            if self.leases.serves(slot_of(name)):
                raise
        # The topic moved on. Other gateways have heard of that, and care for their clients.
        if not session.relayed:
            self.home.take_over(name, since, [session])
            self.tell_news()

    def out_of_step(self, topic: Conversation) -> None:
        """Loads a topic anew that another gateway has written to."""
        if topic.pending:
            return
        log.warning("a topic was written to by another gateway; it is loaded anew")
        topics = [(topic.name, topic.last)]
        for session in self._take_out(topic):
            if session.relayed:
                self.dispatcher.begin(session, partial(self.resume, session, topics))
            else:
                self._resume_soon(session, topics)

    # -- who was lost on the way -------------------------------------------------------------------

    def _look_around(self) -> None:
        moved, self._moved = self._moved, set()
        self.presences.forget_strays(moved, self.leases.owners)
        self.tasks.begin(self._look_around_for(moved))

    async def _look_around_for(self, moved: set[int]) -> None:
        for me in list(self.hub.online.values()):
            if not isinstance(me, Me):
                continue
            shown = [name for name, known in me.contacts.items() if known.online]
            at = [n for n in shown if slot_of(self.presences.deciding(n, me.user)) in moved]
            if at:
                await look_around(me, at)
