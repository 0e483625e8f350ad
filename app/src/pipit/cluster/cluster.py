"""This gateway among the others.

The parts: leases.py says who owns which slot, peers.py holds the links, routing.py sends packets on
their way, home.py cares for the clients here at topics elsewhere, guests.py for clients elsewhere
at topics here, moving.py for topics that change their owner, presences.py for who is online.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pipit.cluster import messages as msg
from pipit.cluster.guests import Dispatcher, Guests
from pipit.cluster.home import Home
from pipit.cluster.leases import Callbacks, Leases
from pipit.cluster.link import Hooks, Link
from pipit.cluster.moving import Moves
from pipit.cluster.peers import TICK, Peers, unlink
from pipit.cluster.presences import Presences
from pipit.cluster.questions import Questions
from pipit.cluster.routing import Do, Router
from pipit.cluster.slots import slot_of
from pipit.cluster.standin import StandIn
from pipit.cluster.tasks import Tasks
from pipit.topics.conversation import Conversation
from pipit.topics.hub import Hub
from pipit.topics.me import Me
from pipit.topics.session import Session
from pipit.wire import requests as rq

log = logging.getLogger(__name__)

TICKS_TO_LOOK = 4
"""How often it is looked for clients that wait in vain: that goes through all of them."""


@dataclass(frozen=True, slots=True)
class Figures:
    """This gateway's share. `slots` of all SLOTS, `links` to other gateways, `clients` of this one
    with something elsewhere, `guests` the other way round, `forwarded` packets since the start.
    """

    name: str
    slots: int
    links: int
    clients: int
    guests: int
    forwarded: int


class Cluster(Hooks):
    """Honours `topics.others.Others` for the hub, and takes packets from the dispatcher."""

    def __init__(self, hub: Hub, leases: Leases, listen: str, key: bytes) -> None:
        self.hub = hub
        self.leases = leases
        self.listen = listen
        self.peers = Peers(leases.id, key, leases.seconds)
        self.home = Home()
        self.router = Router(leases, self.peers, self.home)
        self.presences = Presences(
            hub, self.peers, self._owner, self._find_session, self._name_session
        )
        self.questions = Questions(hub, leases, self.home, self.presences, self._owner)
        self.moves = Moves(hub, leases, self.peers, self.home, self.presences, self.router)
        self.guests = Guests(self.moves.resume)
        self.tasks = Tasks()
        self._handlers = self._who_takes_what()

    async def open(self, dispatcher: Dispatcher) -> None:
        """Begins to take part. Raises OSError if it cannot listen."""
        self.guests.dispatcher = self.moves.dispatcher = dispatcher
        self.hub.others = self
        await self.peers.listen(self.listen, self)
        self.leases.start(
            Callbacks(self.moves.owners_moved, self.moves.handing_over, self._tell_changed)
        )
        self.tasks.begin(self._tick())

    async def leave(self) -> None:
        """Hands all topics over to the others; clients here go on, at topics elsewhere."""
        await self.leases.stop()

    async def close(self) -> None:
        """Ends the links."""
        await self.tasks.end()
        await self.moves.tasks.end()
        await self.peers.close()
        unlink(self.listen)
        await self.leases.close()

    def figures(self) -> Figures:
        """What it does just now."""
        return Figures(
            name=self.leases.name,
            slots=len(self.leases.mine) if self.leases.certain else 0,
            links=len(self.peers.links),
            clients=len(self.home.clients),
            guests=len(self.guests),
            forwarded=self.home.forwarded,
        )

    async def _tick(self) -> None:
        for number in itertools.count():
            await asyncio.sleep(TICK)
            self.peers.tick(list(self.leases.members.values()))
            if number % TICKS_TO_LOOK == 0:
                self.home.let_go_of_overdue()

    def _tell_changed(self) -> None:
        self.peers.tell_all(msg.Changed())

    # -- for the dispatcher ------------------------------------------------------------------------

    def take(
        self, session: Session, request: rq.Request, text: str, do: Do
    ) -> Awaitable[None] | None:
        """Has a request done here, or by its topic's owner; a coroutine where that takes waiting.

        Raises what `do` raises, the coroutine also Unavailable if the topic has no owner for long.
        """
        return self.router.take(session, request, text, do)

    def session_closed(self, session: Session) -> None:
        """A session is gone."""
        if not session.relayed:
            self.home.closed(session)

    # -- links (Hooks) -----------------------------------------------------------------------------

    def opened(self, link: Link) -> None:
        """A gateway is linked."""
        log.info("linked with %s", link.peer)
        old = self.peers.opened(link)
        if old is not None:
            self._gone(old)
        self.presences.links_changed()
        self.presences.tell_all_to(link)
        self.moves.tell_news()

    def lost(self, link: Link) -> None:
        """A gateway is not linked any more."""
        if self.peers.lost(link):
            log.info("link with %s lost", link.peer)
            self._gone(link)
            self.presences.links_changed(lost=link)
            self.moves.tell_news()

    def _gone(self, link: Link) -> None:
        self.guests.lost(link)
        self.home.lost(link)

    def received(self, link: Link, message: msg.Message) -> None:
        """A message of another gateway."""
        self._handlers[type(message)](link, message)

    def _who_takes_what(self) -> dict[type, Callable[[Link, Any], None]]:
        """Who takes which message; a new one is a line here, and a struct in messages.py."""
        home, guests, presences = self.home, self.guests, self.presences
        return {
            msg.Ping: lambda link, message: None,
            msg.Changed: lambda link, message: self.leases.look(),
            msg.Open: guests.open,
            msg.Packet: guests.packet,
            msg.Resume: guests.resume,
            msg.Gone: guests.gone,
            msg.Send: home.send,
            msg.Attached: home.attach,
            msg.Detached: home.detach,
            msg.Committed: home.committed,
            msg.Rested: home.rested,
            msg.Close: home.close,
            msg.HandedOver: self._handed_over,
            msg.Presence: presences.heard,
            msg.PartnerMoved: presences.partner_moved,
            msg.ContactMoved: presences.contact_moved,
            msg.AccessKnown: presences.access_known,
            msg.ProfileChanged: self._profile_changed,
            msg.Ask: self._asked,
        }

    def _handed_over(self, link: Link, message: msg.HandedOver) -> None:
        link.heard += 1
        self.home.handed_over(link, message.slots)
        self.moves.tell_news()

    def _profile_changed(self, link: Link, message: msg.ProfileChanged) -> None:
        self.tasks.begin(self._take_profile(message))

    async def _take_profile(self, message: msg.ProfileChanged) -> None:
        account = await self.hub.store.load_user(message.user)
        if account is not None:
            self.hub.take_profile(account, self._find_session(message.member, message.number))

    def _asked(self, link: Link, message: msg.Ask) -> None:
        self.tasks.begin(self.questions.answer(link, message))

    # -- owners and sessions -----------------------------------------------------------------------

    def _owner(self, topic: str) -> Link | None:
        """The link to the owner of a topic; None if that is this gateway, or nobody."""
        return self.peers.links.get(self.leases.owners[slot_of(topic)])

    def _find_session(self, member: str, number: int) -> Session | None:
        if member == self.leases.id:
            return self.home.session(number)
        link = self.peers.links.get(member)
        return self.guests.find(link, number) if link is not None else None

    def _name_session(self, session: Session) -> tuple[str, int]:
        if isinstance(session, StandIn):
            return session.link.peer, session.number
        return self.leases.id, self.home.client(session).number

    # -- what the hub tells and asks (Others) ------------------------------------------------------

    def owns(self, topic: str) -> bool:
        """Whether a topic belongs to this gateway."""
        return self.leases.serves(slot_of(topic))

    def committed(self, topic: Conversation) -> None:
        """Tells gateways whose clients are attached how far they got."""
        name, seq = topic.name, topic.last
        for link in self.peers.links.values():
            if name in link.fed:
                link.send(msg.Committed(name, seq))

    def out_of_step(self, topic: Conversation) -> None:
        """See Others."""
        self.moves.out_of_step(topic)

    def me_changed(self, me: Me) -> None:
        """See Others."""
        self.presences.me_changed(me)

    def partners_moved(self, me: Me, what: str, agent: str | None) -> None:
        """See Others."""
        self.presences.partners_moved(me, what, agent)

    async def shown(self, me: Me, topics: Iterable[str]) -> set[str]:
        """See Others."""
        return await self.questions.shown(me, topics)

    async def marks(self, user: str, topics: Iterable[str]) -> dict[str, tuple[int, int]]:
        """See Others."""
        return await self.questions.marks(user, topics)

    def profile_changed(self, user: str, actor: Session) -> None:
        """See Others."""
        self.peers.tell_all(msg.ProfileChanged(user, *self._name_session(actor)))

    async def destroy(self, topic: str, untold: str) -> None:
        """See Others."""
        await self.questions.ask_owner(topic, msg.Destroy(topic, untold))

    async def bereave(self, topic: str, user: str) -> None:
        """See Others."""
        await self.questions.ask_owner(topic, msg.Bereave(topic, user))
