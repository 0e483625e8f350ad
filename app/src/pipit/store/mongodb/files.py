"""Records of uploaded files, each with the places where it is used."""

from collections.abc import Iterable, Sequence

from pymongo import UpdateOne

from pipit.core.ranges import Span
from pipit.store.mongodb.database import Db, Doc
from pipit.store.mongodb.documents import document, fields, record
from pipit.store.records import FileRecord, FileUse

FILE = fields(FileRecord, "id")


async def save_file(db: Db, file: FileRecord) -> None:
    """Adds it."""
    await db.files.insert_one({"_id": file.id} | document(file, FILE) | {"uses": []})


async def load_file(db: Db, file: str) -> FileRecord | None:
    """By id."""
    doc = await db.files.find_one({"_id": file}, {"uses": 0})
    return _file(doc) if doc else None


def _file(doc: Doc) -> FileRecord:
    return record(FileRecord, FILE, doc, id=doc["_id"])


async def link_files(db: Db, uses: Sequence[FileUse]) -> None:
    """Notes uses of known files; new pictures of a target take the place of its former ones.

    The new ones are noted first: broken off, this leaves a former picture, never none.
    """
    if not uses:
        return
    steps = [
        UpdateOne(
            {"_id": use.file}, {"$addToSet": {"uses": {"target": use.target, "seq": use.seq}}}
        )
        for use in uses
    ]
    await db.files.bulk_write(steps, ordered=False)
    for target in {use.target for use in uses if not use.seq}:
        new = [use.file for use in uses if use.target == target and not use.seq]
        if await db.files.count_documents({"_id": {"$in": new}}, limit=1):
            await _unlink(db, target, {"$eq": 0}, but=new)


async def _unlink(db: Db, target: str, seq: Doc, but: Sequence[str] = ()) -> None:
    use = {"target": target, "seq": seq}
    where: Doc = {"uses": {"$elemMatch": use}}
    if but:
        where["_id"] = {"$nin": list(but)}
    await db.files.update_many(where, {"$pull": {"uses": use}})


async def unlink(db: Db, target: str, spans: Iterable[Span] | None = None) -> None:
    """Forgets the uses in messages of these numbers, or all uses of a target."""
    if spans is None:
        await _unlink(db, target, {"$gte": 0})
        return
    for low, hi in spans:
        await _unlink(db, target, {"$gte": low, "$lt": hi})


async def file_uses(db: Db, file: str) -> list[FileUse]:
    """Where a file is used."""
    doc = await db.files.find_one({"_id": file}, {"uses": 1})
    return [FileUse(file, use["target"], use["seq"]) for use in doc["uses"]] if doc else []


async def file_bytes(db: Db, user: str) -> int:
    """What the uploads of a user add up to."""
    total = {"$group": {"_id": None, "bytes": {"$sum": "$size"}}}
    found = await (await db.files.aggregate([{"$match": {"owner": user}}, total])).to_list()
    return int(found[0]["bytes"]) if found else 0


async def unused_files(db: Db, before: int, limit: int) -> list[FileRecord]:
    """Old uploads that nothing uses, oldest first."""
    found = db.files.find({"uses": [], "created": {"$lt": before}}).sort({"created": 1})
    return [_file(doc) async for doc in found.limit(limit)]


async def files_of(db: Db, user: str) -> list[FileRecord]:
    """A user's uploads, oldest first."""
    found = db.files.find({"owner": user}).sort({"created": 1, "_id": 1})
    return [_file(doc) async for doc in found]


async def delete_files(db: Db, files: Iterable[str]) -> None:
    """Forgets files and their uses."""
    await db.files.delete_many({"_id": {"$in": list(files)}})
