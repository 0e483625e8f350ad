"""The one thread that changes the database: all that waits is committed and told of together.

What a commit costs is shared by all that it holds (group commit). Nothing waits for company: while
one commit is on its way to the disk, the next batch gathers.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

import apsw

from pipit.store.base import Committed, StoreError, Unavailable
from pipit.store.records import Message
from pipit.store.sqlite.appending import Outcome, TopicIds, after_failure
from pipit.store.sqlite.batch import Change, commit
from pipit.store.sqlite.messages import erase_slice

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_AT_ONCE = 500
"""Once a batch holds so many changes it is committed, whatever else waits."""

CHECKPOINT_PAGES = 1000
"""At so many pages (4 MB, SQLite's own default) the WAL is copied into the database."""

RESTART_PAGES = 16_000
"""At so many pages (64 MB) writing waits for readers, so that the WAL can start anew."""

PASSIVE, RESTART = apsw.SQLITE_CHECKPOINT_PASSIVE, apsw.SQLITE_CHECKPOINT_RESTART


@dataclass(slots=True)
class Told:
    """A mark in the queue: what comes after it was asked by someone who knew of this failure."""

    failure: Outcome


Item = Message | Change | Told


class Writer:
    """Commits changes in the order they were asked; made, used and closed in the event loop."""

    def __init__(self, db: apsw.Connection) -> None:
        self.committed: Committed | None = None
        self._db = db
        self._loop = asyncio.get_running_loop()
        self._tick: list[Item] = []
        self._queue: SimpleQueue[list[Item] | None] = SimpleQueue()
        self._open = True
        self._topics = TopicIds()
        self._broken: dict[str, Outcome] = {}  # each topic's first failure that was not told of yet
        self._fault: StoreError | None = None
        self._wal_pages = 0
        self._erasing = True
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        db.set_wal_hook(self._count_pages)
        self._thread.start()

    def append(self, message: Message) -> None:
        """Queues a message; `committed` hears of it. Raises Unavailable when closed."""
        self._put(message)

    def change(self, work: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Queues `work(db, *args)`; its result once committed. Raises Unavailable when closed."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._put(Change(work, args, future))
        return future

    async def close(self) -> None:
        """Commits what was asked, and closes the database."""
        self._open = False
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _put(self, item: Item) -> None:
        if not self._open:
            raise Unavailable("the store is closed")
        if not self._tick:
            self._loop.call_soon(self._hand_over)  # wakes the thread once a tick, not once an item
        self._tick.append(item)

    def _hand_over(self) -> None:
        if self._tick:
            self._queue.put(self._tick)
            self._tick = []

    def _tell(self, done: list[Outcome | Change]) -> None:
        for one in done:
            try:
                if isinstance(one, Change):
                    one.settle()
                else:
                    self._tell_outcome(one)
            except Exception:
                log.exception("telling what was stored failed")

    def _tell_outcome(self, outcome: Outcome) -> None:
        if outcome.error and self._open:
            self._put(Told(outcome))
        if self.committed is not None:
            self.committed(outcome.messages, outcome.error)

    # -- in the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        closing = False
        while not closing:
            items, closing = self._take()
            if items:
                self._store(items)
            self._tidy()
        self._end()

    def _take(self) -> tuple[list[Item], bool]:
        """What waits, or nothing if there is something to erase; and whether it is the last."""
        items: list[Item] = []
        while len(items) < MOST_AT_ONCE:
            if (items or self._erasing) and self._queue.empty():
                break
            tick = self._queue.get()
            if tick is None:
                return items, True
            items += tick
        return items, False

    def _store(self, items: list[Item]) -> None:
        batch, done = self._sort_out(items)
        if batch:
            committed, fault = commit(self._db, self._topics, batch)
            done += committed
            self._note(fault)
        for one in done:
            if isinstance(one, Change):
                self._erasing = True  # perhaps: it will be seen
            elif one.error:
                self._broken.setdefault(one.topic, one)
        try:
            self._loop.call_soon_threadsafe(self._tell, done)
        except RuntimeError:
            log.warning("%d changes were made, but nobody is there to be told", len(done))

    def _note(self, fault: StoreError | None) -> None:
        """Logs the first of a row of faults, and the end of it."""
        if fault and not self._fault:
            log.error("nothing is stored for now: %s", fault)
        if self._fault and not fault:
            log.warning("storing works again")
        self._fault = fault

    def _sort_out(self, items: list[Item]) -> tuple[list[Message | Change], list[Outcome | Change]]:
        """What is to be done, and messages that cannot be stored since one before them was not."""
        batch: list[Message | Change] = []
        failed: list[Outcome | Change] = []
        for item in items:
            if isinstance(item, Told):
                if self._broken.get(item.failure.topic) is item.failure:
                    del self._broken[item.failure.topic]
            elif isinstance(item, Message) and item.topic in self._broken:
                failed.append(after_failure(item))
            else:
                batch.append(item)
        return batch, failed

    def _tidy(self) -> None:
        """Keeps the WAL short, and erases a slice, after those who waited were told."""
        try:
            if self._erasing:
                self._erasing = erase_slice(self._db)
            if self._wal_pages >= CHECKPOINT_PAGES:
                restart = self._wal_pages >= RESTART_PAGES
                self._db.wal_checkpoint(mode=RESTART if restart else PASSIVE)
        except apsw.Error as fault:
            log.warning("the database could not be tidied: %s", fault)
            self._erasing = False

    def _count_pages(self, _db: apsw.Connection, _schema: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _end(self) -> None:
        try:
            self._db.pragma("optimize")  # SQLite's advice: what its planner knows is kept current
            self._db.close()
        except apsw.Error as fault:
            log.warning("the database was not closed well: %s", fault)
