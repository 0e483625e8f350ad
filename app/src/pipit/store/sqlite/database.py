"""Opening the database file: the lock, the checks, the settings of a connection."""

import fcntl
import os
from pathlib import Path

import apsw

from pipit.store.base import StoreError
from pipit.store.sqlite import schema
from pipit.store.sqlite.sql import fetch_one, transaction

APPLICATION_ID = int.from_bytes(b"Pipt")
"""Stands in the file's header, so that no other program's database is taken for ours."""

BUSY_MS = 5000
"""How long to wait for other programs that hold the database, such as a backup."""

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


def open_for_writing(path: Path) -> apsw.Connection:
    """The connection that writes, its schema up to date. Raises StoreError with a sentence."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = apsw.Connection(str(path), statementcachesize=200)
    except (OSError, apsw.Error) as fault:
        raise StoreError(f"database {path} cannot be opened: {_reason(fault)}") from None
    try:
        _check(path, db)
        _set_up_writer(db)
        migrate(db, schema.MIGRATIONS)
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


def migrate(db: apsw.Connection, migrations: tuple[str, ...]) -> None:
    """Runs those migrations that the database has not had, each wholly or not at all."""
    for version in range(db.pragma("user_version"), len(migrations)):
        with transaction(db, "IMMEDIATE"):
            db.execute(migrations[version])
            db.pragma("application_id", APPLICATION_ID)
            db.pragma("user_version", version + 1)


def _check(path: Path, db: apsw.Connection) -> None:
    version = db.pragma("user_version")
    ours = db.pragma("application_id") == APPLICATION_ID
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
