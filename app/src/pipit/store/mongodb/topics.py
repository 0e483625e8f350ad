"""Topics: made, loaded, changed. How they end is in `deleting`."""

from collections.abc import Sequence

from pymongo.errors import DuplicateKeyError

from pipit.store.base import Duplicate
from pipit.store.mongodb import deleting, subscriptions
from pipit.store.mongodb.aliases import exchange
from pipit.store.mongodb.database import Db, Doc
from pipit.store.mongodb.documents import (
    END,
    changing,
    document,
    fields,
    new_key,
    record,
    sorted_tags,
    to_subscription,
    within,
)
from pipit.store.records import Member, Subscription, TopicRecord

TOPIC = fields(TopicRecord, "name", "readers")


async def create_topic(db: Db, topic: TopicRecord, subs: Sequence[Subscription]) -> None:
    """Adds a topic; its own document comes last: until then nobody sees its subscriptions."""
    former = await db.topics.find_one({"_id": topic.name}, {"gone": 1})
    if former is not None:
        if "gone" not in former:
            raise Duplicate("topic")
        await deleting.finish_topic(db, topic.name)
    async with exchange(db, topic.name, (), topic.tags):
        await subscriptions.replace(db, subs)
        await _insert(db, topic, sum(sub.deleted is None for sub in subs))


async def _insert(db: Db, topic: TopicRecord, members: int) -> None:
    doc = {"_id": topic.name} | of_topic(topic) | {"cleared": 0, "members": members}
    while True:
        try:
            await db.topics.insert_one(doc | {"key": new_key()})
            return
        except DuplicateKeyError as fault:
            if "key" not in (fault.details or {}).get("keyValue", {}):
                raise Duplicate("topic") from None


def of_topic(topic: TopicRecord) -> Doc:
    """A topic's fields; without an owner it has none, and is not in the index of owners."""
    doc = document(topic, TOPIC) | {"tags": sorted_tags(topic.tags)}
    if not topic.owner:
        del doc["owner"]
    return doc


async def load_topic(db: Db, name: str, end: int) -> tuple[Doc, TopicRecord, list[Member]] | None:
    """A topic's document, the topic, its members; of a chat of two also a side that left.

    Its counters are at least those of its last message; messages from number `end` on do not count.
    """
    doc = await db.topics.find_one({"_id": name, "gone": None})
    if doc is None:
        return None
    last = await last_message(db, doc["key"], end)
    if last and last[0] > doc["seq"]:
        doc["seq"], doc["touched"] = last
    members = await _members(db, name, doc["cleared"])
    topic = record(TopicRecord, TOPIC, doc, name=name)
    topic.readers = doc["members"] - sum(member.sub.deleted is None for member in members)
    return doc, topic, members


async def last_message(db: Db, key: int, end: int = END) -> tuple[int, int] | None:
    """Number and time of a topic's last message below a number."""
    found = (
        await db.messages.find({"_id": within(key, (1, end))}, {"ts": 1})
        .sort({"_id": -1})
        .limit(1)
        .to_list()
    )
    return (found[0]["_id"] & END, found[0]["ts"]) if found else None


async def _members(db: Db, name: str, cleared: int) -> list[Member]:
    wanted: Doc = {"_id.topic": name, "reader": False}
    if not name.startswith("p2p"):
        wanted["deleted"] = 0
    subs = await db.subscriptions.find(wanted).to_list()
    shown = {"public": 1, "trusted": 1, "updated": 1}
    ids = [sub["_id"]["user"] for sub in subs]
    found = await db.users.find({"_id": {"$in": ids}}, shown).to_list() if ids else []
    users = {user["_id"]: user for user in found}
    return [_member(sub, users.get(sub["_id"]["user"], {}), cleared) for sub in subs]


def _member(sub: Doc, user: Doc, cleared: int) -> Member:
    return Member(
        to_subscription(sub, cleared),
        user.get("public"),
        user.get("trusted"),
        user.get("updated", 0),
    )


async def update_topic(db: Db, name: str, changes: Doc) -> None:
    """Sets fields; their names were checked."""
    here = {"_id": name, "gone": None}
    if "owner" in changes and not changes["owner"]:
        changes = changes | {"owner": None}
    if "tags" not in changes:
        await db.topics.update_one(here, changing(changes))
        return
    changes = changes | {"tags": sorted_tags(changes["tags"])}
    doc = await db.topics.find_one(here, {"tags": 1})
    if doc is not None:
        async with exchange(db, name, doc["tags"], changes["tags"]):
            await db.topics.update_one(here, changing(changes))


async def owned_topics(db: Db, user: str) -> list[str]:
    """Groups and channels of an owner."""
    wanted = {"owner": user, "_id": {"$gte": "grp", "$lt": "grq"}, "gone": None}
    return [doc["_id"] async for doc in db.topics.find(wanted, {"_id": 1})] if user else []
