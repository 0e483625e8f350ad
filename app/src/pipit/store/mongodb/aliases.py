"""Aliases: one holder each, be it a user or a topic.

Users and topics are two collections, so no index of either can hold this. An alias is claimed by a
document of its own before its holder gets the tag, and given back after the tag is gone. A claim
that a crash left behind, whose holder does not have the tag, is taken over when it is asked for
again, once it is so old that its holder can no longer be about to get it.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from pymongo.errors import DuplicateKeyError

from pipit.core import clock
from pipit.core.tags import ALIAS
from pipit.store.base import Duplicate
from pipit.store.mongodb.database import Db, Doc

GRACE_MS = 60_000
"""Far longer than any operation takes; clocks of several gateways differ by less."""


def aliases(tags: Iterable[str]) -> set[str]:
    """Those of the tags that only one may hold."""
    return {tag for tag in tags if tag.startswith(ALIAS)}


@asynccontextmanager
async def exchange(
    db: Db, holder: str, old: Iterable[str], new: Iterable[str]
) -> AsyncIterator[None]:
    """Claims the new tags' aliases, then gives back those of the old that are not among them; or
    the new ones, if what is done between is refused. Raises Duplicate("alias").
    """
    before, after = aliases(old), aliases(new)
    claimed: set[str] = set()
    try:
        for alias in sorted(after - before):
            await _claim(db, holder, alias)
            claimed.add(alias)
        yield
    except (Duplicate, DuplicateKeyError):
        await release(db, holder, claimed)
        raise
    await release(db, holder, before - after)


async def release(db: Db, holder: str, tags: Iterable[str]) -> None:
    """Gives back the aliases among the tags."""
    if gone := aliases(tags):
        await db.aliases.delete_many({"_id": {"$in": sorted(gone)}, "holder": holder})


async def _claim(db: Db, holder: str, alias: str) -> None:
    claim = {"holder": holder, "at": clock.now_ms()}
    try:
        await db.aliases.insert_one({"_id": alias} | claim)
        return
    except DuplicateKeyError:
        other = await db.aliases.find_one({"_id": alias})
    if other is not None and other["holder"] != holder:
        if await _holds(db, other) or clock.now_ms() - other["at"] < GRACE_MS:
            raise Duplicate("alias")
        taken = await db.aliases.update_one(other, {"$set": claim})
        if not taken.matched_count:
            raise Duplicate("alias")


async def _holds(db: Db, claim: Doc) -> bool:
    """Whether a claim's holder is there and has the tag."""
    holders = db.users if claim["holder"].startswith("usr") else db.topics
    tagged = {"_id": claim["holder"], "tags": claim["_id"], "gone": None, "leaving": None}
    return await holders.find_one(tagged, {"_id": 1}) is not None
