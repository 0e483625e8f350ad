"""Clients of this gateway at topics of others: what they send goes to the owner, what they get
comes from there, and where a topic has a new owner they are attached again without knowing.

A client is only let go where nobody can know what became of a request: its owner's link broke
while the answer was awaited. It comes back and resumes, as after any lost connection.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from pipit.cluster import messages as msg
from pipit.cluster.link import Link
from pipit.cluster.slots import slot_of
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire.codec import Frames

log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds that a request may be with its owner, who answers within 5, or whose link is cut."""


@dataclass(slots=True)
class UnderWay:
    """What a client awaits from one gateway. `messages`: when each was sent, by its id; `asked` and
    `rested` count other requests, sent and done; `since`: when the last of them was sent.
    """

    agent: str
    messages: dict[str, float] = field(default_factory=dict)
    asked: int = 0
    rested: int = 0
    since: float = 0.0

    @property
    def nothing(self) -> bool:
        """Whether all is done."""
        return self.rested >= self.asked and not self.messages

    def overdue(self, due: float) -> bool:
        """Whether anything was sent before that time (time.monotonic) and is not done."""
        asked = self.rested < self.asked and self.since < due
        return asked or any(at < due for at in self.messages.values())


@dataclass(slots=True, eq=False)
class Client:
    """A session with what is known of it elsewhere, by link; `topics` it is attached to there."""

    session: Session
    number: int
    under_way: dict[Link, UnderWay] = field(default_factory=dict)
    topics: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Attachment:
    """A topic elsewhere: its last message that reached this gateway, and who is attached. One who
    is not attached yet, at the owner of now, has a number of its own: up to which it has all.
    """

    seq: int
    clients: dict[Client, int | None] = field(default_factory=dict)

    def since(self, client: Client) -> int:
        """Up to which number a client has all messages."""
        own = self.clients[client]
        return self.seq if own is None else own


class Home:
    """All clients that have to do with other gateways.

    `fed_by`: the link that feeds the topics of a slot, until all that it has to say was heard.
    `adrift`: topics whose feed is over and which are not attached to their next owner yet.
    """

    def __init__(self) -> None:
        self.clients: dict[Session, Client] = {}
        self.by_number: dict[int, Client] = {}
        self.sessions: dict[int, Session] = {}
        self.attached: dict[str, Attachment] = {}
        self.fed_by: dict[int, Link] = {}
        self.adrift: set[str] = set()
        self.forwarded = 0
        self._numbers = itertools.count(1)

    def client(self, session: Session) -> Client:
        """The client of a session of this gateway, made where there is none."""
        client = self.clients.get(session)
        if client is None:
            client = self.clients[session] = Client(session, next(self._numbers))
            self.by_number[client.number] = client
            self.sessions[client.number] = session
        return client

    def session(self, number: int) -> Session | None:
        """The session of a number."""
        return self.sessions.get(number)

    # -- to the owner ------------------------------------------------------------------------------

    def forward(
        self, session: Session, link: Link, slot: int, request: rq.Request, text: str
    ) -> None:
        """Sends a packet to a topic's owner."""
        client = self.client(session)
        known = self._open(client, link)
        counts = not isinstance(request, rq.Pub | rq.Note)
        if counts:
            known.asked, known.since = known.asked + 1, time.monotonic()
        elif isinstance(request, rq.Pub) and request.id is not None:
            known.messages[request.id] = time.monotonic()
        self.fed_by[slot] = link
        self.forwarded += 1
        link.send(msg.Packet(client.number, text, counts, link.heard))

    def resume(self, client: Client, link: Link, topics: list[tuple[str, int]]) -> None:
        """Has a client attached again, where these topics are now."""
        known = self._open(client, link)
        known.asked, known.since = known.asked + 1, time.monotonic()
        for topic, _ in topics:
            self.fed_by[slot_of(topic)] = link
        link.send(msg.Resume(client.number, topics, link.heard))

    def _open(self, client: Client, link: Link) -> UnderWay:
        session = client.session
        known = client.under_way.get(link)
        if known is None or known.agent != session.agent:
            link.send(
                msg.Open(client.number, session.user, session.level, session.version, session.agent)
            )
        if known is None:
            known = client.under_way[link] = UnderWay(session.agent)
        known.agent = session.agent
        return known

    def closed(self, session: Session) -> None:
        """A client is gone."""
        client = self.clients.pop(session, None)
        if client is None:
            return
        del self.by_number[client.number], self.sessions[client.number]
        for link in client.under_way:
            link.send(msg.Gone(client.number))
        for topic in list(client.topics):
            self._detach(client, topic)

    # -- from the owner ----------------------------------------------------------------------------

    def send(self, link: Link, message: msg.Send) -> None:
        """Packets for clients."""
        frames = Frames(*message.packets)
        sessions = self.sessions
        for number in message.numbers:
            if number in sessions:
                sessions[number].send(frames)
        if len(message.numbers) == 1:
            self._note_answers(message.numbers[0], link, message.packets)

    def _note_answers(self, number: int, link: Link, packets: list[bytes]) -> None:
        """Which of a client's messages were answered: that stands in packets for it alone."""
        client = self.by_number.get(number)
        known = client.under_way.get(link) if client is not None else None
        if known is None or not known.messages:
            return
        for packet in packets:
            if packet.startswith(b'{"ctrl"'):
                id = _answers.decode(packet).ctrl.id
                known.messages.pop(id or "", None)

    def attach(self, link: Link, message: msg.Attached) -> None:
        """A client is attached at the owner."""
        client = self.by_number.get(message.number)
        if client is None:
            return
        attachment = self.attached.setdefault(message.topic, Attachment(message.seq))
        attachment.seq = max(attachment.seq, message.seq)
        attachment.clients[client] = None
        client.topics.add(message.topic)
        self.fed_by[slot_of(message.topic)] = link

    def detach(self, link: Link, message: msg.Detached) -> None:
        """A client is attached no more."""
        client = self.by_number.get(message.number)
        if client is not None:
            self._detach(client, message.topic)

    def _detach(self, client: Client, topic: str) -> None:
        client.topics.discard(topic)
        attachment = self.attached.get(topic)
        if attachment is None:
            return
        attachment.clients.pop(client, None)
        if not attachment.clients:
            del self.attached[topic]
            self.adrift.discard(topic)

    def committed(self, link: Link, message: msg.Committed) -> None:
        """All of a topic up to this number has come."""
        attachment = self.attached.get(message.topic)
        if attachment is not None:
            attachment.seq = message.seq

    def rested(self, link: Link, message: msg.Rested) -> None:
        """A client's requests are done."""
        client = self.by_number.get(message.number)
        known = client.under_way.get(link) if client is not None else None
        if known is not None:
            known.rested = message.requests

    def close(self, link: Link, message: msg.Close) -> None:
        """An owner ends a client's connection."""
        client = self.by_number.get(message.number)
        if client is not None:
            client.session.close()

    # -- owners change -----------------------------------------------------------------------------

    def handed_over(self, link: Link, slots: Iterable[int]) -> None:
        """A link has said all that it had to say of these slots."""
        ended = {slot for slot in slots if self.fed_by.get(slot) is link}
        for slot in ended:
            del self.fed_by[slot]
        self.adrift |= {topic for topic in self.attached if slot_of(topic) in ended}

    def lost(self, link: Link) -> None:
        """A link is gone. Whoever awaits an answer through it is let go; see above."""
        for client in list(self.clients.values()):
            known = client.under_way.pop(link, None)
            if known is not None and not known.nothing:
                log.info("session %s let go: its request was lost on the way", client.session.sid)
                client.session.close()
        self.handed_over(link, list(self.fed_by))

    def take_over(self, topic: str, seq: int, sessions: Iterable[Session]) -> None:
        """A topic of this gateway goes to another; these sessions are attached to it."""
        for client in map(self.client, sessions):
            attachment = self.attached.setdefault(topic, Attachment(seq))
            attachment.clients[client] = seq
            client.topics.add(topic)
            self.adrift.add(topic)

    def restore(
        self, place: Callable[[int], Link | bool | None]
    ) -> dict[Session, list[tuple[str, int]]]:
        """Attaches clients again to topics that are adrift, where their owner is known: `place`
        gives its link, or True for this gateway. Returns who is to be attached here.
        """
        here: dict[Session, list[tuple[str, int]]] = {}
        there: dict[tuple[Client, Link], list[tuple[str, int]]] = {}
        for topic in list(self.adrift):
            where = place(slot_of(topic))
            if where is None:
                continue
            self.adrift.discard(topic)
            attachment = self.attached[topic]
            for client in list(attachment.clients):
                since = attachment.clients[client] = attachment.since(client)
                entry = (topic, since)
                if isinstance(where, Link):
                    there.setdefault((client, where), []).append(entry)
                else:
                    here.setdefault(client.session, []).append(entry)
                    self._detach(client, topic)
        for (client, link), topics in there.items():
            self.resume(client, link, topics)
        return here

    def let_go_of_overdue(self) -> None:
        """Ends clients that would wait in vain for an answer."""
        due = time.monotonic() - PATIENCE
        for client in list(self.clients.values()):
            if any(known.overdue(due) for known in client.under_way.values()):
                log.info("session %s let go: no answer in time", client.session.sid)
                client.session.close()


class _Ctrl(msgspec.Struct):
    id: str | None = None


class _Answer(msgspec.Struct):
    ctrl: _Ctrl


_answers = msgspec.json.Decoder(_Answer)
