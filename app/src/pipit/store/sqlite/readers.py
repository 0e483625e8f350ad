"""Threads that read, each on a connection of its own, so that nothing read waits for a commit."""

import asyncio
import logging
import threading
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

Job = tuple[Callable[..., Any], tuple[Any, ...], "asyncio.Future[Any]"]


class Readers:
    """Reads what is committed; made, used and closed in the event loop."""

    def __init__(self, path: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._open = True
        self._connections = [open_for_reading(path) for _ in range(THREADS)]
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

    async def close(self) -> None:
        """Ends when what was asked is read."""
        self._open = False
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        for db in self._connections:
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
