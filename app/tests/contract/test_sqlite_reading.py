"""Where SQLite is read: small things in the event loop while that is quick, else in threads."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from pipit.store.base import Unavailable
from pipit.store.sqlite import database, readers
from pipit.store.sqlite.readers import Readers


@pytest.fixture
async def reading(tmp_path: Path) -> AsyncIterator[Readers]:
    path = tmp_path / "pipit.db"
    database.open_for_writing(path).close()
    reading = Readers(path)
    yield reading
    await reading.close()


def thread(db: apsw.Connection) -> str:
    return threading.current_thread().name


def slow(db: apsw.Connection) -> str:
    time.sleep(2 * readers.SLOW)  # as a disk does
    return thread(db)


def busy(db: apsw.Connection) -> str:
    if threading.current_thread() is threading.main_thread():
        raise apsw.BusyError("somebody recovers the log")
    return thread(db)


async def test_what_is_small_is_read_without_a_thread(reading: Readers) -> None:
    assert await reading.read_small(thread) == "MainThread"
    assert await reading.read(thread) == "store-reader"


async def test_a_slow_disk_sends_reads_to_the_threads_for_a_while(
    reading: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await reading.read_small(slow) == "MainThread"
    assert await reading.read_small(thread) == "store-reader"
    monkeypatch.setattr(readers, "THREADS_ONLY", 0.0)
    reading._threads_only_until = 0.0
    assert await reading.read_small(slow) == "MainThread"
    assert await reading.read_small(thread) == "MainThread", "its while is over"


async def test_a_thread_waits_for_what_the_event_loop_must_not_wait_for(reading: Readers) -> None:
    assert await reading.read_small(busy) == "store-reader"


async def test_a_mistake_in_a_small_read_is_raised(reading: Readers) -> None:
    with pytest.raises(TypeError):
        await reading.read_small(lambda db: len(None))  # type: ignore[arg-type]


async def test_nothing_is_read_when_closed(tmp_path: Path, reading: Readers) -> None:
    await reading.close()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(reading.read_small(thread), 5)
