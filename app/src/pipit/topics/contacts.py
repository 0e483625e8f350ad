"""A row of somebody's list of conversations (protocol.md, section 4.6)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Raw

from pipit.core import access, clock
from pipit.store.records import Contact, Subscription
from pipit.topics.parts import acs_of
from pipit.wire.replies import Seen, SubRow

if TYPE_CHECKING:
    from pipit.topics.hub import Hub
    from pipit.topics.me import Me


def contact_row(hub: Hub, me: Me, contact: Contact, since: int | None) -> SubRow:
    """A conversation as its user's list shows it; unchanged ones since a time are cut short."""
    sub = contact.sub
    topic = sub.topic
    known = me.contacts.get(topic)
    name = known.view if known else hub.view(topic, sub.user, reader=sub.reader)
    if sub.deleted is not None:
        return SubRow(topic=name, deleted=clock.text(sub.deleted))
    online = known is not None and known.online
    updated = contact.updated if contact.updated > sub.updated else sub.updated
    touched = contact.touched
    if since is not None and updated <= since and touched <= since:
        return SubRow(topic=name, online=online, seq=contact.seq, read=sub.read, recv=sub.recv)
    group = topic.startswith("grp")
    public, trusted, private = contact.public, contact.trusted, sub.private
    # Every login makes dozens: by position and without raw() a row takes 1.0 µs, else 1.7.
    return SubRow(
        None,  # user
        name,
        clock.text(updated),
        clock.text(touched),
        None,  # deleted
        online,
        acs_of(sub.want, sub.given),
        contact.seq,
        sub.read,
        sub.recv,
        sub.cleared,
        contact.members if group else 0,  # subcnt
        None if public is None else Raw(public),
        None if trusted is None else Raw(trusted),
        None if private is None else Raw(private),
        None if group or online else _seen(contact, sub),
    )


async def take_marks(hub: Hub, user: str, contacts: list[Contact]) -> None:
    """Marks reach the store a little later: those on the way are taken from memory, here and in the
    gateways that own the topics.
    """
    marks = hub.unwritten(user)
    if hub.others is not None:
        marks |= await hub.others.marks(user, [contact.sub.topic for contact in contacts])
    if not marks:
        return
    for contact in contacts:
        sub = contact.sub
        read, recv = marks.get(sub.topic, (0, 0))
        sub.read, sub.recv = max(sub.read, read), max(sub.recv, recv)


def _seen(contact: Contact, sub: Subscription) -> Seen | None:
    """When the other of two was last online, for those who follow that."""
    if contact.seen_at is None or not sub.want & sub.given & access.PRESENCE:
        return None
    return _seen_of(contact.seen_at, contact.seen_ua)


@lru_cache(maxsize=4096)
def _seen_of(at: int, agent: str) -> Seen:
    """Shared by all who have that contact."""
    return Seen(clock.text(at), agent)
