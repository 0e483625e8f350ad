"""Reading, on connections of its own, so that nothing read waits for a commit.

Threads do it, since a disk may take its time. What is small and mostly in memory is read in the
event loop itself, for as long as that is quick: handing 50 contacts to a thread and back costs 50
to 100 µs more than the 80 µs that reading them takes.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import apsw

from pipit.store.base import Unavailable
from pipit.store.sqlite.database import STORAGE_FAULTS, open_for_reading

log = logging.getLogger(__name__)

T = TypeVar("T")

THREADS = 4
"""As many reads at once may wait for the disk; the work itself takes turns in one interpreter."""

SLOW = 0.005
"""Seconds: a read in the event loop that takes longer had to wait for the disk."""

THREADS_ONLY = 5.0
"""Seconds after such a one until the next is tried in the event loop."""

Job = tuple[Callable[..., Any], tuple[Any, ...], "asyncio.Future[Any]"]


class Readers:
    """Reads what is committed; made, used and closed in the event loop."""

    def __init__(self, path: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._open = True
        self._connections = [open_for_reading(path) for _ in range(THREADS)]
        self._own = open_for_reading(path, busy_ms=0)
        self._threads_only_until = 0.0
        self._threads = [
            threading.Thread(target=self._run, args=(db,), name="store-reader", daemon=True)
            for db in self._connections
        ]
        for thread in self._threads:
            thread.start()

    def read(self, work: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """What `work(db, *args)` gives; sees all that was committed before. Raises Unavailable."""
        if not self._open:
            raise Unavailable("the store is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((work, args, future))
        return future

    def read_small(self, work: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """The same for what is rarely more than some dozen rows; often it is there at once."""
        started = time.monotonic()
        if not self._open or started < self._threads_only_until:
            return self.read(work, *args)
        future: asyncio.Future[T] = self._loop.create_future()
        try:
            future.set_result(work(self._own, *args))
        except STORAGE_FAULTS:  # a thread may have more luck, or more patience
            return self.read(work, *args)
        except Exception as fault:
            future.set_exception(fault)
        if time.monotonic() - started > SLOW:
            self._threads_only_until = started + THREADS_ONLY
        return future

    async def close(self) -> None:
        """Ends when what was asked is read."""
        self._open = False
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        for db in (self._own, *self._connections):
            db.close()

    def _run(self, db: apsw.Connection) -> None:
        while (job := self._jobs.get()) is not None:
            work, args, future = job
            result, error = _attempt(work, db, *args)
            try:
                self._loop.call_soon_threadsafe(_settle, future, result, error)
            except RuntimeError:  # the loop is closed: nobody is there to be told
                return


def _attempt(work: Callable[..., Any], *args: Any) -> tuple[Any, Exception | None]:
    try:
        return work(*args), None
    except STORAGE_FAULTS as fault:
        log.error("the database could not be read: %s", fault)
        return None, Unavailable(f"the database cannot be read: {fault}")
    except Exception as fault:
        return None, fault


def _settle(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.done():  # nobody waits any more
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
