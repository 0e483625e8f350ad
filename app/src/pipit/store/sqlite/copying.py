"""One side of a copy (store/copying.py) that is an SQLite database."""
# ruff: noqa: S608 (statements are put together from constants only)

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from pipit.store.base import StoreError
from pipit.store.copying import Account, Event, Hidden, Mark, Topic, TopicDeletion, Upload
from pipit.store.records import (
    Deletion,
    FileRecord,
    FileUse,
    LoginRecord,
    Message,
    Subscription,
    TopicRecord,
)
from pipit.store.sqlite import accounts, database, files, messages, tags, topics
from pipit.store.sqlite.sql import fetch_all, fetch_one, insert, transaction, values

Key = tuple[int | str, ...]


class SqliteSide:
    """See pipit.store.copying.Side. `path`: the file."""

    def __init__(self, path: Path) -> None:
        self.name = f"sqlite:{path.absolute()}"
        self._path = path
        self._lock: int | None = None
        self._db: apsw.Connection | None = None

    async def open(self) -> None:
        self._lock = database.lock(self._path)
        self._db = await asyncio.to_thread(database.open_for_writing, self._path, unfinished=True)
        while await self._run(messages.erase_slice):
            pass

    async def close(self) -> None:
        if self._db is not None:
            self._db.close()
        if self._lock is not None:
            os.close(self._lock)

    async def _run(self, work: Callable[..., Any], *args: Any) -> Any:
        assert self._db is not None
        try:
            return await asyncio.to_thread(work, self._db, *args)
        except apsw.Error as fault:
            raise StoreError(f"{self.name}: {fault}") from None

    async def mark(self) -> Mark | None:
        found = await self._run(database.copy_mark)
        return msgspec.msgpack.decode(found, type=Mark) if found else None

    async def set_mark(self, mark: Mark | None) -> None:
        await self._run(database.set_copy_mark, mark and msgspec.msgpack.encode(mark))

    async def count(self, kind: str) -> int:
        return int((await self._run(fetch_one, f"SELECT count(*) FROM {_COUNTED[kind]}"))[0])

    async def read(self, kind: str, after: Any, limit: int) -> tuple[list[Struct], Any]:
        rows: list[Struct]
        rows, last = await self._run(_READERS[kind], tuple(after or ()), limit)
        return rows, last

    async def write(self, kind: str, rows: Sequence[Any]) -> None:
        await self._run(_write_all, kind, rows)

    async def finish(self) -> None:
        """Triggers have counted the subscribers."""


_COUNTED = {
    "accounts": "users",
    "topics": "descriptions",
    "subscriptions": "subscriptions",
    "messages": "messages",
    "deletions": "deletions",
    "hidden": "hidden",
    "files": "files",
    "outbox": "outbox",
}
"""The table whose rows are those of a kind."""


# -- reading ---------------------------------------------------------------------------------------


def _page(
    db: apsw.Connection, select: str, key: Sequence[str], after: Key, limit: int
) -> list[Any]:
    """Rows in the order of a key, those after one; `select` names the key's columns last."""
    start = after or (-(1 << 63),) + ("",) * (len(key) - 1)
    columns, marks = ", ".join(key), ", ".join("?" * len(key))
    sql = f"{select} WHERE ({columns}) > ({marks}) ORDER BY {columns} LIMIT ?"
    return fetch_all(db, sql, (*start, limit))


def _read_accounts(db: apsw.Connection, after: Key, limit: int) -> tuple[list[Account], Any]:
    rows = _page(db, f"SELECT {accounts.USER}, num FROM users", ["num"], after, limit)
    return [_account(db, row) for row in rows], rows[-1][-1:] if rows else None


def _account(db: apsw.Connection, row: Any) -> Account:
    user = accounts.to_user(row[:-1])
    logins = fetch_all(
        db,
        "SELECT user, scheme, login, secret FROM logins WHERE user = ? ORDER BY scheme",
        (user.id,),
    )
    found = [LoginRecord(*login) for login in logins]
    return Account(user, found, accounts.credentials_of(db, user.id))


def _read_topics(db: apsw.Connection, after: Key, limit: int) -> tuple[list[Topic], Any]:
    columns = topics.COUNTERS + topics.DESCRIPTION
    select = (
        f"SELECT name, cleared, {tags.OF.format(holder='name')}, {', '.join(columns)}, id"
        " FROM topics JOIN descriptions ON topic = id"
    )
    rows = _page(db, select, ["id"], after, limit)
    return [_topic(row, columns) for row in rows], rows[-1][-1:] if rows else None


def _topic(row: Any, columns: Sequence[str]) -> Topic:
    name, cleared, tag_list, *rest = row
    record = TopicRecord(name, **dict(zip(columns, rest[:-1], strict=True)))
    record.channel = record.channel == 1
    record.tags = msgspec.json.decode(tag_list)
    return Topic(record, cleared)


def _read_subscriptions(
    db: apsw.Connection, after: Key, limit: int
) -> tuple[list[Subscription], Any]:
    columns = ", ".join(f"s.{name}" for name in topics.SUBSCRIBED)
    select = (
        f"SELECT t.name, u.id, {columns}, s.user, s.topic"
        " FROM subscriptions s JOIN topics t ON t.id = s.topic JOIN users u ON u.num = s.user"
    )
    rows = _page(db, select, ["s.user", "s.topic"], after, limit)
    found = [Subscription(*row[:-2]) for row in rows]
    for sub in found:
        sub.reader = bool(sub.reader)
    return found, rows[-1][-2:] if rows else None


def _read_messages(db: apsw.Connection, after: Key, limit: int) -> tuple[list[Message], Any]:
    select = (
        "SELECT t.name, m.id & 4294967295, m.ts, m.sender, m.content, m.head, m.id"
        " FROM messages m JOIN topics t ON t.id = m.id >> 32"
    )
    rows = _page(db, select, ["m.id"], after, limit)
    return [Message(*row[:-1]) for row in rows], rows[-1][-1:] if rows else None


def _read_deletions(db: apsw.Connection, after: Key, limit: int) -> tuple[list[TopicDeletion], Any]:
    select = (
        "SELECT t.name, d.del_id, d.user, d.low, d.hi, d.topic, d.user, d.del_id, d.low"
        " FROM deletions d JOIN topics t ON t.id = d.topic"
    )
    rows = _page(db, select, ["d.topic", "d.user", "d.del_id", "d.low"], after, limit)
    found = [TopicDeletion(row[0], Deletion(*row[1:5])) for row in rows]
    return found, rows[-1][-4:] if rows else None


def _read_hidden(db: apsw.Connection, after: Key, limit: int) -> tuple[list[Hidden], Any]:
    select = (
        "SELECT t.name, h.user, h.low, h.hi, h.topic, h.user, h.low"
        " FROM hidden h JOIN topics t ON t.id = h.topic"
    )
    rows = _page(db, select, ["h.topic", "h.user", "h.low"], after, limit)
    return [Hidden(*row[:4]) for row in rows], rows[-1][-3:] if rows else None


def _read_files(db: apsw.Connection, after: Key, limit: int) -> tuple[list[Upload], Any]:
    sql = f"SELECT {files.FILE} FROM files WHERE id > ? ORDER BY id LIMIT ?"
    found = [FileRecord(*row) for row in fetch_all(db, sql, (*(after or ("",)), limit))]
    return [Upload(one, _uses(db, one)) for one in found], (found[-1].id,) if found else None


def _uses(db: apsw.Connection, file: FileRecord) -> list[FileUse]:
    return sorted(files.file_uses(db, file.id), key=lambda use: (use.target, use.seq))


def _read_outbox(db: apsw.Connection, after: Key, limit: int) -> tuple[list[Event], Any]:
    rows = _page(db, "SELECT event, number FROM outbox", ["number"], after, limit)
    return [Event(number, event) for event, number in rows], rows[-1][-1:] if rows else None


_READERS: dict[str, Callable[[apsw.Connection, Key, int], tuple[Any, Any]]] = {
    "accounts": _read_accounts,
    "topics": _read_topics,
    "subscriptions": _read_subscriptions,
    "messages": _read_messages,
    "deletions": _read_deletions,
    "hidden": _read_hidden,
    "files": _read_files,
    "outbox": _read_outbox,
}


# -- writing ---------------------------------------------------------------------------------------


def _write_all(db: apsw.Connection, kind: str, rows: Iterable[Any]) -> None:
    with transaction(db, "IMMEDIATE"):
        for row in rows:
            _WRITERS[kind](db, row)


def _write_account(db: apsw.Connection, row: Account) -> None:
    _replace(db, "users", ["id"], values(row.user, accounts.COLUMNS))
    tags.save(db, row.user.id, row.user.tags)
    for login in row.logins:
        accounts.save_login(db, login)
    for credential in row.credentials:
        accounts.save_credential(db, credential)


def _replace(db: apsw.Connection, table: str, key: Sequence[str], row: dict[str, Any]) -> None:
    """Adds a row, or replaces the one with its key in its place."""
    names = list(row)
    put = ", ".join(f"{name} = excluded.{name}" for name in names)
    db.execute(f"{insert(table, names)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {put}", row)


def _write_topic(db: apsw.Connection, row: Topic) -> None:
    counters = values(row.record, ["name", *topics.COUNTERS]) | {"cleared": row.cleared}
    _replace(db, "topics", ["name"], counters)
    key = messages.topic_id(db, row.record.name)
    _replace(db, "descriptions", ["topic"], values(row.record, topics.DESCRIPTION) | {"topic": key})
    tags.save(db, row.record.name, row.record.tags)


def _write_subscription(db: apsw.Connection, sub: Subscription) -> None:
    """Also of a topic that is deleted: it keeps its name by a row without a description."""
    db.execute(
        "INSERT OR IGNORE INTO topics (name, seq, touched, del_id) VALUES (?, -1, 0, 0)",
        (sub.topic,),
    )
    topics.save_subscriptions(db, [sub], least=-1)


def _write_message(db: apsw.Connection, m: Message) -> None:
    key = messages.topic_id(db, m.topic)
    db.execute(
        "INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?, ?)",
        (key << 32 | m.seq, m.ts, m.sender, m.head, m.content),
    )


def _write_deletion(db: apsw.Connection, row: TopicDeletion) -> None:
    key, one = messages.topic_id(db, row.topic), row.deletion
    db.execute(
        "INSERT OR REPLACE INTO deletions VALUES (?, ?, ?, ?, ?)",
        (key, one.user, one.del_id, one.low, one.hi),
    )


def _write_hidden(db: apsw.Connection, row: Hidden) -> None:
    key = messages.topic_id(db, row.topic)
    db.execute(
        "INSERT OR REPLACE INTO hidden VALUES (?, ?, ?, ?)", (key, row.user, row.low, row.hi)
    )


def _write_upload(db: apsw.Connection, row: Upload) -> None:
    _replace(db, "files", ["id"], values(row.file, files.COLUMNS))
    db.executemany(
        "INSERT OR IGNORE INTO file_uses VALUES (?, ?, ?)",
        [(use.file, use.target, use.seq) for use in row.uses],
    )


def _write_event(db: apsw.Connection, row: Event) -> None:
    db.execute(
        "INSERT OR REPLACE INTO outbox (number, event) VALUES (?, ?)", (row.number, row.event)
    )


_WRITERS: dict[str, Callable[[apsw.Connection, Any], None]] = {
    "accounts": _write_account,
    "topics": _write_topic,
    "subscriptions": _write_subscription,
    "messages": _write_message,
    "deletions": _write_deletion,
    "hidden": _write_hidden,
    "files": _write_upload,
    "outbox": _write_event,
}
