"""Tags of users and topics, and the search for them."""

import json
from collections.abc import Iterable

import apsw

from pipit.core.tags import Query
from pipit.store.records import Found
from pipit.store.sqlite.sql import fetch_all, fetch_one, transaction

OF = "(SELECT json_group_array(tag ORDER BY tag) FROM tags WHERE holder = {holder})"
"""An expression: the tags of a holder as a JSON array, sorted."""


def save(db: apsw.Connection, holder: str, tags: Iterable[str]) -> None:
    """Makes these the tags of a user or topic."""
    db.execute("DELETE FROM tags WHERE holder = ?", (holder,))
    db.executemany("INSERT INTO tags VALUES (?, ?)", [(holder, tag) for tag in dict.fromkeys(tags)])


def holders(db: apsw.Connection, tags: Iterable[str]) -> list[str]:
    """Who has any of the tags."""
    rows = fetch_all(
        db,
        "SELECT DISTINCT holder FROM json_each(?) CROSS JOIN tags ON tag = value",
        (json.dumps(list(tags)),),
    )
    return [holder for (holder,) in rows]


def search(db: apsw.Connection, query: Query, limit: int) -> list[Found]:
    """Those that match, most matched tags first; users only in state "ok"."""
    found: list[Found] = []
    with transaction(db):
        for holder, matched in _candidates(db, query):
            if len(found) >= limit:
                break
            if query.matches(frozenset(matched)) and (one := _load(db, holder, matched)):
                found.append(one)
    return found


def _candidates(db: apsw.Connection, query: Query) -> Iterable[tuple[str, list[str]]]:
    """Holders of any of the query's tags, and which; those with the most first."""
    rows = fetch_all(
        db,
        "SELECT holder, json_group_array(tag ORDER BY tag)"
        " FROM json_each(?) CROSS JOIN tags ON tag = value"
        " GROUP BY holder ORDER BY count(*) DESC, holder",
        (json.dumps(list(query.tags)),),
    )
    return ((holder, json.loads(matched)) for holder, matched in rows)


def _load(db: apsw.Connection, holder: str, matched: list[str]) -> Found | None:
    row = fetch_one(
        db,
        "SELECT created, updated, defacs_auth, defacs_anon, 0, 0, public, trusted"
        " FROM users WHERE id = :holder AND state = 'ok'"
        " UNION ALL"
        " SELECT created, updated, defacs_auth, defacs_anon, channel, subscribers, public, trusted"
        " FROM topics JOIN descriptions ON topic = id WHERE name = :holder",
        {"holder": holder},
    )
    if row is None:
        return None
    created, updated, auth, anon, channel, members, public, trusted = row
    return Found(
        holder, created, updated, auth, anon, channel == 1, members, public, trusted, matched
    )
