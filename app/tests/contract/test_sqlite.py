"""What holds of the SQLite store alone: its file, its lock, its writer."""

import asyncio
import sys
import threading
from pathlib import Path

import apsw
import pytest

from pipit.store.base import OutOfOrder, StoreError, Unavailable
from pipit.store.sqlite import SqliteStore, database, schema
from tests.contract.acks import Acks
from tests.contract.records import group, messages, people


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "pipit.db"


async def refusal(path: Path) -> str:
    """Why a store on this file does not open."""
    with pytest.raises(StoreError) as refused:
        await SqliteStore(path).open()
    return str(refused.value)


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def alter(path: Path, sql: str) -> None:
    """Does something to a database as another program would."""
    db = apsw.Connection(str(path))
    db.execute(sql)
    db.close()


# -- the file --------------------------------------------------------------------------------------


async def test_a_new_database_is_for_its_owner_only(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    await store.close()
    assert modes.pop("pipit.db-shm") == 0o600
    assert modes == {"pipit.db": 0o600, "pipit.db-wal": 0o600, "pipit.db.lock": 0o600}
    assert not (path.parent / "pipit.db-wal").exists()


async def test_a_database_of_a_newer_version_is_refused(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    await store.close()
    newer = len(schema.MIGRATIONS) + 1
    alter(path, f"PRAGMA user_version = {newer}")
    sentence = await refusal(path)
    assert sentence.startswith(f"database {path} was made by a newer Pipit")
    assert f"version {newer}" in sentence


async def test_a_database_of_another_program_is_refused(path: Path) -> None:
    path.parent.mkdir()
    alter(path, "CREATE TABLE cats (name TEXT)")
    assert await refusal(path) == f"database {path} belongs to another program"


@pytest.mark.parametrize("content", [b"no database" * 500, b"SQLite format 3\0" + b"\xff" * 5000])
async def test_a_file_that_is_no_database_is_refused_and_kept(path: Path, content: bytes) -> None:
    write(path, content)
    assert str(path) in await refusal(path)
    assert content_of(path) == content


async def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "file", b"")
    assert f"{tmp_path / 'file'}: File exists" in await refusal(tmp_path / "file" / "pipit.db")
    (tmp_path / "folder.db").mkdir()
    assert "Is a directory" in await refusal(tmp_path / "folder.db")


async def test_a_refused_database_is_not_locked(path: Path) -> None:
    write(path, b"no database" * 500)
    await refusal(path)
    write(path, b"")
    store = SqliteStore(path)
    await store.open()
    await store.close()


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    path.parent.mkdir()
    db = database.open_for_writing(path)
    before = db.pragma("user_version")
    broken = (*schema.MIGRATIONS, "CREATE TABLE half (a); INSERT INTO half VALUES (1); nonsense")
    with pytest.raises(apsw.SQLError):
        database.migrate(db, broken)
    assert db.pragma("user_version") == before
    assert not list(db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'"))
    database.migrate(db, (*schema.MIGRATIONS, "CREATE TABLE whole (a)"))
    assert db.pragma("user_version") == before + 1
    db.close()


# -- one writer ------------------------------------------------------------------------------------


async def test_a_second_store_on_the_file_is_refused(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    assert f"database {path} is in use by process" in await refusal(path)
    await store.ping()
    await store.close()
    again = SqliteStore(path)
    await again.open()
    await again.close()


async def test_a_store_of_another_process_is_refused_until_that_is_killed(path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.contract.writing_process", "sqlite", str(path.parent),
        cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    await process.stdout.readline()
    sentence = await refusal(path)
    process.kill()
    await process.communicate()
    assert sentence == f"database {path} is in use by process {process.pid}"
    store = SqliteStore(path)
    await store.open()
    await store.close()


# -- the writer ------------------------------------------------------------------------------------


async def test_nothing_is_acknowledged_before_it_is_committed(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    acks = Acks(store)
    (owner,) = await people(store, 1)
    topic = await group(store, owner)
    blocker = apsw.Connection(str(path))
    blocker.execute("BEGIN IMMEDIATE")
    acks.append(*messages(topic, 1, 4))
    for _ in range(100):  # time for a hasty acknowledgement to arrive
        assert await store.messages(topic, owner, [(1, 9)], 9) == []
    assert not acks.told
    blocker.execute("ROLLBACK")
    blocker.close()
    await acks.settle()
    assert acks.stored(topic) == [1, 2, 3]
    await store.close()


async def test_commits_are_flushed_to_the_disk(path: Path) -> None:
    path.parent.mkdir()
    db = database.open_for_writing(path)
    assert db.pragma("journal_mode") == "wal"
    assert db.pragma("synchronous") == 2, "FULL: https://sqlite.org/pragma.html#pragma_synchronous"
    db.close()


async def test_messages_asked_before_a_failure_is_known_fail_too(path: Path) -> None:
    """Even one that would fit: after the failed 3 comes 4, while another writer has stored a 3."""
    store = SqliteStore(path)
    await store.open()
    acks = Acks(store)
    (owner,) = await people(store, 1)
    topic = await group(store, owner)
    await store.update_topic(topic, seq=3)
    acks.append(*messages(topic, 3, 4))
    await asyncio.sleep(0)
    failed = threading.Event()
    change = store._write(lambda _db: failed.set())
    await asyncio.sleep(0)
    failed.wait()  # the event loop stands still: it cannot hear of the failure
    acks.append(*messages(topic, 4, 5))
    await change
    await acks.settle()
    assert [seq for _, seq, _ in acks.failed()] == [3, 4]
    acks.append(*messages(topic, 4, 5))
    await acks.settle()
    assert acks.stored(topic) == [4]
    await store.close()


async def test_a_full_disk_is_told_once_and_so_is_its_end(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = SqliteStore(path)
    await store.open()
    acks = Acks(store)
    (owner,) = await people(store, 1)
    topic = await group(store, owner)
    pages = await store._write(lambda db: db.pragma("page_count"))
    await store._write(
        lambda db: db.pragma("max_page_count", pages)
    )  # it fails as a full disk does
    big = messages(topic, 1, 50)
    for message in big:
        message.content = b'"' + b"x" * 5000 + b'"'
        acks.append(message)
        await acks.settle()
    stored = len(acks.stored(topic))
    assert stored < 49
    assert {why for _, _, why in acks.failed()} == {Unavailable, OutOfOrder}
    assert len(await store.messages(topic, owner, [(1, 99)], 99)) == stored
    await store._write(lambda db: db.pragma("max_page_count", 1_000_000))
    acks.told.clear()
    await acks.store_all(*big[stored:])
    await store.close()
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "nothing is stored for now: the database cannot store: database or disk is full",
        "storing works again",
    ]


# -- what is deleted -------------------------------------------------------------------------------


async def test_an_erased_text_is_nowhere_in_the_file(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    acks = Acks(store)
    (owner,) = await people(store, 1)
    topic = await group(store, owner)
    sent = messages(topic, 1, 50)
    sent[20].content = b'"burn after reading"'
    await acks.store_all(*sent)
    await store.delete_messages(topic, 1, "", [(21, 22)])
    await store.close()
    assert b"burn after" not in content_of(path)


async def test_erasing_a_long_history_goes_on_after_a_restart(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    acks = Acks(store)
    (owner,) = await people(store, 1)
    topic = await group(store, owner)
    await acks.store_all(*messages(topic, 1, 30_001))
    await store.delete_messages(topic, 1, "", [(1, 30_000)])
    await store.close()
    left = rows_of(path, "messages")
    assert left > 1  # else there was nothing to go on with
    await store.open()
    while rows_of(path, "erasures"):
        await store.ping()
    await store.close()
    assert rows_of(path, "messages") == 1


def rows_of(path: Path, table: str) -> int:
    db = database.open_for_reading(path)
    count = db.execute(f"SELECT count(*) FROM {table}").get  # noqa: S608
    db.close()
    return int(count)
