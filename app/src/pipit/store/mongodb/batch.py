"""One batch of new messages: stored with one command, or as many of them as can be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bson.errors import BSONError
from pymongo.errors import BulkWriteError, DocumentTooLarge

from pipit.store.base import OutOfOrder, StoreError
from pipit.store.mongodb.database import Db
from pipit.store.mongodb.documents import of_message
from pipit.store.mongodb.topics import last_message
from pipit.store.records import Message

DUPLICATE = 11000
"""MongoDB's error code for a key that is there already."""

UNFIT = (BSONError, DocumentTooLarge, OverflowError, UnicodeError)
"""What a message that no document can hold raises, before anything is sent."""


@dataclass(slots=True)
class Tail:
    """Where a topic ends: the number of its last message. Of no topic: nothing continues it."""

    key: int
    last: int


NOWHERE = Tail(0, -1)


@dataclass(slots=True, eq=False)
class Entry:
    """A message, and how it went. While it is neither stored nor has an error, nobody knows."""

    message: Message
    key: int
    error: StoreError | None = None
    stored: bool = False


async def find_tail(db: Db, topic: str) -> Tail:
    """The end of a topic as the database has it."""
    doc = await db.topics.find_one({"_id": topic, "gone": None}, {"key": 1, "seq": 1})
    if doc is None:
        return NOWHERE
    last = await last_message(db, doc["key"])
    return Tail(doc["key"], max(doc["seq"], last[0] if last else 0))


def sort_out(messages: Iterable[Message], tails: dict[str, Tail]) -> list[Entry]:
    """The messages as entries; those that do not continue their topic have an error."""
    ends: dict[str, int] = {}
    entries = []
    for message in messages:
        topic = message.topic
        tail = tails.get(topic, NOWHERE)  # it may have been released a moment ago
        end = ends.get(topic, tail.last)
        entry = Entry(message, tail.key)
        if end < 0:
            entry.error = OutOfOrder(f"message {message.seq} follows none in {topic}")
        elif message.seq != end + 1:
            entry.error = OutOfOrder(f"message {message.seq} does not continue {topic} at {end}")
        ends[topic] = -1 if entry.error else message.seq
        entries.append(entry)
    return entries


async def insert(db: Db, entries: Sequence[Entry]) -> None:
    """Stores the entries; notes with each what became of it.

    In order: the server stops at the first that it refuses, so that no topic gets a gap. That
    topic gets no more, the rest is asked for again.
    """
    left = list(entries)
    while left:
        stored, error = await _try(db, left)
        for entry in left[:stored]:
            entry.stored = True
        left = refuse(left[stored:], error) if error else left[stored:]


async def _try(db: Db, entries: Sequence[Entry]) -> tuple[int, StoreError | None]:
    """How many were stored, and why the next one was not."""
    try:
        await db.messages.insert_many([of_message(e.key, e.message) for e in entries])
    except BulkWriteError as fault:
        return _stopped(fault, entries)
    except UNFIT as fault:
        if len(entries) > 1:  # none was sent: find out which it is
            return await _try(db, entries[: len(entries) // 2])
        return 0, StoreError(f"message {entries[0].message.seq} cannot be stored: {fault}")
    return len(entries), None


def _stopped(fault: BulkWriteError, entries: Sequence[Entry]) -> tuple[int, StoreError]:
    details = fault.details or {}
    if details.get("writeConcernErrors") or not details.get("writeErrors"):
        raise fault  # nobody knows
    (refused,) = details["writeErrors"]
    message = entries[refused["index"]].message
    if refused["code"] == DUPLICATE:
        why: StoreError = OutOfOrder(f"message {message.seq} of {message.topic} is there already")
    else:
        why = StoreError(f"message {message.seq} of {message.topic}: {refused['errmsg']}")
    return refused["index"], why


def refuse(entries: Sequence[Entry], error: StoreError) -> list[Entry]:
    """Notes that the first is refused, and what follows it in its topic; the others."""
    topic = entries[0].message.topic
    for entry in entries:
        if entry.message.topic == topic:
            entry.error = error
    return [entry for entry in entries if entry.message.topic != topic]
