"""Events that wait for the message queue."""

from collections.abc import Iterable, Sequence

from pymongo import ReturnDocument

from pipit.store.mongodb.database import Db


async def put(db: Db, events: Sequence[bytes]) -> None:
    """Appends them: first takes as many numbers."""
    if not events:
        return
    taken = await db.meta.find_one_and_update(
        {"_id": "outbox"},
        {"$inc": {"last": len(events)}},
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    assert taken is not None  # an upsert
    first = taken["last"] - len(events) + 1
    docs = [{"_id": first + at, "event": event} for at, event in enumerate(events)]
    await db.outbox.insert_many(docs)


async def oldest(db: Db, limit: int) -> list[tuple[int, bytes]]:
    """Numbers and events."""
    found = await db.outbox.find().sort({"_id": 1}).limit(limit).to_list()
    return [(doc["_id"], doc["event"]) for doc in found]


async def drop(db: Db, numbers: Iterable[int]) -> None:
    """Forgets them."""
    await db.outbox.delete_many({"_id": {"$in": list(numbers)}})


async def size(db: Db) -> int:
    """How many there are."""
    return await db.outbox.count_documents({})
