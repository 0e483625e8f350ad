"""The search for users and topics by their tags."""

import asyncio
from collections.abc import Iterable

from pymongo.asynchronous.collection import AsyncCollection

from pipit.core.tags import Query
from pipit.store.mongodb.database import Db, Doc
from pipit.store.records import Found

HERE: dict[str, Doc] = {"users": {"state": "ok"}, "topics": {"gone": None}}
"""Who can be found."""


async def holders(db: Db, tags: Iterable[str]) -> list[str]:
    """Who has any of the tags."""
    wanted = {"tags": {"$in": _texts(tags)}, "gone": None, "state": {"$ne": "del"}}
    found: list[str] = []
    for collection in (db.users, db.topics):
        found += [doc["_id"] async for doc in collection.find(wanted, {"_id": 1})]
    return found


async def search(db: Db, query: Query, limit: int) -> list[Found]:
    """Those that match, most matched tags first; users only in state "ok"."""
    if limit <= 0 or not query.tags:
        return []
    both = await asyncio.gather(
        *(_search(db[name], here, query, limit) for name, here in HERE.items())
    )
    found = [one for part in both for one in part]
    return sorted(found, key=lambda one: (-len(one.matched), one.name))[:limit]


async def _search(
    collection: AsyncCollection[Doc], here: Doc, query: Query, limit: int
) -> list[Found]:
    terms = [*query.every, *([query.some] if query.some else [])]
    asked = {"$literal": _texts(query.tags)}  # a tag may look like an expression
    stages: list[Doc] = [
        {"$match": here | {"$and": [{"tags": {"$in": _texts(term)}} for term in terms]}},
        {"$addFields": {"matched": {"$setIntersection": ["$tags", asked]}}},
        {"$addFields": {"count": {"$size": "$matched"}}},
        {"$sort": {"count": -1, "_id": 1}},
        {"$limit": limit},
    ]
    return [_found(doc) for doc in await (await collection.aggregate(stages)).to_list()]


def _found(doc: Doc) -> Found:
    return Found(
        doc["_id"], doc["created"], doc["updated"], doc["defacs_auth"], doc["defacs_anon"],
        doc.get("channel", False), doc.get("members", 0), doc.get("public"), doc.get("trusted"),
        sorted(doc["matched"]),
    )  # fmt: skip


def _texts(tags: Iterable[str]) -> list[str]:
    """Those that can be written as UTF-8: no tag that is kept is another."""
    return [tag for tag in tags if not any("\ud800" <= letter <= "\udfff" for letter in tag)]
