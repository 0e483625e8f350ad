"""A topic that was at another gateway until now: its sessions are attached again, and sent what
they missed; their clients need not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pipit.core import access, clock
from pipit.store.records import Contact
from pipit.topics.parts import Part
from pipit.topics.publishing import data_packet
from pipit.topics.reading import PAGE
from pipit.topics.session import Session
from pipit.wire import status
from pipit.wire.codec import Frames
from pipit.wire.replies import Pres
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.conversation import Conversation
    from pipit.topics.me import Me

LATELY_MS = 60_000
"""What was written so lately may have been missed while `me` had no owner."""

MOST_MISSED = 1024
"""A client that lacks more messages is better off coming anew."""


async def resume(topic: Conversation, session: Session, since: int) -> None:
    """Attaches a session that has all messages up to a number. Nobody is told that it came.

    Raises Refused: 403, 404 if it may not be here any more, 503 if it lacks too much.
    """
    if topic.name in session.attached:
        return
    async with topic.lock:
        await topic.require()
        part = topic.active_part(session.user) or await _reader(topic, session.user)
        if part is None or not part.may(access.JOIN):
            raise Refused(status.DENIED)
        if topic.record.seq - since > MOST_MISSED:
            raise Refused(status.UNAVAILABLE)
        while part.may(access.READ) and since < topic.record.seq:
            since = await _send_missed(topic, session, part, since)
        topic.attach(session, part, told=False)


async def _send_missed(topic: Conversation, session: Session, part: Part, since: int) -> int:
    """Sends a page of what was committed since a number; returns the number it goes to."""
    last = min(topic.record.seq, since + PAGE)
    span = [(since + 1, last + 1)]
    missed = await topic.hub.store.messages(topic.name, part.user, span, PAGE)
    topic.check_here()  # its next owner will send them
    name = topic.view(part)
    session.send(Frames.of(*(data_packet(name, message) for message in reversed(missed))))
    if last < topic.record.seq:
        await session.drained()
        if topic.moved:  # in the midst of it
            raise Refused(status.UNAVAILABLE)
    return last


async def _reader(topic: Conversation, user: str) -> Part | None:
    """The part of a channel's reader; they are loaded only while they are attached."""
    sub = await topic.hub.store.load_subscription(topic.name, user)
    if sub is None or not sub.reader:
        return None
    part = topic.parts[user] = Part(await topic.hub.member(sub))
    return part


async def resume_me(me: Me, session: Session) -> None:
    """Attaches a session to `me`. It is told who is online and who is not, and of what was written
    of late; partners once more that the user is online, as theirs may have looked a moment too
    early.
    """
    if me.name in session.attached:
        return
    async with me.lock:
        user, contacts = await me.load_all()
        me.attach(session)
        if me.hub.online.get(me.user) is not me:
            me.mode, me.contacts = user.me_want, me.known_from(contacts)
            me.hub.online[me.user] = me
            me.tell_others()
            me.tell_partners("on", session.agent or None)
            await look_around(me, me.contacts)
        else:
            me.tell_others()
    seen = (known for known in me.contacts.values() if me.sees(known))
    online = (Pres("me", "on" if known.online else "off", src=known.view) for known in seen)
    session.tell(*online, *_written_lately(me, contacts))


def _written_lately(me: Me, contacts: Iterable[Contact]) -> Iterator[Pres]:
    due = clock.now_ms() - LATELY_MS
    for contact in contacts:
        known = me.contacts.get(contact.sub.topic)
        if known is not None and contact.touched > due and contact.seq > contact.sub.read:
            yield Pres("me", "msg", src=known.view, seq=contact.seq, act=known.view)


async def look_around(me: Me, names: Iterable[str]) -> None:
    """Looks anew who of these is online; sessions are told who is not any more."""
    looked = {n: k for n in names if (k := me.contacts.get(n)) is not None and me.sees(k)}
    before = {name: known.online for name, known in looked.items()}
    here = {name for name, known in looked.items() if me.is_shown_online(name, known)}
    if me.hub.others is not None:
        here |= await me.hub.others.shown(me, looked.keys() - here)
    for name, known in looked.items():
        if known.online != before[name]:
            continue  # something newer was heard meanwhile
        if known.online and name not in here:
            me.contact_online(name, Pres("me", "off", src=known.view))
        known.online = name in here
