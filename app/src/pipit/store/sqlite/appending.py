"""Storing new messages, many with few statements; the hot path of a chat service."""

from dataclasses import dataclass

import apsw

from pipit.store.base import OutOfOrder, StoreError
from pipit.store.records import Message
from pipit.store.sqlite.database import STORAGE_FAULTS
from pipit.store.sqlite.messages import topic_id


@dataclass(slots=True, eq=False)
class Outcome:
    """Messages of one topic in order: stored, or why not."""

    messages: list[Message]
    error: StoreError | None = None

    @property
    def topic(self) -> str:
        return self.messages[0].topic


class NotTogether(Exception):
    """Messages cannot be stored in one go; one by one some may be."""


class TopicIds(dict[str, int]):
    """The keys of topics that were written to lately."""

    MOST = 100_000

    def find(self, db: apsw.Connection, topic: str) -> int:
        """The key of a topic; 0 if there is none."""
        found = self.get(topic)
        if found is None:
            found = topic_id(db, topic)
            if len(self) >= self.MOST:
                self.clear()
            if found:
                self[topic] = found
        return found


def append_together(
    db: apsw.Connection, topics: TopicIds, messages: list[Message], _broken: set[str]
) -> list[Outcome]:
    """Stores all messages, or raises NotTogether and has to be rolled back.

    One compare-and-set a topic proves that they continue it, and that nobody else writes to it.
    """
    by_topic: dict[str, list[Message]] = {}
    for message in messages:
        by_topic.setdefault(message.topic, []).append(message)
    steps, rows = [], []
    for topic, group in by_topic.items():
        key = topics.find(db, topic)
        first, last = group[0].seq, group[-1].seq
        if last - first != len(group) - 1:
            raise NotTogether
        steps.append((last, group[-1].ts, key, first - 1))
        rows += [(key << 32 | m.seq, m.ts, m.sender, m.head, m.content) for m in group]
    _insert(db, steps, rows)
    return [Outcome(group) for group in by_topic.values()]


def _insert(
    db: apsw.Connection,
    steps: list[tuple[int, int, int, int]],
    rows: list[tuple[int, int, str, bytes | None, bytes]],
) -> None:
    before = db.total_changes()
    try:
        db.executemany("UPDATE topics SET seq = ?, touched = ? WHERE id = ? AND seq = ?", steps)
        if db.total_changes() - before != len(steps):
            raise NotTogether
        db.executemany("INSERT INTO messages VALUES (?, ?, ?, ?, ?)", rows)
    except STORAGE_FAULTS:
        raise
    except (apsw.Error, TypeError, ValueError, OverflowError) as fault:
        raise NotTogether from fault


def append_singly(
    db: apsw.Connection, topics: TopicIds, messages: list[Message], broken: set[str]
) -> list[Outcome]:
    """Stores those messages that can be; `broken` are the topics where one could not."""
    return [_append_one(db, topics, message, broken) for message in messages]


def _append_one(
    db: apsw.Connection, topics: TopicIds, message: Message, broken: set[str]
) -> Outcome:
    if message.topic in broken:
        return after_failure(message)
    db.execute("SAVEPOINT message")
    try:
        (outcome,) = append_together(db, topics, [message], broken)
    except NotTogether as fault:
        db.execute("ROLLBACK TO message")
        broken.add(message.topic)
        outcome = Outcome([message], _why_not(message, fault.__cause__))
    db.execute("RELEASE message")
    return outcome


def after_failure(message: Message) -> Outcome:
    """What becomes of a message that was asked for before its sender knew of a failed one."""
    return Outcome([message], OutOfOrder(f"a message before {message.seq} was not stored"))


def _why_not(message: Message, fault: BaseException | None) -> StoreError:
    if fault is None or isinstance(fault, apsw.ConstraintError):
        return OutOfOrder(f"message {message.seq} does not continue {message.topic}")
    return StoreError(f"message {message.seq} of {message.topic} cannot be stored: {fault}")
