"""Records of uploaded files, and where they are used."""
# ruff: noqa: S608 (statements are put together from constants only)

from collections.abc import Iterable, Sequence

import apsw

from pipit.store.records import FileRecord, FileUse
from pipit.store.sqlite.sql import fetch_all, fetch_one, insert, names, values

COLUMNS = names(FileRecord)
FILE = ", ".join(COLUMNS)


def save_file(db: apsw.Connection, record: FileRecord) -> None:
    """Adds it."""
    db.execute(insert("files", COLUMNS), values(record, COLUMNS))


def load_file(db: apsw.Connection, file: str) -> FileRecord | None:
    """By id."""
    row = fetch_one(db, f"SELECT {FILE} FROM files WHERE id = ?", (file,))
    return FileRecord(*row) if row else None


def link_files(db: apsw.Connection, uses: Sequence[FileUse]) -> None:
    """Notes uses of known files; new pictures of a target take the place of its former ones."""
    known = [use for use in uses if load_file(db, use.file)]
    pictured = {use.target for use in known if not use.seq}
    db.executemany(
        "DELETE FROM file_uses WHERE target = ? AND seq = 0", [(target,) for target in pictured]
    )
    db.executemany(
        "INSERT OR IGNORE INTO file_uses VALUES (?, ?, ?)",
        [(use.file, use.target, use.seq) for use in known],
    )


def file_uses(db: apsw.Connection, file: str) -> list[FileUse]:
    """Where a file is used."""
    rows = fetch_all(db, "SELECT file, target, seq FROM file_uses WHERE file = ?", (file,))
    return [FileUse(*row) for row in rows]


def file_bytes(db: apsw.Connection, user: str) -> int:
    """What the uploads of a user add up to."""
    row = fetch_one(db, "SELECT coalesce(sum(size), 0) FROM files WHERE owner = ?", (user,))
    return int(row[0])


def files_of(db: apsw.Connection, user: str) -> list[FileRecord]:
    """A user's uploads, oldest first."""
    rows = fetch_all(db, f"SELECT {FILE} FROM files WHERE owner = ? ORDER BY created, id", (user,))
    return [FileRecord(*row) for row in rows]


def unused_files(db: apsw.Connection, before: int, limit: int) -> list[FileRecord]:
    """Old uploads that nothing uses, oldest first."""
    rows = fetch_all(
        db,
        f"SELECT {FILE} FROM files WHERE created < ?"
        " AND NOT EXISTS (SELECT 1 FROM file_uses WHERE file = id) ORDER BY created LIMIT ?",
        (before, limit),
    )
    return [FileRecord(*row) for row in rows]


def delete_files(db: apsw.Connection, files: Iterable[str]) -> None:
    """Forgets files and their uses."""
    gone = [(file,) for file in files]
    db.executemany("DELETE FROM files WHERE id = ?", gone)
    db.executemany("DELETE FROM file_uses WHERE file = ?", gone)
