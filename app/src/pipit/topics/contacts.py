"""A row of somebody's list of conversations (protocol.md, section 4.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipit.core import access, clock
from pipit.store.records import Contact, Subscription
from pipit.topics.conversation import Conversation
from pipit.topics.parts import acs_of
from pipit.topics.reading import raw
from pipit.wire.replies import Seen, SubRow

if TYPE_CHECKING:
    from pipit.topics.hub import Hub
    from pipit.topics.me import Me


def contact_row(hub: Hub, me: Me, contact: Contact, since: int | None) -> SubRow:
    """A conversation as its user's list shows it; unchanged ones since a time are cut short."""
    sub = _newest(hub, contact)
    known = me.contacts.get(sub.topic)
    name = known.view if known else hub.view(sub.topic, sub.user, reader=sub.reader)
    if sub.deleted is not None:
        return SubRow(topic=name, deleted=clock.text(sub.deleted))
    online = known is not None and known.online
    updated, touched = max(contact.updated, sub.updated), contact.touched
    if since is not None and max(updated, touched) <= since:
        return SubRow(topic=name, online=online, seq=contact.seq, read=sub.read, recv=sub.recv)
    group = sub.topic.startswith("grp")
    return SubRow(
        topic=name,
        updated=clock.text(updated),
        touched=clock.text(touched),
        online=online,
        acs=acs_of(sub.want, sub.given),
        seq=contact.seq,
        read=sub.read,
        recv=sub.recv,
        clear=sub.cleared,
        subcnt=contact.members if group else 0,
        public=raw(contact.public),
        trusted=raw(contact.trusted),
        private=raw(sub.private),
        seen=None if group or online else _seen(contact, sub),
    )


def _seen(contact: Contact, sub: Subscription) -> Seen | None:
    """When the other of two was last online, for those who follow that."""
    if contact.seen_at is None or not sub.mode & access.PRESENCE:
        return None
    return Seen(clock.text(contact.seen_at), contact.seen_ua)


def _newest(hub: Hub, contact: Contact) -> Subscription:
    """The subscription of a loaded topic: its marks reach the store a little later."""
    sub = contact.sub
    topic = hub.topics.get(sub.topic)
    if topic is None or sub.deleted is not None or not isinstance(topic, Conversation):
        return sub
    part = topic.parts.get(sub.user)
    return part.sub if part is not None else sub
