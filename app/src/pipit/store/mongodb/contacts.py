"""Lists of conversations: subscriptions, with a summary of each topic or of the other person.

The three collections are joined here: two round trips, whatever the length of the list, and a third
where other processes store messages in some of the topics right now.
"""

import asyncio
from collections.abc import Iterable, Sequence

from pipit.store.mongodb.accounts import load_user
from pipit.store.mongodb.counters import Counters
from pipit.store.mongodb.database import Db, Doc
from pipit.store.mongodb.documents import beginning, peer_of, subscription_id, to_subscription
from pipit.store.mongodb.topics import last_message
from pipit.store.records import Contact, User

_TOPIC = dict.fromkeys(
    (
        "key", "updated", "touched", "seq", "busy", "members", "channel", "public", "trusted",
        "cleared", "gone",
    ),
    1,
)  # fmt: skip
_PEER = dict.fromkeys(("updated", "public", "trusted", "seen_at", "seen_ua", "state"), 1)
_GONE: Doc = {"state": "del", "updated": 0}


async def contacts(
    db: Db, user: str, deleted_since: int | None, counters: Counters
) -> list[Contact]:
    """A user's conversations; with a time also those left or deleted after it."""
    left: Doc = {"deleted": 0}
    if deleted_since is not None:
        left = {"$or": [{"deleted": 0}, {"deleted": {"$gt": deleted_since}}]}
    subs = await db.subscriptions.find({"_id": beginning(user=user)} | left).to_list()
    return await _joined(db, subs, counters)


async def contact(db: Db, user: str, topic: str, counters: Counters) -> Contact | None:
    """One of them."""
    wanted = {"_id": subscription_id(topic, user), "deleted": 0}
    found = await _joined(db, await db.subscriptions.find(wanted).to_list(), counters)
    return found[0] if found else None


async def user_and_contacts(
    db: Db, user: str, counters: Counters
) -> tuple[User, list[Contact]] | None:
    """Both at once."""
    found, rows = await asyncio.gather(load_user(db, user), contacts(db, user, None, counters))
    return (found, rows) if found else None


async def _joined(db: Db, subs: Sequence[Doc], counters: Counters) -> list[Contact]:
    if not subs:
        return []
    topics, peers = await asyncio.gather(
        _by_id(db, "topics", [sub["_id"]["topic"] for sub in subs], _TOPIC),
        _by_id(db, "users", [peer for sub in subs if (peer := peer_of(sub))], _PEER),
    )
    await _count(db, topics.values(), counters)
    found = (_contact(sub, topics.get(sub["_id"]["topic"]), peers) for sub in subs)
    return [contact for contact in found if contact]


async def _by_id(db: Db, collection: str, ids: list[str], shown: Doc) -> dict[str, Doc]:
    if not ids:
        return {}
    found = await db[collection].find({"_id": {"$in": ids}}, shown).to_list()
    return {doc["_id"]: doc for doc in found}


async def _count(db: Db, topics: Iterable[Doc], counters: Counters) -> None:
    """Sets right the counters of topics that are in use."""
    behind = []
    for topic in topics:
        if count := counters.get(topic["_id"], topic.get("busy")):
            _raise(topic, count.seq, count.touched)
        elif "busy" in topic:
            behind.append(topic)
    if behind:
        ends = await asyncio.gather(*(last_message(db, topic["key"]) for topic in behind))
        for topic, end in zip(behind, ends, strict=True):
            _raise(topic, *(end or (0, 0)))


def _raise(topic: Doc, seq: int, touched: int) -> None:
    topic["seq"] = max(topic["seq"], seq)
    topic["touched"] = max(topic["touched"], touched)


def _contact(sub: Doc, topic: Doc | None, peers: dict[str, Doc]) -> Contact | None:
    """A row; none where a subscription, not deleted, has no topic (any more, or yet)."""
    if topic is None or "gone" in topic:
        topic = None
        if not sub["deleted"]:
            return None
    peer = peer_of(sub)
    shown = peers.get(peer, _GONE) if peer else topic or {}
    return Contact(
        to_subscription(sub, topic["cleared"] if topic else 0),
        shown.get("updated", 0),
        topic["touched"] if topic else 0,
        topic["seq"] if topic else 0,
        topic["members"] if topic else 0,
        topic["channel"] if topic else False,
        shown.get("public"),
        shown.get("trusted"),
        shown.get("seen_at") if peer else None,
        shown.get("seen_ua", "") if peer else "",
        bool(peer) and shown["state"] == "del",
    )
