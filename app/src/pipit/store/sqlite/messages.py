"""Messages that are stored: paging through them, hiding and erasing them."""
# ruff: noqa: S608 (statements are put together from constants only)

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apsw

from pipit.core import ranges
from pipit.core.ranges import Span
from pipit.store.records import Deletion, Message
from pipit.store.sqlite.sql import fetch_all, fetch_one, transaction

END = 1 << 32
"""No message number reaches this: a message's key is its topic's id << 32 | its number."""

SLICE = 1000
"""So many messages are erased in one transaction, which holds up what else is written."""

COLUMNS = "id & 4294967295, ts, sender, content, head"


def topic_id(db: apsw.Connection, topic: str) -> int:
    """The key of a topic that is not deleted; 0 if there is none."""
    row = fetch_one(db, "SELECT id FROM topics WHERE name = ? AND seq >= 0", (topic,))
    return row[0] if row else 0


def page(
    db: apsw.Connection, topic: str, user: str, spans: Sequence[Span], limit: int
) -> list[Message]:
    """Messages that `user` sees, highest number first."""
    found: list[Message] = []
    with transaction(db):
        key = topic_id(db, topic)
        for span in reversed(_present(db, key, spans)):
            for low, hi in _visible(db, key, user, span):
                if len(found) >= limit:
                    return found
                rows = _rows(db, key, (low, hi), "DESC", limit - len(found))
                found += [Message(topic, *row) for row in rows]
    return found


def oldest(db: apsw.Connection, topic: str, spans: Sequence[Span]) -> Message | None:
    """The lowest-numbered message that is not erased."""
    with transaction(db):
        key = topic_id(db, topic)
        for span in _present(db, key, spans):
            for row in _rows(db, key, span, "ASC", 1):
                return Message(topic, *row)
    return None


def _rows(db: apsw.Connection, key: int, span: Span, order: str, limit: int) -> list[Any]:
    sql = f"SELECT {COLUMNS} FROM messages WHERE id >= ? AND id < ? ORDER BY id {order} LIMIT ?"
    return fetch_all(db, sql, (*_keys(key, span), limit))


def _keys(key: int, span: Span) -> tuple[int, int]:
    """A span of numbers as one of keys."""
    return key << 32 | span[0], key << 32 | span[1]


def _erasures(db: apsw.Connection, key: int) -> list[Span]:
    return fetch_all(db, "SELECT low, hi FROM erasures WHERE topic = ?", (key,))


def _present(db: apsw.Connection, key: int, spans: Iterable[Span]) -> list[Span]:
    """The parts of the spans, in rising order, that can hold messages and are not being erased."""
    left = ranges.clip(ranges.join(spans), 1, END - 1)
    for low, hi in _erasures(db, key):
        left = ranges.clip(left, 1, low) + ranges.clip(left, hi, END - 1)
    return left


def _visible(db: apsw.Connection, key: int, user: str, span: Span) -> Iterator[Span]:
    """The parts of a span that are not hidden from `user`, highest first."""
    low, hi = span
    hidden: Iterable[Any] = db.execute(
        "SELECT low, hi FROM hidden WHERE topic = ? AND user = ? AND low < ? ORDER BY low DESC",
        (key, user, hi),
    )
    for hidden_low, hidden_hi in hidden:
        if hidden_hi <= low:
            break
        if hidden_hi < hi:
            yield hidden_hi, hi
        hi = hidden_low
    if low < hi:
        yield low, hi


# -- deleting --------------------------------------------------------------------------------------


def delete(db: apsw.Connection, topic: str, del_id: int, user: str, spans: Sequence[Span]) -> None:
    """Hides messages from `user`, or ("") erases them for everybody."""
    key = topic_id(db, topic)
    if not key:
        return
    spans = ranges.clip(ranges.join(spans), 1, END - 1)
    db.executemany(
        "INSERT INTO deletions VALUES (?, ?, ?, ?, ?)",
        [(key, user, del_id, low, hi) for low, hi in spans],
    )
    db.execute("UPDATE topics SET del_id = ? WHERE id = ?", (del_id, key))
    if user:
        _hide(db, key, user, del_id, spans)
        return
    db.execute("UPDATE topics SET cleared = ? WHERE id = ?", (del_id, key))
    for low, hi in spans:
        db.execute(
            "DELETE FROM file_uses WHERE target = ? AND seq >= ? AND seq < ?", (topic, low, hi)
        )
        erase(db, key, (low, hi))


def _hide(db: apsw.Connection, key: int, user: str, del_id: int, spans: Iterable[Span]) -> None:
    db.execute(
        "UPDATE subscriptions SET cleared = ? WHERE topic = ?"
        " AND user = (SELECT num FROM users WHERE id = ?)",
        (del_id, key, user),
    )
    for low, hi in spans:
        touching = _take_touching(db, key, user, low, hi)
        whole = ranges.join([*touching, (low, hi)])
        db.executemany("INSERT INTO hidden VALUES (?, ?, ?, ?)", [(key, user, *s) for s in whole])


def _take_touching(db: apsw.Connection, key: int, user: str, low: int, hi: int) -> list[Span]:
    """Takes away the hidden spans that overlap or touch [low, hi)."""
    taken: list[Span] = []
    rows: Iterable[Any] = db.execute(
        "SELECT low, hi FROM hidden WHERE topic = ? AND user = ? AND low <= ? ORDER BY low DESC",
        (key, user, hi),
    )
    for span in rows:
        if span[1] < low:
            break
        taken.append(span)
    db.executemany(
        "DELETE FROM hidden WHERE topic = ? AND user = ? AND low = ?",
        [(key, user, span[0]) for span in taken],
    )
    return taken


def erase(db: apsw.Connection, key: int, span: Span) -> None:
    """Erases messages of a topic: at once if they are few, else bit by bit (`erase_slice`)."""
    low, hi = span
    if hi - low <= SLICE:
        _erase_now(db, key, span)
        return
    db.execute(
        "INSERT INTO erasures VALUES (?, ?, ?)"
        " ON CONFLICT (topic, low) DO UPDATE SET hi = max(hi, excluded.hi)",
        (key, low, hi),
    )


def _erase_now(db: apsw.Connection, key: int, span: Span) -> None:
    db.execute("DELETE FROM messages WHERE id >= ? AND id < ?", _keys(key, span))


def erase_slice(db: apsw.Connection) -> bool:
    """Erases some of what `erase` left to do; whether there may be more."""
    waiting = fetch_one(db, "SELECT topic, low, hi FROM erasures LIMIT 1")
    if waiting is None:
        return False
    key, low, hi = waiting
    with transaction(db, "IMMEDIATE"):
        db.execute(
            "DELETE FROM messages WHERE id IN"
            " (SELECT id FROM messages WHERE id >= ? AND id < ? LIMIT ?)",
            (*_keys(key, (low, hi)), SLICE),
        )
        if db.changes() < SLICE:
            db.execute("DELETE FROM erasures WHERE topic = ? AND low = ?", (key, low))
    return True


def deletions(
    db: apsw.Connection, topic: str, user: str, since: int, before: int, limit: int
) -> list[Deletion]:
    """What was deleted for `user` or everybody, by transaction number."""
    rows = fetch_all(
        db,
        """
        SELECT del_id, user, low, hi FROM deletions
        WHERE topic = ?1 AND user = '' AND del_id >= ?3 AND del_id < ?4
        UNION ALL
        SELECT del_id, user, low, hi FROM deletions
        WHERE topic = ?1 AND user = ?2 AND user <> '' AND del_id >= ?3 AND del_id < ?4
        ORDER BY del_id, low LIMIT ?5
        """,
        (topic_id(db, topic), user, since, before, max(limit, 0)),
    )
    return [Deletion(*row) for row in rows]


def forget(db: apsw.Connection, key: int, last: int) -> None:
    """Erases all of a topic up to message `last`, and what was deleted or hidden in it."""
    erase(db, key, (1, last + 1))
    db.execute("DELETE FROM deletions WHERE topic = ?", (key,))
    db.execute("DELETE FROM hidden WHERE topic = ?", (key,))


def finish_erasing(db: apsw.Connection, key: int) -> None:
    """Erases at once what is left to erase in a topic, before its key is used again."""
    for span in _erasures(db, key):
        _erase_now(db, key, span)
    db.execute("DELETE FROM erasures WHERE topic = ?", (key,))
