"""Accounts, the names they log in with, their credentials."""
# ruff: noqa: S608 (statements are put together from constants and checked names only)

import json
from collections.abc import Iterable
from typing import Any

import apsw

from pipit.core import ids
from pipit.store.records import CredentialRecord, LoginRecord, User
from pipit.store.sqlite import tags, topics
from pipit.store.sqlite.sql import assignments, fetch_all, fetch_one, insert, names, values

COLUMNS = names(User, "tags")
"""Those of `users`, but for `num`."""

CHANGEABLE = names(User, "id", "tags")

USER = ", ".join(tags.OF.format(holder="id") if f == "tags" else f for f in names(User))
"""The fields of User, in order."""

TAGS_AT = names(User).index("tags")

CREDENTIAL = names(CredentialRecord)


def create_user(
    db: apsw.Connection,
    user: User,
    login: LoginRecord | None,
    credentials: Iterable[CredentialRecord],
) -> None:
    """Adds an account with all that belongs to it."""
    db.execute(insert("users", COLUMNS), values(user, COLUMNS))
    tags.save(db, user.id, user.tags)
    if login is not None:
        save_login(db, login)
    for credential in credentials:
        save_credential(db, credential)


def load_user(db: apsw.Connection, user: str) -> User | None:
    """One account, unless it is deleted."""
    row = fetch_one(db, f"SELECT {USER} FROM users WHERE id = ? AND state <> 'del'", (user,))
    return to_user(row) if row else None


def load_users(db: apsw.Connection, users: Iterable[str]) -> dict[str, User]:
    """Those accounts that exist."""
    rows = fetch_all(
        db,
        f"SELECT {USER} FROM (SELECT value AS wanted FROM json_each(?))"
        " CROSS JOIN users ON id = wanted WHERE state <> 'del'",
        (json.dumps(list(users)),),
    )
    return {row[0]: to_user(row) for row in rows}


def list_users(
    db: apsw.Connection, after: tuple[int, int], limit: int
) -> tuple[list[User], tuple[int, int]]:
    """Accounts by age, those after (created, num); and what to give for the next ones."""
    rows = fetch_all(
        db,
        f"SELECT {USER}, num FROM users WHERE (created, num) > (?, ?) AND state <> 'del'"
        " ORDER BY created, num LIMIT ?",
        (*after, limit),
    )
    users = [to_user(row[:-1]) for row in rows]
    return users, (users[-1].created, rows[-1][-1]) if rows else after


def to_user(row: Iterable[Any]) -> User:
    """The account of a row of USER."""
    values = list(row)
    values[TAGS_AT] = json.loads(values[TAGS_AT])
    return User(*values)


def update_user(db: apsw.Connection, user: str, changes: dict[str, Any]) -> None:
    """Sets fields; their names were checked."""
    if load_user(db, user) is None:
        return
    columns = [name for name in changes if name in CHANGEABLE]
    if columns:
        settings = assignments(columns)
        db.execute(f"UPDATE users SET {settings} WHERE id = :id", changes | {"id": user})
    if "tags" in changes:
        tags.save(db, user, changes["tags"])


def delete_user(db: apsw.Connection, user: str, at: int) -> None:
    """Erases an account; a row in state "del" stays, by which chats of two know that it is gone."""
    row = fetch_one(db, "SELECT num FROM users WHERE id = ? AND state <> 'del'", (user,))
    if row is None:
        return
    (num,) = row
    db.execute(
        "UPDATE users SET state = 'del', updated = ?, seen_at = NULL, seen_ua = '',"
        " public = NULL, trusted = NULL, private = NULL, search = NULL WHERE num = ?",
        (at, num),
    )
    topics.delete_topic(db, ids.slf_name(user), at)
    for table in ("deletions", "hidden"):
        db.execute(
            f"DELETE FROM {table} WHERE user = ?"
            " AND topic IN (SELECT topic FROM subscriptions WHERE user = ?)",
            (user, num),
        )
    db.execute("DELETE FROM subscriptions WHERE user = ?", (num,))
    db.execute("DELETE FROM logins WHERE user = ?", (user,))
    db.execute("DELETE FROM credentials WHERE user = ?", (user,))
    db.execute("DELETE FROM tags WHERE holder = ?", (user,))
    db.execute("DELETE FROM file_uses WHERE target = ?", (user,))


def standings(db: apsw.Connection) -> list[tuple[str, int, str]]:
    """(user, token_gen, state) of those that are not as they were made."""
    return fetch_all(
        db, "SELECT id, token_gen, state FROM users WHERE token_gen <> 0 OR state <> 'ok'"
    )


def save_seen(db: apsw.Connection, seen: Iterable[tuple[str, int, str]]) -> None:
    """Notes when users were last online."""
    db.executemany(
        "UPDATE users SET seen_at = ?2, seen_ua = ?3 WHERE id = ?1 AND state <> 'del'", seen
    )


# -- logins ----------------------------------------------------------------------------------------


def find_login(db: apsw.Connection, scheme: str, login: str) -> LoginRecord | None:
    """By name."""
    row = fetch_one(
        db,
        "SELECT user, scheme, login, secret FROM logins WHERE scheme = ? AND login = ?",
        (scheme, login),
    )
    return LoginRecord(*row) if row else None


def login_of(db: apsw.Connection, user: str, scheme: str) -> LoginRecord | None:
    """By account."""
    row = fetch_one(
        db,
        "SELECT user, scheme, login, secret FROM logins WHERE user = ? AND scheme = ?",
        (user, scheme),
    )
    return LoginRecord(*row) if row else None


def save_login(db: apsw.Connection, record: LoginRecord) -> None:
    """Adds or replaces it."""
    db.execute(
        "INSERT INTO logins (user, scheme, login, secret) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (user, scheme) DO UPDATE"
        " SET login = excluded.login, secret = excluded.secret",
        (record.user, record.scheme, record.login, record.secret),
    )


# -- credentials -----------------------------------------------------------------------------------


def save_credential(db: apsw.Connection, record: CredentialRecord) -> None:
    """Adds or replaces it, in its place."""
    db.execute(
        insert("credentials", CREDENTIAL)
        + " ON CONFLICT (user, method, value) DO UPDATE SET "
        + assignments(CREDENTIAL[3:], "excluded.{}"),
        values(record, CREDENTIAL),
    )


def credentials_of(db: apsw.Connection, user: str) -> list[CredentialRecord]:
    """An account's, in the order they were added."""
    return _credentials(db, "user = ? ORDER BY rowid", user)


def find_credential(db: apsw.Connection, method: str, value: str) -> CredentialRecord | None:
    """The confirmed one."""
    found = _credentials(db, "method = ? AND value = ? AND done", method, value)
    return found[0] if found else None


def _credentials(db: apsw.Connection, where: str, *values: str) -> list[CredentialRecord]:
    sql = f"SELECT {', '.join(CREDENTIAL)} FROM credentials WHERE {where}"
    rows = fetch_all(db, sql, values)
    return [
        CredentialRecord(user, method, value, done == 1, code, tries, created)
        for user, method, value, done, code, tries, created in rows
    ]


def delete_credential(db: apsw.Connection, user: str, method: str, value: str) -> bool:
    """Whether there was one."""
    db.execute(
        "DELETE FROM credentials WHERE user = ? AND method = ? AND value = ?", (user, method, value)
    )
    return db.changes() > 0
