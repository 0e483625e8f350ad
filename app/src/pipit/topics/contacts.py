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
    row = SubRow(
        topic=name,
        online=known is not None and known.online,
        seq=contact.seq,
        read=sub.read,
        recv=sub.recv,
    )
    updated = max(contact.updated, sub.updated)
    if since is None or max(updated, contact.touched) > since:
        row.updated = clock.text(updated)
        _fill(row, contact, sub)
    return row


def _fill(row: SubRow, contact: Contact, sub: Subscription) -> None:
    row.touched = clock.text(contact.touched)
    row.acs = acs_of(sub.want, sub.given)
    row.clear = sub.cleared
    row.public, row.trusted, row.private = map(raw, (contact.public, contact.trusted, sub.private))
    if not sub.topic.startswith(("p2p", "slf")):
        row.subcnt = contact.members
    elif contact.seen_at is not None and not row.online and sub.mode & access.PRESENCE:
        row.seen = Seen(clock.text(contact.seen_at), contact.seen_ua)


def _newest(hub: Hub, contact: Contact) -> Subscription:
    """The subscription of a loaded topic: its marks reach the store a little later."""
    topic = hub.topics.get(contact.sub.topic)
    if isinstance(topic, Conversation) and contact.sub.deleted is None:
        part = topic.parts.get(contact.sub.user)
        if part is not None:
            return part.sub
    return contact.sub
