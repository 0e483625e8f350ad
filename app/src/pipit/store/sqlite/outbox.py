"""Events that wait for the message queue."""

from collections.abc import Iterable, Sequence

import apsw

from pipit.store.sqlite.sql import fetch_all, fetch_one


def put(db: apsw.Connection, events: Sequence[bytes]) -> None:
    """Appends them."""
    db.executemany("INSERT INTO outbox (event) VALUES (?)", [(event,) for event in events])


def oldest(db: apsw.Connection, limit: int) -> list[tuple[int, bytes]]:
    """Numbers and events."""
    return fetch_all(db, "SELECT number, event FROM outbox ORDER BY number LIMIT ?", (limit,))


def drop(db: apsw.Connection, numbers: Iterable[int]) -> None:
    """Forgets them."""
    db.executemany("DELETE FROM outbox WHERE number = ?", [(number,) for number in numbers])


def size(db: apsw.Connection) -> int:
    """How many there are."""
    return int(fetch_one(db, "SELECT count(*) FROM outbox")[0])
