"""What happens in the service that a module may want to know of. Told after the commit, never
before.
"""

from typing import Any

import msgspec


class Event(msgspec.Struct, tag_field="event", frozen=True):
    """Something that happened; `at` is milliseconds since 1970."""

    at: int


class MessageStored(Event, tag="message.stored", frozen=True):
    """A message was committed."""

    topic: str
    seq: int
    sender: str
    head: msgspec.Raw | None
    content: msgspec.Raw


class MessagesDeleted(Event, tag="messages.deleted", frozen=True):
    """Message numbers were deleted for everybody ("") or for one user."""

    topic: str
    user: str
    spans: list[tuple[int, int]]


class AccountChanged(Event, tag="account.changed", frozen=True):
    """An account was "created", "updated", "suspended", "restored" or "deleted", or changed its
    "password".
    """

    user: str
    what: str


class SubscriptionChanged(Event, tag="subscription.changed", frozen=True):
    """Somebody's access to a topic is new, other or ended (both modes 0)."""

    topic: str
    user: str
    want: int
    given: int


class TopicChanged(Event, tag="topic.changed", frozen=True):
    """A topic was "created", "updated" or "deleted"."""

    topic: str
    what: str


AnyEvent = MessageStored | MessagesDeleted | AccountChanged | SubscriptionChanged | TopicChanged

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyEvent)


def encode(event: Event) -> bytes:
    """An event as JSON text."""
    return msgspec.json.encode(event)


def decode(text: bytes) -> AnyEvent:
    """The event in a JSON text. Raises msgspec.DecodeError."""
    event: AnyEvent = _decoder.decode(text)
    return event
