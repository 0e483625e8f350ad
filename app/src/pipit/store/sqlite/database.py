"""Opening the database file: the lock, the checks, the settings of a connection."""

import fcntl
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw

from pipit.store.base import StoreError
from pipit.store.sqlite import schema
from pipit.store.sqlite.sql import fetch_one, transaction

APPLICATION_ID = int.from_bytes(b"Pipt")
"""Stands in the file's header, so that no other program's database is taken for ours."""

COPY_ID = int.from_bytes(b"Pipc")
"""Stands there instead while the database is being made by `pipit copy-store`."""

BUSY_MS = 5000
"""How long to wait for other programs that hold the database, such as a backup."""

Say = Callable[[int, int], None]
"""Is told which version of the tables is made now, and which is the last."""

STORAGE_FAULTS = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.NotADBError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    apsw.ReadOnlyError,
)
"""Faults of the disk or the file, not of what was asked."""


def lock(path: Path) -> int:
    """Takes `<path>.lock` for this process; the descriptor to close when done.

    A killed process lets go by itself. Raises StoreError if another has it, or where the folder
    cannot be written.
    """
    name = f"{path}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        why = f"{fault.filename}: {fault.strerror}"
        raise StoreError(f"database {path} cannot be opened: {why}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise StoreError(f"database {path} is in use by process {holder or '?'}") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def open_for_writing(
    path: Path, *, unfinished: bool = False, say: Say = lambda version, last: None
) -> apsw.Connection:
    """The connection that writes, its schema up to date. Raises StoreError with a sentence.

    A copy that is not finished is refused, unless `unfinished`. `say` hears of each migration.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = apsw.Connection(str(path), statementcachesize=200)
    except (OSError, apsw.Error) as fault:
        raise StoreError(f"database {path} cannot be opened: {_reason(fault)}") from None
    try:
        _check(path, db, unfinished)
        _set_up_writer(db)
        migrate(db, schema.MIGRATIONS, say)
    except BaseException as fault:
        db.close()
        if isinstance(fault, apsw.Error):
            raise StoreError(f"database {path} cannot be used: {_reason(fault)}") from None
        raise
    return db


def open_for_reading(path: Path, busy_ms: int = BUSY_MS) -> apsw.Connection:
    """A connection that cannot change anything."""
    db = apsw.Connection(str(path), statementcachesize=200)
    db.set_busy_timeout(busy_ms)
    db.pragma("query_only", 1)
    return db


def migrate_file(path: Path, say: Say) -> tuple[int, int]:
    """Brings a database up to date; its version before and after. Raises StoreError."""
    if not path.is_file():
        raise StoreError(f"database {path} does not exist")
    descriptor = lock(path)
    try:
        with closing(open_for_reading(path)) as db:
            had = int(db.pragma("user_version"))
        open_for_writing(path, say=say).close()
    finally:
        os.close(descriptor)
    return had, len(schema.MIGRATIONS)


def migrate(
    db: apsw.Connection, migrations: tuple[str, ...], say: Say = lambda version, last: None
) -> None:
    """Runs those migrations that the database has not had, each wholly or not at all."""
    for version in range(db.pragma("user_version"), len(migrations)):
        say(version + 1, len(migrations))
        with transaction(db, "IMMEDIATE"):
            db.execute(migrations[version])
            db.pragma("application_id", APPLICATION_ID)
            db.pragma("user_version", version + 1)


def _check(path: Path, db: apsw.Connection, unfinished: bool) -> None:
    version, of = db.pragma("user_version"), db.pragma("application_id")
    ours = of in (APPLICATION_ID, COPY_ID)
    if of == COPY_ID and not unfinished:
        raise StoreError(
            f"database {path} is an unfinished copy; run `pipit copy-store` to its end"
        )
    if not ours and (version or fetch_one(db, "SELECT 1 FROM sqlite_schema")):
        raise StoreError(f"database {path} belongs to another program")
    if version > len(schema.MIGRATIONS):
        raise StoreError(
            f"database {path} was made by a newer Pipit: it has version {version} of the tables,"
            f" this one knows up to {len(schema.MIGRATIONS)}"
        )


def _set_up_writer(db: apsw.Connection) -> None:
    """Commits reach the disk, what is deleted is overwritten, checkpoints wait to be asked for."""
    db.set_busy_timeout(BUSY_MS)
    db.pragma("journal_mode", "wal")
    db.pragma("synchronous", "full")
    db.pragma("secure_delete", 1)
    db.pragma("wal_autocheckpoint", 0)
    db.pragma("cache_size", -8192)


def _reason(fault: Exception) -> str:
    if isinstance(fault, OSError):
        return fault.strerror or str(fault)
    return "it is no SQLite database" if isinstance(fault, apsw.NotADBError) else str(fault)


def beat(db: apsw.Connection) -> int:
    """Writes something, and says what."""
    return int(fetch_one(db, "UPDATE pulse SET beat = beat + 1 RETURNING beat")[0])


def last_beat(db: apsw.Connection) -> int:
    """What was written."""
    return int(fetch_one(db, "SELECT beat FROM pulse")[0])


def copy_mark(db: apsw.Connection) -> bytes | None:
    """What `set_copy_mark` has kept."""
    if db.pragma("application_id") != COPY_ID:
        return None
    return bytes(fetch_one(db, "SELECT mark FROM copying")[0])


def set_copy_mark(db: apsw.Connection, mark: bytes | None) -> None:
    """Marks the database as an unfinished copy, and how far it is; None: as a finished one."""
    with transaction(db, "IMMEDIATE"):
        db.execute("CREATE TABLE IF NOT EXISTS copying (mark BLOB NOT NULL) STRICT")
        db.execute("DELETE FROM copying")
        db.execute("INSERT INTO copying VALUES (?)", (mark or b"",))
        if mark is None:
            db.execute("DROP TABLE copying")
        db.pragma("application_id", COPY_ID if mark else APPLICATION_ID)
