"""Collections and indexes, as numbered migrations: the document `schema` in `meta` says how many of
them the database has had.

Add a change as a new function at the end of MIGRATIONS; never alter one that was released. Each can
be run again after it was broken off half way: what is there already is passed over.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from pymongo import ASCENDING, IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from pipit.store.base import StoreError
from pipit.store.mongodb.database import Db, Doc

Migration = Callable[[Db], Awaitable[None]]


def _index(*keys: str, name: str, **options: object) -> IndexModel:
    return IndexModel([(key, ASCENDING) for key in keys], name=name, **options)


INDEXES: dict[str, list[IndexModel]] = {
    "users": [
        _index("created", "_id", name="by_age"),
        _index("tags", name="by_tag"),
        _index("claims", name="claims", unique=True, sparse=True),
        _index("state", name="by_state"),
        _index("token_gen", name="by_token_gen", partialFilterExpression={"token_gen": {"$gt": 0}}),
        _index("leaving", name="leaving", sparse=True),
    ],
    "aliases": [],
    "topics": [
        _index("key", name="key", unique=True),
        _index("tags", name="by_tag"),
        _index("owner", name="by_owner", sparse=True),
        _index("gone", name="gone", sparse=True),
        _index("pending.del_id", name="pending", sparse=True),
    ],
    "subscriptions": [_index("_id.topic", "deleted", "reader", name="by_topic")],
    "messages": [],
    "erasures": [],
    "deletions": [],
    "hidden": [],
    "files": [
        _index("owner", "size", name="by_owner"),
        _index("uses.target", "uses.seq", name="by_use"),
        _index("uses", "created", name="unused"),
    ],
    "outbox": [],
    "meta": [],
}
"""By collection, beside the one of `_id` that each has."""


OPTIONS: dict[str, Doc] = {
    "messages": {"storageEngine": {"wiredTiger": {"configString": "block_compressor=zstd"}}}
}
"""What is not MongoDB's default. Measured with 100,000 messages of 82 bytes on average, bytes a
message on disk without and with the index: zstd 57 and 68, snappy (the default) 79 and 90.
"""


async def _tables(db: Db) -> None:
    for name, indexes in INDEXES.items():
        with suppress(CollectionInvalid):  # it is there already
            await db.create_collection(name, **OPTIONS.get(name, {}))
        if indexes:
            await db[name].create_indexes(indexes)


MIGRATIONS: tuple[Migration, ...] = (_tables,)
"""What makes version n + 1 of version n, in order."""


async def version(db: Db) -> int:
    """How many migrations the database has had."""
    found = await db.meta.find_one({"_id": "schema"})
    return int(found["version"]) if found else 0


async def migrate(
    db: Db,
    migrations: Sequence[Migration] = MIGRATIONS,
    say: Callable[[int, int], None] = lambda version, last: None,
) -> None:
    """Runs those that the database has not had, and tells of each. Raises StoreError."""
    had = await version(db)
    await _check(db, had, len(migrations))
    for at in range(had, len(migrations)):
        say(at + 1, len(migrations))
        await migrations[at](db)
        await db.meta.update_one({"_id": "schema"}, {"$max": {"version": at + 1}}, upsert=True)


async def _check(db: Db, had: int, known: int) -> None:
    if had > known:
        raise StoreError(
            f"database {db.name} was made by a newer Pipit: it has version {had} of the"
            f" collections, this one knows up to {known}"
        )
    if not had:
        foreign = set(await db.list_collection_names()) - INDEXES.keys()
        if foreign:
            raise StoreError(
                f"database {db.name} belongs to another program: it holds {min(foreign)}"
            )


async def check_indexes(db: Db) -> None:
    """Makes indexes that somebody has dropped. Raises StoreError for one that is not as it was."""
    for name, indexes in INDEXES.items():
        there = await db[name].index_information()
        lacking = [index for index in indexes if index.document["name"] not in there]
        try:
            if lacking:
                await db[name].create_indexes(lacking)
        except OperationFailure as fault:
            raise StoreError(f"database {db.name}: no index of {name}: {fault.details}") from None
