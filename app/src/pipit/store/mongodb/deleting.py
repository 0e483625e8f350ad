"""What ends: messages, topics, memberships.

Each begins with one write that makes it so and notes what is left to do, and can be done again from
there: `pending` deletions and `gone` in a topic's document, `erasures` of a topic that is gone
already, `leaving` in an account's. What a crash leaves undone is done when the store is opened, or
when the topic is loaded.
"""

from collections.abc import AsyncIterator, Iterable

from pymongo import DeleteOne, ReplaceOne

from pipit.core import ranges
from pipit.core.ranges import Span
from pipit.store.mongodb import files
from pipit.store.mongodb.aliases import release
from pipit.store.mongodb.database import Db, Doc
from pipit.store.mongodb.documents import END, beginning, subscription_id, within
from pipit.store.mongodb.subscriptions import count_members

SLICE = 1000
"""So many messages are erased with one command."""

AT_ONCE = 5 * SLICE
"""So many are erased before a deletion is answered; more are left to `erase_some`."""


# -- messages --------------------------------------------------------------------------------------


async def delete_messages(
    db: Db, topic: str, del_id: int, user: str, spans: Iterable[Span]
) -> None:
    """Hides messages from `user`, or ("") erases them for everybody."""
    kept = ranges.clip(ranges.join(spans), 1, END)
    pending = {"del_id": del_id, "user": user, "spans": [list(span) for span in kept]}
    put = {"del_id": del_id} if user else {"del_id": del_id, "cleared": del_id}
    doc = await db.topics.find_one_and_update(
        {"_id": topic, "gone": None}, {"$set": put, "$push": {"pending": pending}}, {"key": 1}
    )
    if doc is not None:
        await _finish_deletion(db, topic, doc["key"], pending)


async def finish_pending(db: Db, topic: Doc) -> None:
    """Does what is left of deletions in a topic."""
    for pending in topic.get("pending", ()):
        await _finish_deletion(db, topic["_id"], topic["key"], pending)


async def _finish_deletion(db: Db, topic: str, key: int, pending: Doc) -> None:
    del_id, user = pending["del_id"], pending["user"]
    spans: list[Span] = [(low, hi) for low, hi in pending["spans"]]
    await _note(db, topic, del_id, user, spans)
    if user:
        await _hide(db, topic, user, del_id, spans)
    else:
        await files.unlink(db, topic, spans)
        if not await _erase(db, key, spans, AT_ONCE):
            return
    await db.topics.update_one({"_id": topic}, {"$pull": {"pending": {"del_id": del_id}}})


async def _note(db: Db, topic: str, del_id: int, user: str, spans: list[Span]) -> None:
    rows = [of_deletion(topic, user, del_id, low, hi) for low, hi in spans]
    if rows:
        await db.deletions.bulk_write([ReplaceOne({"_id": r["_id"]}, r, True) for r in rows])


def of_deletion(topic: str, user: str, del_id: int, low: int, hi: int) -> Doc:
    """What was deleted, as it was asked."""
    return {"_id": {"topic": topic, "user": user, "del_id": del_id, "low": low}, "hi": hi}


async def _hide(db: Db, topic: str, user: str, del_id: int, spans: list[Span]) -> None:
    await db.subscriptions.update_one(
        {"_id": subscription_id(topic, user)}, {"$max": {"cleared": del_id}}
    )
    for span in spans:
        touching = await _touching(db, topic, user, span)
        ((low, hi),) = ranges.join([*touching, span])
        whole = hidden_id(topic, user, low)
        inside = [hidden_id(topic, user, start) for start, _ in touching if start != low]
        await db.hidden.bulk_write(
            [ReplaceOne({"_id": whole}, {"_id": whole, "hi": hi}, upsert=True)]
            + [DeleteOne({"_id": one}) for one in inside]
        )


def hidden_id(topic: str, user: str, low: int) -> Doc:
    """Of a span that one user does not see."""
    return {"topic": topic, "user": user, "low": low}


async def _touching(db: Db, topic: str, user: str, span: Span) -> list[Span]:
    """Hidden spans that overlap or touch one."""
    found: list[Span] = []
    async for low, hi in hidden_before(db, topic, user, span[1] + 1):
        if hi < span[0]:
            break
        found.append((low, hi))
    return found


async def hidden_before(db: Db, topic: str, user: str, end: int) -> AsyncIterator[Span]:
    """The spans hidden from a user that start below a number, highest first."""
    below = {"$gte": hidden_id(topic, user, 0), "$lt": hidden_id(topic, user, end)}
    async for doc in db.hidden.find({"_id": below}).sort({"_id": -1}):
        yield doc["_id"]["low"], doc["hi"]


async def _erase(db: Db, key: int, spans: Iterable[Span], most: int) -> bool:
    """Erases at most about so many messages of a topic; whether none is left."""
    for span in spans:
        here = {"_id": within(key, span)}
        while (
            part := await db.messages.find(here, {"_id": 1}).sort({"_id": 1}).limit(SLICE).to_list()
        ):
            if most <= 0:
                return False
            few = {"$gte": part[0]["_id"], "$lte": part[-1]["_id"]}
            await db.messages.delete_many({"_id": few})
            most -= len(part)
    return True


# -- topics and members ----------------------------------------------------------------------------


async def delete_topic(db: Db, name: str, at: int) -> None:
    """Ends a topic; its subscriptions stay, marked as deleted."""
    here = {"_id": name, "gone": None}
    if (await db.topics.update_one(here, {"$set": {"gone": at}})).modified_count:
        await finish_topic(db, name)


async def finish_topic(db: Db, name: str) -> None:
    """Erases what belongs to a topic that is gone; its messages are left to `erase_some`."""
    doc = await db.topics.find_one({"_id": name, "gone": {"$exists": True}})
    if doc is None:
        return
    await db.subscriptions.update_many(
        {"_id.topic": name, "deleted": 0}, {"$set": {"deleted": doc["gone"], "cleared": 0}}
    )
    for collection in (db.deletions, db.hidden):
        await collection.delete_many({"_id": beginning(topic=name)})
    await files.unlink(db, name)
    await release(db, name, doc["tags"])
    await db.erasures.replace_one({"_id": doc["key"]}, {"_id": doc["key"]}, upsert=True)
    await db.topics.delete_one({"_id": name, "key": doc["key"]})


async def forget_member(db: Db, user: str, at: int) -> None:
    """Takes a user out of every topic, with what was deleted for that user alone.

    The subscriptions themselves go last: what a crash leaves undone is found by them.
    """
    mine = {"_id": beginning(user=user)}
    await db.subscriptions.update_many(mine, {"$set": {"deleted": at}})
    topics = [sub["_id"]["topic"] async for sub in db.subscriptions.find(mine, {"_id": 1})]
    for topic in topics:
        own = {"_id": beginning(topic=topic, user=user)}
        await db.deletions.delete_many(own)
        await db.hidden.delete_many(own)
        await count_members(db, topic)
    await db.subscriptions.delete_many(mine)
    await files.unlink(db, user)


# -- what is left to do ----------------------------------------------------------------------------


async def erase_some(db: Db) -> bool:
    """Does some of what is left to erase; whether there is more."""
    topic = await db.topics.find_one({"pending.del_id": {"$exists": True}, "gone": None})
    if topic is not None:
        await finish_pending(db, topic)
        return True
    rest = await db.erasures.find_one()
    if rest is None:
        return False
    if await _erase(db, rest["_id"], [(0, END)], AT_ONCE):
        await db.erasures.delete_one(rest)
    return True
