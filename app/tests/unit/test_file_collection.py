"""Files on disk: kept whole or not at all, and removed when nothing uses them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pipit.core import ids
from pipit.gateway.collector import collect
from pipit.gateway.filestore import FileStore
from pipit.store.records import FileRecord, FileUse
from pipit.store.sqlite import SqliteStore

DAY = 86_400_000


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    store = FileStore(tmp_path / "files")
    store.open()
    return store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "pipit.db")
    await opened.open()
    yield opened
    await opened.close()


def all_files(files: FileStore) -> list[bytes]:
    return sorted(path.read_bytes() for path in files.root.rglob("*") if path.is_file())


async def keep(files: FileStore, content: bytes) -> str:
    file = ids.new_file_id()
    async with files.receive() as incoming:
        await incoming.write(content)
        await files.keep(incoming, file)
    return file


async def test_a_file_is_where_its_id_says(files: FileStore) -> None:
    file = await keep(files, b"one")
    assert files.path(file).read_bytes() == b"one"
    assert all_files(files) == [b"one"]


async def test_what_was_not_kept_is_gone(files: FileStore) -> None:
    async with files.receive() as incoming:
        await incoming.write(b"half")
        assert incoming.size == 4
    assert all_files(files) == []


async def test_a_new_start_removes_what_was_half_written(files: FileStore) -> None:
    await keep(files, b"whole")
    (files.incoming / "leftover").write_bytes(b"half")
    FileStore(files.root).open()
    assert all_files(files) == [b"whole"]


async def test_the_first_bytes_are_remembered(files: FileStore) -> None:
    async with files.receive() as incoming:
        for _ in range(50):
            await incoming.write(b"abc")
        assert incoming.head == (b"abc" * 50)[:64]


async def test_only_old_files_that_nothing_uses_are_collected(
    files: FileStore, store: SqliteStore
) -> None:
    async def save(content: bytes, created: int) -> str:
        file = await keep(files, content)
        record = FileRecord(file, "usrA", created, len(content), "text/plain")
        await store.save_file(record)
        return file

    unused = [await save(b"unused %d" % number, created=number) for number in range(250)]
    used = await save(b"used", created=0)
    fresh = await save(b"fresh", created=DAY)
    await store.link_files([FileUse(used, "grpA", 7)])
    assert await collect(store, files, before=DAY) == 250
    assert all_files(files) == [b"fresh", b"used"]
    assert await store.load_file(unused[0]) is None
    assert await store.load_file(used)
    assert await store.load_file(fresh)
    assert await collect(store, files, before=DAY) == 0


async def test_a_record_without_bytes_is_collected_too(
    files: FileStore, store: SqliteStore
) -> None:
    record = FileRecord(ids.new_file_id(), "usrA", 0, 1, "text/plain")
    await store.save_file(record)
    assert await collect(store, files, before=DAY) == 1
    assert await store.load_file(record.id) is None
