"""Small helpers around SQL: running it, and writing it for a record's fields."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import apsw
from msgspec import Struct

Values = Sequence[Any] | Mapping[str, Any]


def fetch_all(db: apsw.Connection, sql: str, values: Values = ()) -> list[Any]:
    """All rows of a query, as tuples."""
    return db.execute(sql, values).fetchall()


def fetch_one(db: apsw.Connection, sql: str, values: Values = ()) -> Any:
    """The first row of a query as a tuple; None without rows."""
    return db.execute(sql, values).fetchone()


@contextmanager
def transaction(db: apsw.Connection, kind: str = "DEFERRED") -> Iterator[None]:
    """All of it or nothing; reads within see one and the same state."""
    db.execute(f"BEGIN {kind}")
    try:
        yield
        db.execute("COMMIT")
    finally:
        roll_back(db)


def roll_back(db: apsw.Connection) -> None:
    """Ends a transaction that SQLite has not ended by itself, as it does on some faults."""
    if db.in_transaction:
        db.execute("ROLLBACK")


def names(record: type[Struct], *but: str) -> list[str]:
    """The fields of a record class, in order, but for some."""
    return [name for name in record.__struct_fields__ if name not in but]


def insert(table: str, columns: Sequence[str]) -> str:
    """A statement that adds a row of these columns, bound by name."""
    values = ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608


def assignments(columns: Sequence[str], value: str = ":{}") -> str:
    """What stands after SET, e.g. `a = :a, b = :b`."""
    return ", ".join(f"{column} = {value.format(column)}" for column in columns)


def values(record: object, columns: Sequence[str]) -> dict[str, Any]:
    """A record's values, to bind by name."""
    return {column: getattr(record, column) for column in columns}
