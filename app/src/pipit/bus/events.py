"""What happens in the service that a module may want to know of. Told after the commit, never
before.

Every event has a `key`: a module that may be told twice (after a crash, see docs/message-queue.md)
knows by it what it has done already. `about` names the conversation or account that it concerns;
events about the same one keep their order.
"""

import secrets
from typing import Any

import msgspec


class Event(msgspec.Struct, tag_field="event", frozen=True):
    """Something that happened; `at` is milliseconds since 1970."""

    at: int


class MessageStored(Event, tag="message.stored", frozen=True):
    """A message was committed. `head` is the JSON text of an object, or "null"."""

    topic: str
    seq: int
    sender: str
    head: msgspec.Raw  # `Raw | None` cannot be decoded: msgspec takes it for None alone
    content: msgspec.Raw

    @property
    def key(self) -> str:
        """Topic and number, which are the message's own: `grpdZ5p4XE9VqQ:17`."""
        return f"{self.topic}:{self.seq}"

    @property
    def about(self) -> str:
        """The conversation."""
        return self.topic


def _new_key() -> str:
    return secrets.token_hex(8)


class Change(Event, kw_only=True, frozen=True):
    """What has no name of its own gets a random key of 16 hexadecimal digits."""

    key: str = msgspec.field(default_factory=_new_key)


class MessagesDeleted(Change, tag="messages.deleted", frozen=True):
    """Message numbers were deleted for everybody ("") or for one user."""

    topic: str
    user: str
    spans: list[tuple[int, int]]

    @property
    def about(self) -> str:
        """The conversation."""
        return self.topic


class AccountChanged(Change, tag="account.changed", frozen=True):
    """An account was "created", "updated", "suspended", "restored" or "deleted", or changed its
    "password".
    """

    user: str
    what: str

    @property
    def about(self) -> str:
        """The account."""
        return self.user


class SubscriptionChanged(Change, tag="subscription.changed", frozen=True):
    """Somebody's access to a topic is new, other or ended (both modes 0)."""

    topic: str
    user: str
    want: int
    given: int

    @property
    def about(self) -> str:
        """The conversation."""
        return self.topic


class TopicChanged(Change, tag="topic.changed", frozen=True):
    """A topic was "created", "updated" or "deleted"."""

    topic: str
    what: str

    @property
    def about(self) -> str:
        """The conversation."""
        return self.topic


AnyEvent = MessageStored | MessagesDeleted | AccountChanged | SubscriptionChanged | TopicChanged

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyEvent)


def encode(event: AnyEvent) -> bytes:
    """An event as JSON text."""
    return msgspec.json.encode(event)


def decode(text: bytes) -> AnyEvent:
    """The event in a JSON text. Raises msgspec.DecodeError."""
    event: AnyEvent = _decoder.decode(text)
    return event
