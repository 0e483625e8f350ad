"""Getting ready: is the server there and new enough, are the collections as they should be, what
did a crash leave undone.
"""

from collections.abc import Awaitable, Callable

from pymongo import AsyncMongoClient, ReturnDocument
from pymongo.errors import PyMongoError

from pipit.config.settings import Database
from pipit.store.base import StoreError, Unavailable
from pipit.store.mongodb import accounts, deleting, schema
from pipit.store.mongodb.database import Db, Doc, connect, database, disconnect, named, reason

OLDEST = (4, 4)
"""The oldest server version: the newest that runs on a Raspberry Pi 4."""


GetReady = Callable[[AsyncMongoClient[Doc], Database], Awaitable[None]]


async def get_ready(
    client: AsyncMongoClient[Doc], place: Database, *, unfinished: bool = False
) -> None:
    """Checks the server, brings the collections up to date, ends what was begun. Raises StoreError
    with a sentence; also for a copy that is not finished, unless `unfinished`.
    """
    try:
        await check_server(client, place)
        db = database(client, place.name)
        if not unfinished and await copy_mark(db):
            raise StoreError(
                f"database {named(place)} is an unfinished copy; run `pipit copy-store` to its end"
            )
        await schema.migrate(db)
        await schema.check_indexes(db)
        await _finish(db)
    except PyMongoError as fault:
        raise StoreError(f"database {named(place)} cannot be used: {reason(fault)}") from None


async def migrate(place: Database, say: Callable[[int, int], None]) -> tuple[int, int]:
    """Brings a database up to date; its version before and after. Raises StoreError."""
    client, _ = connect(place)
    try:
        await check_server(client, place)
        db = database(client, place.name)
        had = await schema.version(db)
        await schema.migrate(db, schema.MIGRATIONS, say)
        return had, len(schema.MIGRATIONS)
    except PyMongoError as fault:
        raise StoreError(f"database {named(place)} cannot be used: {reason(fault)}") from None
    finally:
        await disconnect(client)


async def check_only(client: AsyncMongoClient[Doc], place: Database) -> None:
    """Raises StoreError with a sentence if there is no database of this version."""
    try:
        await check_server(client, place)
        had = await schema.version(database(client, place.name))
    except PyMongoError as fault:
        raise StoreError(f"database {named(place)} cannot be used: {reason(fault)}") from None
    if not had:
        raise StoreError(f"database {named(place)} does not exist")
    if had != len(schema.MIGRATIONS):
        raise StoreError(
            f"database {named(place)} has version {had} of the collections, this Pipit reads "
            f"{len(schema.MIGRATIONS)}; run `pipit migrate`, or use the `pipit` that belongs to it"
        )


async def probe(place: Database) -> str:
    """The server's version, and that of the collections (0 before the first start).

    Raises StoreError.
    """
    client, _ = connect(place)
    try:
        server = await check_server(client, place)
        had = await schema.version(database(client, place.name))
    except PyMongoError as fault:
        raise StoreError(f"database {named(place)} gives no answer: {reason(fault)}") from None
    finally:
        await disconnect(client)
    return f"MongoDB {server}, version {had} of the collections"


async def check_server(client: AsyncMongoClient[Doc], place: Database) -> str:
    """The server's version. Raises StoreError if it is too old, PyMongoError without an answer."""
    found = str((await client.server_info())["version"])
    if tuple(map(int, found.split(".")[:2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise StoreError(
            f"database {named(place)}: MongoDB is {found}, Pipit needs {oldest} or newer"
        )
    return found


async def _finish(db: Db) -> None:
    """Ends deletions of accounts and topics; messages are erased later, by and by."""
    async for user in db.users.find({"leaving": {"$exists": True}}, {"leaving": 1, "tags": 1}):
        await accounts.finish_leaving(db, user["_id"], user["leaving"], user["tags"])
    async for topic in db.topics.find({"gone": {"$exists": True}}, {"_id": 1}):
        await deleting.finish_topic(db, topic["_id"])


async def beat(db: Db) -> None:
    """Writes something, and reads it."""
    beat = {"$inc": {"beat": 1}}
    written = await db.meta.find_one_and_update(
        {"_id": "pulse"}, beat, upsert=True, return_document=ReturnDocument.AFTER
    )
    found = await db.meta.find_one({"_id": "pulse"})
    if found is None or written is None or found["beat"] < written["beat"]:
        raise Unavailable("the database does not show what was written")


async def copy_mark(db: Db) -> Doc | None:
    """What `set_copy_mark` has kept."""
    return await db.meta.find_one({"_id": "copy"}, {"_id": 0})


async def set_copy_mark(db: Db, mark: Doc | None) -> None:
    """Marks the database as an unfinished copy, and how far it is; None: as a finished one."""
    if mark is None:
        await db.meta.delete_one({"_id": "copy"})
    else:
        await db.meta.replace_one({"_id": "copy"}, mark, upsert=True)
