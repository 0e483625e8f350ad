"""Records as documents, and back. A field that is None is left out."""

import random
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from bson.max_key import MaxKey
from msgspec import Struct

from pipit.core import ids
from pipit.core.ranges import Span
from pipit.store.mongodb.database import Doc
from pipit.store.records import Message, Subscription

R = TypeVar("R", bound=Struct)

END = (1 << 32) - 1
"""No message number reaches this: a message's `_id` is its topic's key << 32 | its number."""


def new_key() -> int:
    """A topic's key: 31 random bits, so that topics spread evenly over shards; a unique index holds
    it.
    """
    return random.SystemRandom().randrange(1, 1 << 31)


def fields(record: type[Struct], *but: str) -> list[str]:
    """The names of a record's fields, but for some."""
    return [name for name in record.__struct_fields__ if name not in but]


def document(record: Struct, names: Iterable[str]) -> Doc:
    """A record's fields, without those that are None."""
    found = ((name, getattr(record, name)) for name in names)
    return {name: value for name, value in found if value is not None}


def record(kind: type[R], names: Iterable[str], doc: Doc, **more: Any) -> R:
    """A record of a document's fields and some more; what is left out has its default."""
    return kind(**{name: doc[name] for name in names if name in doc}, **more)


def check_names(changes: Doc, known: Sequence[str]) -> None:
    """Names become keys of the update: only those of fields may. Raises TypeError."""
    for name in changes:
        if name not in known:
            raise TypeError(f"no field {name!r} to change; there are {', '.join(known)}")


def changing(changes: Doc) -> Doc:
    """An update that sets fields."""
    put = {name: value for name, value in changes.items() if value is not None}
    gone = {name: "" for name, value in changes.items() if value is None}
    parts = {"$set": put, "$unset": gone}
    return {operator: values for operator, values in parts.items() if values}


def sorted_tags(tags: Iterable[str]) -> list[str]:
    """Tags as they are kept: in order, each once."""
    return sorted(set(tags))


def beginning(**start: str) -> Doc:
    """A condition: those whose compound `_id` begins with these values, in this order."""
    return {"$gte": start, "$lt": {**start, "~": MaxKey()}}


# -- messages --------------------------------------------------------------------------------------


def message_id(key: int, seq: int) -> int:
    """Of a topic's key and a number."""
    return key << 32 | seq


def within(key: int, span: Span) -> Doc:
    """A condition: the messages of a topic in a span of numbers."""
    return {"$gte": message_id(key, span[0]), "$lt": message_id(key, span[1])}


def of_message(key: int, message: Message) -> Doc:
    """A message as it is kept."""
    doc: Doc = {
        "_id": key << 32 | message.seq,
        "ts": message.ts,
        "sender": message.sender,
        "content": message.content,
    }
    if message.head is not None:
        doc["head"] = message.head
    return doc


def to_message(topic: str, doc: Doc) -> Message:
    """A message as it was."""
    return Message(
        topic, doc["_id"] & END, doc["ts"], doc["sender"], doc["content"], doc.get("head")
    )


# -- subscriptions ---------------------------------------------------------------------------------

SUBSCRIBED = fields(Subscription, "topic", "user", "deleted")


def subscription_id(topic: str, user: str) -> Doc:
    """User first: a list of conversations is one range of the index."""
    return {"user": user, "topic": topic}


def of_subscription(sub: Subscription) -> Doc:
    """One as it is kept; `deleted` is 0 where it is not, so that an index can count them."""
    doc = {"_id": subscription_id(sub.topic, sub.user), "deleted": sub.deleted or 0}
    return doc | document(sub, SUBSCRIBED)


def to_subscription(doc: Doc, cleared: int) -> Subscription:
    """One as it was; `cleared` is the topic's: what was erased for all is noted there."""
    key = doc["_id"]
    return Subscription(
        key["topic"], key["user"], doc["want"], doc["given"], doc["created"], doc["updated"],
        doc["read"], doc["recv"], max(doc["cleared"], cleared), doc["reader"], doc.get("private"),
        doc["deleted"] or None,
    )  # fmt: skip


def peer_of(sub: Doc) -> str | None:
    """The other side of a chat of two."""
    key = sub["_id"]
    return ids.p2p_peer(key["topic"], key["user"]) if key["topic"].startswith("p2p") else None
