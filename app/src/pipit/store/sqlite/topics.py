"""Topics, their members, and what each user has to do with them."""
# ruff: noqa: S608 (statements are put together from constants and checked names only)

import json
from collections.abc import Iterable
from typing import Any

import apsw

from pipit.core import ids
from pipit.store.base import Duplicate
from pipit.store.records import Contact, Mark, Member, Subscription, TopicRecord
from pipit.store.sqlite import messages, tags
from pipit.store.sqlite.sql import (
    assignments,
    fetch_all,
    fetch_one,
    insert,
    names,
    transaction,
    values,
)

COUNTERS = ["seq", "touched", "del_id"]
"""Fields of TopicRecord that are columns of `topics`."""

DESCRIPTION = names(TopicRecord, "name", "tags", "readers", *COUNTERS)
"""Those that are columns of `descriptions`."""

SUBSCRIBED = names(Subscription, "topic", "user")
"""Fields of Subscription that are columns of `subscriptions`."""

READER_AT = SUBSCRIBED.index("reader")

SUBSCRIPTION = ", ".join(
    "max(s.cleared, t.cleared)" if column == "cleared" else f"s.{column}" for column in SUBSCRIBED
)
"""Their values, in order. What was erased for all is noted with the topic, not with each member."""

# A chat of two takes what it shows from its peer's account, all else from the description: a key of
# null spares the look-up.
CONTACTS = f"""
SELECT t.name, {SUBSCRIPTION},
    coalesce(u.updated, d.updated, 0), t.touched, t.seq, t.subscribers, d.channel,
    coalesce(u.public, d.public), coalesce(u.trusted, d.trusted),
    u.seen_at, coalesce(u.seen_ua, ''), s.peer IS NOT NULL AND coalesce(u.state, 'del') = 'del'
FROM subscriptions s
JOIN topics t ON t.id = s.topic
LEFT JOIN users u ON u.num = s.peer
LEFT JOIN descriptions d ON d.topic = iif(s.peer IS NULL, t.id, NULL)
WHERE s.user = (SELECT num FROM users WHERE id = :user)
"""


# -- topics ----------------------------------------------------------------------------------------


def create_topic(db: apsw.Connection, topic: TopicRecord, subs: Iterable[Subscription]) -> None:
    """Adds a topic; one that was deleted may come back, empty."""
    row = fetch_one(
        db,
        "INSERT INTO topics (name, seq, touched, del_id) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, touched = excluded.touched,"
        " del_id = excluded.del_id WHERE seq < 0 RETURNING id",
        (topic.name, topic.seq, topic.touched, topic.del_id),
    )
    if row is None:
        raise Duplicate("topic")
    (key,) = row
    messages.finish_erasing(db, key)
    description = values(topic, DESCRIPTION) | {"topic": key}
    db.execute(insert("descriptions", list(description)), description)
    tags.save(db, topic.name, topic.tags)
    save_subscriptions(db, subs)


def load_topic(db: apsw.Connection, name: str) -> tuple[TopicRecord, list[Member]] | None:
    """A topic and its members; of a chat of two also a side that left."""
    with transaction(db):
        row = fetch_one(
            db,
            f"SELECT {', '.join(COUNTERS + DESCRIPTION)}, {tags.OF.format(holder='name')},"
            " id, subscribers FROM topics JOIN descriptions ON topic = id WHERE name = ?",
            (name,),
        )
        if row is None:
            return None
        *values, tag_list, key, subscribers = row
        members = _members(db, name, key)
    record = TopicRecord(name, **dict(zip(COUNTERS + DESCRIPTION, values, strict=True)))
    record.channel = record.channel == 1
    record.tags = json.loads(tag_list)
    record.readers = subscribers - sum(member.sub.deleted is None for member in members)
    return record, members


def _members(db: apsw.Connection, name: str, key: int) -> list[Member]:
    left_too = "" if name.startswith("p2p") else "AND s.deleted IS NULL"
    rows = fetch_all(
        db,
        f"SELECT u.id, u.public, u.trusted, u.updated, {SUBSCRIPTION} FROM subscriptions s"
        " JOIN topics t ON t.id = s.topic JOIN users u ON u.num = s.user"
        f" WHERE s.topic = ? AND s.reader = 0 {left_too}",
        (key,),
    )
    return [
        Member(_subscription(name, user, row), public, trusted, updated)
        for user, public, trusted, updated, *row in rows
    ]


def update_topic(db: apsw.Connection, name: str, changes: dict[str, Any]) -> None:
    """Sets fields; their names were checked."""
    key = messages.topic_id(db, name)
    if not key:
        return
    for table, column, known in (
        ("topics", "id", COUNTERS),
        ("descriptions", "topic", DESCRIPTION),
    ):
        columns = [field for field in changes if field in known]
        if columns:
            db.execute(
                f"UPDATE {table} SET {assignments(columns)} WHERE {column} = :key",
                changes | {"key": key},
            )
    if "tags" in changes:
        tags.save(db, name, changes["tags"])


def delete_topic(db: apsw.Connection, name: str, at: int) -> None:
    """Erases a topic; its name and its subscriptions stay, marked as deleted."""
    row = fetch_one(db, "SELECT id, seq FROM topics WHERE name = ? AND seq >= 0", (name,))
    if row is None:
        return
    key, last = row
    db.execute(
        "UPDATE subscriptions SET deleted = ? WHERE topic = ? AND deleted IS NULL", (at, key)
    )
    messages.forget(db, key, last)
    db.execute("DELETE FROM descriptions WHERE topic = ?", (key,))
    db.execute("DELETE FROM tags WHERE holder = ?", (name,))
    db.execute("DELETE FROM file_uses WHERE target = ?", (name,))
    db.execute("UPDATE topics SET seq = -1, del_id = 0, cleared = 0 WHERE id = ?", (key,))


def owned_topics(db: apsw.Connection, user: str) -> list[str]:
    """Groups and channels of an owner."""
    rows = fetch_all(
        db,
        "SELECT name FROM descriptions JOIN topics ON id = topic"
        " WHERE owner = ? AND owner <> '' AND name GLOB 'grp*'",
        (user,),
    )
    return [name for (name,) in rows]


# -- subscriptions ---------------------------------------------------------------------------------


SUBSCRIBE = f"""
INSERT INTO subscriptions (user, topic, peer, {", ".join(SUBSCRIBED)})
VALUES (
    (SELECT num FROM users WHERE id = :user),
    (SELECT id FROM topics WHERE name = :topic AND seq >= :least),
    iif(:peer IS NULL, NULL, coalesce((SELECT num FROM users WHERE id = :peer), 0)),
    {", ".join(":" + column for column in SUBSCRIBED)}
) ON CONFLICT (user, topic) DO UPDATE SET {assignments(SUBSCRIBED, "excluded.{}")}
"""


def save_subscriptions(db: apsw.Connection, subs: Iterable[Subscription], least: int = 0) -> None:
    """Adds or replaces each; an unknown user or topic breaks a rule of the schema.

    With `least` = -1 the topics may be deleted ones.
    """
    db.executemany(
        SUBSCRIBE,
        [
            values(sub, SUBSCRIBED)
            | {"user": sub.user, "topic": sub.topic, "peer": _peer(sub), "least": least}
            for sub in subs
        ],
    )


def _peer(sub: Subscription) -> str | None:
    return ids.p2p_peer(sub.topic, sub.user) if sub.topic.startswith("p2p") else None


def _subscription(topic: str, user: str, row: Iterable[Any]) -> Subscription:
    values = list(row)
    values[READER_AT] = values[READER_AT] == 1
    return Subscription(topic, user, *values)


def load_subscription(db: apsw.Connection, topic: str, user: str) -> Subscription | None:
    """One that is not deleted."""
    row = fetch_one(
        db,
        f"SELECT {SUBSCRIPTION} FROM subscriptions s JOIN topics t ON t.id = s.topic"
        " WHERE s.user = (SELECT num FROM users WHERE id = ?) AND t.name = ?"
        " AND s.deleted IS NULL",
        (user, topic),
    )
    return _subscription(topic, user, row) if row else None


def contacts(db: apsw.Connection, user: str, deleted_since: int | None) -> list[Contact]:
    """A user's conversations; with a time also those left or deleted after it."""
    if deleted_since is None:
        return _contacts(db, user, "AND s.deleted IS NULL", {})
    return _contacts(
        db, user, "AND (s.deleted IS NULL OR s.deleted > :since)", {"since": deleted_since}
    )


def contact(db: apsw.Connection, user: str, topic: str) -> Contact | None:
    """One of them."""
    where = "AND t.name = :topic AND s.deleted IS NULL"
    found = _contacts(db, user, where, {"topic": topic})
    return found[0] if found else None


def _contacts(
    db: apsw.Connection, user: str, where: str, values: dict[str, str | int]
) -> list[Contact]:
    rows = fetch_all(db, CONTACTS + where, values | {"user": user})
    # Every login does this. For 57 rows it takes 43 µs; built from slices of the row it took 57.
    return [
        Contact(
            Subscription(
                name, user, want, given, created, updated, read, recv, cleared, reader == 1,
                private, deleted,
            ),
            changed, touched, seq, members, channel == 1, public, trusted, seen_at, seen_ua,
            gone == 1,
        )
        for name, want, given, created, updated, read, recv, cleared, reader, private, deleted,
            changed, touched, seq, members, channel, public, trusted, seen_at, seen_ua, gone in rows
    ]  # fmt: skip


def save_marks(db: apsw.Connection, marks: Iterable[Mark]) -> None:
    """Raises marks."""
    db.executemany(
        "UPDATE subscriptions SET read = max(read, ?1), recv = max(recv, ?2)"
        " WHERE user = (SELECT num FROM users WHERE id = ?3)"
        " AND topic = (SELECT id FROM topics WHERE name = ?4) AND (read < ?1 OR recv < ?2)",
        [(mark.read, mark.recv, mark.user, mark.topic) for mark in marks],
    )
