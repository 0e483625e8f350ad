"""Subscriptions: who belongs to a topic, with what rights and marks."""

from collections.abc import Iterable, Sequence

from pymongo import ReplaceOne, UpdateOne

from pipit.store.base import StoreError
from pipit.store.mongodb.database import Db
from pipit.store.mongodb.documents import of_subscription, subscription_id, to_subscription
from pipit.store.records import Mark, Subscription


async def save_subscriptions(db: Db, subs: Sequence[Subscription]) -> None:
    """Adds or replaces each; then counts the members of their topics anew."""
    topics = {sub.topic for sub in subs}
    if await db.topics.count_documents({"_id": {"$in": list(topics)}, "gone": None}) < len(topics):
        raise StoreError("not stored: a subscription's topic does not exist")
    await replace(db, subs)
    for topic in topics:
        await count_members(db, topic)


async def replace(db: Db, subs: Sequence[Subscription]) -> None:
    """Adds or replaces each, without counting."""
    users = {sub.user for sub in subs}
    if await db.users.count_documents({"_id": {"$in": list(users)}}) < len(users):
        raise StoreError("not stored: a subscription's user does not exist")
    docs = [of_subscription(sub) for sub in subs]
    if docs:
        steps = [ReplaceOne({"_id": doc["_id"]}, doc, upsert=True) for doc in docs]
        await db.subscriptions.bulk_write(steps)


async def count_members(db: Db, topic: str) -> None:
    """Notes with a topic how many subscribe to it.

    Counted in the index, not added up: whatever a crash cut short, the next change puts it right.
    """
    members = await db.subscriptions.count_documents({"_id.topic": topic, "deleted": 0})
    await db.topics.update_one({"_id": topic}, {"$set": {"members": members}})


async def load_subscription(db: Db, topic: str, user: str) -> Subscription | None:
    """One that is not deleted."""
    doc = await db.subscriptions.find_one({"_id": subscription_id(topic, user), "deleted": 0})
    if doc is None:
        return None
    found = await db.topics.find_one({"_id": topic, "gone": None}, {"cleared": 1})
    return to_subscription(doc, found["cleared"]) if found else None


async def save_marks(db: Db, marks: Iterable[Mark]) -> None:
    """Raises marks."""
    steps = [
        UpdateOne(
            {"_id": subscription_id(mark.topic, mark.user)},
            {"$max": {"read": mark.read, "recv": mark.recv}},
        )
        for mark in marks
    ]
    if steps:
        await db.subscriptions.bulk_write(steps, ordered=False)
