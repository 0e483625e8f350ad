"""A member's conversations, and the messages in them that the member may read."""

import re
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pipit.core import access, cards
from pipit.store.base import Store
from pipit.store.records import Contact, Message

BATCH = 100
"""Messages read at once: 13 MB if each is as large as the default setting allows."""

KINDS = {"p2p": "chat", "grp": "group", "slf": "notes"}


@dataclass(slots=True)
class Conversation:
    """A conversation as it was when the export began. `folder` is its place in the archive."""

    contact: Contact
    kind: str
    title: str
    folder: str
    messages: int = 0

    @property
    def topic(self) -> str:
        """Its internal name."""
        return self.contact.sub.topic

    @property
    def last(self) -> int:
        """The number of its last message; 0 if the member may not read any."""
        needed = access.READ | access.JOIN
        return self.contact.seq if self.contact.sub.mode & needed == needed else 0


async def conversations(store: Store, user: str) -> list[Conversation]:
    """All of a member's, the latest first."""
    contacts = await store.contacts(user)
    latest_first = sorted(contacts, key=lambda contact: contact.touched, reverse=True)
    return [_conversation(number, c) for number, c in enumerate(latest_first, 1)]


def _conversation(number: int, contact: Contact) -> Conversation:
    kind = "channel" if contact.channel else KINDS[contact.sub.topic[:3]]
    title = cards.full_name(contact.public) or {"notes": "Saved messages"}.get(kind, "")
    if contact.gone:
        title = "Deleted account"
    return Conversation(contact, kind, title, f"conversations/{number:02}-{_slug(title) or kind}")


def _slug(title: str) -> str:
    """A title as every file system takes it."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40]


async def messages(store: Store, user: str, conversation: Conversation) -> AsyncIterator[Message]:
    """What the member may read, oldest first, some at a time."""
    for low in range(1, conversation.last + 1, BATCH):
        span = (low, min(low + BATCH, conversation.last + 1))
        for message in reversed(await store.messages(conversation.topic, user, [span], BATCH)):
            yield message


class Names:
    """Full names of people by their ids, each looked up once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, str] = {}

    async def of(self, user: str) -> str:
        """The full name; what stands for somebody who has none, or no account any more."""
        if user not in self._known:
            found = await self._store.load_user(user)
            name = cards.full_name(found.public) if found else "Deleted account"
            self._known[user] = name or user
        return self._known[user]
