"""One side of a copy (store/copying.py) that is a MongoDB database."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct
from pymongo import AsyncMongoClient, InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError

from pipit.config.settings import Database
from pipit.store.copying import Account, Event, Hidden, Mark, Topic, TopicDeletion, Upload
from pipit.store.mongodb import accounts, aliases, deleting, files, opening, topics
from pipit.store.mongodb.database import (
    Db,
    Doc,
    connect,
    database,
    disconnect,
    named,
    operation,
)
from pipit.store.mongodb.documents import (
    document,
    fields,
    new_key,
    of_message,
    of_subscription,
    record,
    to_message,
    to_subscription,
)
from pipit.store.records import (
    CredentialRecord,
    Deletion,
    FileRecord,
    FileUse,
    LoginRecord,
    Message,
    Subscription,
    TopicRecord,
    User,
)

PATIENCE = 60.0
"""Seconds for a batch: nobody waits for an answer."""

COLLECTIONS = {
    "accounts": "users",
    "topics": "topics",
    "subscriptions": "subscriptions",
    "messages": "messages",
    "deletions": "deletions",
    "hidden": "hidden",
    "files": "files",
    "outbox": "outbox",
}
"""Where the rows of a kind are: one document each."""

MARK = fields(Mark)


class MongoSide:
    """See pipit.store.copying.Side. `place`: the database."""

    def __init__(self, place: Database) -> None:
        self.name = f"mongodb:{named(place)}"
        self._place = place
        self._client: AsyncMongoClient[Doc] | None = None

    async def open(self) -> None:
        self._client, _ = connect(self._place)
        await opening.get_ready(self._client, self._place, unfinished=True)
        while await self._do(deleting.erase_some):
            pass

    async def close(self) -> None:
        if self._client is not None:
            await disconnect(self._client)

    async def _do(self, work: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        assert self._client is not None
        with operation(PATIENCE):
            return await work(database(self._client, self._place.name), *args)

    async def mark(self) -> Mark | None:
        doc: Doc | None = await self._do(opening.copy_mark)
        return record(Mark, MARK, doc) if doc else None

    async def set_mark(self, mark: Mark | None) -> None:
        await self._do(opening.set_copy_mark, document(mark, MARK) if mark else None)

    async def count(self, kind: str) -> int:
        return int(await self._do(_count, kind))

    async def read(self, kind: str, after: Any, limit: int) -> tuple[list[Struct], Any]:
        docs: list[Doc] = await self._do(_page, kind, after, limit)
        rows: list[Struct] = await self._do(_rows, kind, docs)
        return rows, docs[-1]["_id"] if docs else None

    async def write(self, kind: str, rows: Sequence[Any]) -> None:
        await self._do(_WRITERS[kind], rows)

    async def finish(self) -> None:
        await self._do(_count_members)


# -- reading ---------------------------------------------------------------------------------------


async def _count(db: Db, kind: str) -> int:
    return await db[COLLECTIONS[kind]].count_documents({})


async def _page(db: Db, kind: str, after: Any, limit: int) -> list[Doc]:
    start = {} if after is None else {"_id": {"$gt": after}}
    return await db[COLLECTIONS[kind]].find(start).sort({"_id": 1}).limit(limit).to_list()


async def _rows(db: Db, kind: str, docs: list[Doc]) -> list[Any]:
    if kind == "messages":
        keys = {doc["_id"] >> 32 for doc in docs}
        found = await db.topics.find({"key": {"$in": list(keys)}}, {"key": 1}).to_list()
        names = {topic["key"]: topic["_id"] for topic in found}
        known = (doc for doc in docs if doc["_id"] >> 32 in names)
        return [to_message(names[doc["_id"] >> 32], doc) for doc in known]
    if kind == "topics":
        return [await _topic(db, doc) for doc in docs]
    return [_READERS[kind](doc) for doc in docs]


def _account(doc: Doc) -> Account:
    user = accounts.to_user(doc)
    logins = sorted(doc.get("logins", ()), key=lambda login: str(login["scheme"]))
    return Account(
        user,
        [record(LoginRecord, accounts.LOGIN, one, user=user.id) for one in logins],
        [
            record(CredentialRecord, accounts.CREDENTIAL, one, user=user.id)
            for one in doc.get("credentials", ())
        ],
    )


async def _topic(db: Db, doc: Doc) -> Topic:
    """A topic; one that a service left busy with the counters of its last message."""
    last = await topics.last_message(db, doc["key"]) if "busy" in doc else None
    if last and last[0] > doc["seq"]:
        doc["seq"], doc["touched"] = last
    return Topic(record(TopicRecord, topics.TOPIC, doc, name=doc["_id"]), doc["cleared"])


def _deletion(doc: Doc) -> TopicDeletion:
    key = doc["_id"]
    return TopicDeletion(key["topic"], Deletion(key["del_id"], key["user"], key["low"], doc["hi"]))


def _hidden(doc: Doc) -> Hidden:
    key = doc["_id"]
    return Hidden(key["topic"], key["user"], key["low"], doc["hi"])


def _upload(doc: Doc) -> Upload:
    file = record(FileRecord, files.FILE, doc, id=doc["_id"])
    uses = [FileUse(file.id, use["target"], use["seq"]) for use in doc["uses"]]
    return Upload(file, sorted(uses, key=lambda use: (use.target, use.seq)))


_READERS: dict[str, Callable[[Doc], Any]] = {
    "accounts": _account,
    "subscriptions": lambda doc: to_subscription(doc, 0),
    "deletions": _deletion,
    "hidden": _hidden,
    "files": _upload,
    "outbox": lambda doc: Event(doc["_id"], doc["event"]),
}


# -- writing ---------------------------------------------------------------------------------------


async def _replace(db: Db, collection: str, docs: Iterable[Doc]) -> None:
    steps = [ReplaceOne({"_id": doc["_id"]}, doc, upsert=True) for doc in docs]
    await db[collection].bulk_write(steps)


async def _write_accounts(db: Db, rows: Sequence[Account]) -> None:
    await _claim(db, (row.user for row in rows))
    await _replace(
        db, "users", (accounts.of_account(row.user, row.logins, row.credentials) for row in rows)
    )


async def _claim(db: Db, holders: Iterable[User | TopicRecord]) -> None:
    claims = [
        {"_id": alias, "holder": one.id if isinstance(one, User) else one.name, "at": 0}
        for one in holders
        for alias in aliases.aliases(one.tags)
    ]
    if claims:
        await _replace(db, "aliases", claims)


async def _write_topics(db: Db, rows: Sequence[Topic]) -> None:
    await _claim(db, (row.record for row in rows))
    await db.topics.bulk_write(
        [
            UpdateOne(
                {"_id": row.record.name},
                {
                    "$set": topics.of_topic(row.record) | {"cleared": row.cleared, "members": 0},
                    "$setOnInsert": {"key": new_key()},
                },
                upsert=True,
            )
            for row in rows
        ]
    )


async def _write_subscriptions(db: Db, rows: Sequence[Subscription]) -> None:
    await _replace(db, "subscriptions", map(of_subscription, rows))


async def _write_messages(db: Db, rows: Sequence[Message]) -> None:
    names = {row.topic for row in rows}
    found = await db.topics.find({"_id": {"$in": list(names)}}, {"key": 1}).to_list()
    keys = {topic["_id"]: topic["key"] for topic in found}
    docs = [of_message(keys[row.topic], row) for row in rows]
    try:
        await db.messages.bulk_write([InsertOne(doc) for doc in docs])
    except BulkWriteError:  # some are there, of a batch that was broken off
        await _replace(db, "messages", docs)


async def _write_deletions(db: Db, rows: Sequence[TopicDeletion]) -> None:
    docs = (
        deleting.of_deletion(row.topic, row.deletion.user, row.deletion.del_id, low, hi)
        for row in rows
        for low, hi in [(row.deletion.low, row.deletion.hi)]
    )
    await _replace(db, "deletions", docs)


async def _write_hidden(db: Db, rows: Sequence[Hidden]) -> None:
    await _replace(
        db,
        "hidden",
        ({"_id": deleting.hidden_id(r.topic, r.user, r.low), "hi": r.hi} for r in rows),
    )


async def _write_files(db: Db, rows: Sequence[Upload]) -> None:
    await _replace(
        db,
        "files",
        (
            {"_id": row.file.id}
            | document(row.file, files.FILE)
            | {"uses": [{"target": use.target, "seq": use.seq} for use in row.uses]}
            for row in rows
        ),
    )


async def _write_outbox(db: Db, rows: Sequence[Event]) -> None:
    await _replace(db, "outbox", ({"_id": row.number, "event": row.event} for row in rows))
    await db.meta.update_one(
        {"_id": "outbox"}, {"$max": {"last": max(row.number for row in rows)}}, upsert=True
    )


_WRITERS: dict[str, Callable[[Db, Any], Awaitable[None]]] = {
    "accounts": _write_accounts,
    "topics": _write_topics,
    "subscriptions": _write_subscriptions,
    "messages": _write_messages,
    "deletions": _write_deletions,
    "hidden": _write_hidden,
    "files": _write_files,
    "outbox": _write_outbox,
}


async def _count_members(db: Db) -> None:
    """Notes with each topic how many subscribe to it."""
    active = {"$match": {"deleted": 0}}
    counted = {"$group": {"_id": "$_id.topic", "members": {"$sum": 1}}}
    steps: list[UpdateOne] = []
    async for one in await db.subscriptions.aggregate([active, counted]):
        steps.append(UpdateOne({"_id": one["_id"]}, {"$set": {"members": one["members"]}}))
    if steps:
        await db.topics.bulk_write(steps, ordered=False)
