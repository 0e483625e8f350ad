"""Messages that are stored: paging through them, one by number, and what was deleted."""

from collections.abc import AsyncIterator, Sequence

from pipit.core import ranges
from pipit.core.ranges import Span
from pipit.store.mongodb.database import Db, Doc
from pipit.store.mongodb.deleting import hidden_before
from pipit.store.mongodb.documents import END, to_message, within
from pipit.store.records import Deletion, Message


async def page(db: Db, topic: str, user: str, spans: Sequence[Span], limit: int) -> list[Message]:
    """Messages that `user` sees, highest number first; of spans in rising order."""
    found: list[Message] = []
    key, present = await _present(db, topic, spans)
    for span in reversed(present):
        async for visible in _visible(db, topic, user, span):
            if len(found) >= limit:
                return found
            docs = await _rows(db, key, visible, -1, limit - len(found))
            found += [to_message(topic, doc) for doc in docs]
    return found


async def oldest(db: Db, topic: str, spans: Sequence[Span]) -> Message | None:
    """The lowest-numbered message that is not erased."""
    key, present = await _present(db, topic, spans)
    for span in present:
        for doc in await _rows(db, key, span, 1, 1):
            return to_message(topic, doc)
    return None


async def _rows(db: Db, key: int, span: Span, order: int, limit: int) -> list[Doc]:
    found = db.messages.find({"_id": within(key, span)}).sort({"_id": order})
    return await found.limit(limit).to_list()


async def _present(db: Db, topic: str, spans: Sequence[Span]) -> tuple[int, list[Span]]:
    """A topic's key, and the parts of the spans that are not being erased."""
    doc = await db.topics.find_one({"_id": topic, "gone": None}, {"key": 1, "seq": 1, "pending": 1})
    if doc is None:
        return 0, []
    left = list(spans)
    erasing = [pending for pending in doc.get("pending", ()) if not pending["user"]]
    for low, hi in (span for pending in erasing for span in pending["spans"]):
        left = ranges.clip(left, 1, low) + ranges.clip(left, hi, END)
    return doc["key"], left


async def _visible(db: Db, topic: str, user: str, span: Span) -> AsyncIterator[Span]:
    """The parts of a span that are not hidden from `user`, highest first."""
    low, hi = span
    async for hidden_low, hidden_hi in hidden_before(db, topic, user, hi):
        if hidden_hi <= low:
            break
        if hidden_hi < hi:
            yield hidden_hi, hi
        hi = hidden_low
    if low < hi:
        yield low, hi


async def deletions(
    db: Db, topic: str, user: str, since: int, before: int, limit: int
) -> list[Deletion]:
    """What was deleted for `user` or everybody, by transaction number."""
    if limit <= 0:
        return []
    found: list[Deletion] = []
    for whom in {user, ""}:
        span = {"$gte": _deletion_id(topic, whom, since), "$lt": _deletion_id(topic, whom, before)}
        docs = await db.deletions.find({"_id": span}).sort({"_id": 1}).limit(limit).to_list()
        found += [
            Deletion(doc["_id"]["del_id"], whom, doc["_id"]["low"], doc["hi"]) for doc in docs
        ]
    return sorted(found, key=lambda one: (one.del_id, one.low))[:limit]


def _deletion_id(topic: str, user: str, del_id: int) -> Doc:
    return {"topic": topic, "user": user, "del_id": del_id}
