"""The way of new messages: all that wait are stored together, then told of.

One batch is on its way at a time; while it is, the next gathers.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from pipit.store.base import Committed, StoreError, Unavailable
from pipit.store.mongodb import batch
from pipit.store.mongodb.batch import NOWHERE, Entry, Tail
from pipit.store.mongodb.counters import QUIET_SECONDS, Counters
from pipit.store.mongodb.database import PATIENCE, operation
from pipit.store.mongodb.doubt import Line
from pipit.store.records import Message

log = logging.getLogger(__name__)

CLOSING_PATIENCE = 2.0
"""Seconds for what is left at the end: a service that is stopped should not wait for long."""

MOST_AT_ONCE = 1000
"""Messages of a batch."""

MOST_BYTES_AT_ONCE = 8 << 20
"""Bytes of a batch; one command takes 48 MB."""

GATHER_SECONDS = 0.001
"""How long a batch gathers at most, if the one before it held several messages: who was just
answered sends the next. A lone message waits for nobody. With 100 pairs and 20 messages in flight:
8,800 messages a second and 110 µs of CPU each, service and mongod; without it 7,200 and 137.
"""

TOLD_AT_ONCE = 5
"""Topics that are told before other work of the loop gets its turn: their members have the message,
and may send the next, while the others are told. Measured as above, MongoDB beside SQLite: 0.75 of
its rate and 110 µs of CPU a message, all at once 0.58 and 145.
"""

MOST_WAITING = 20_000
"""Messages that wait; further ones are refused."""

MOST_BYTES_WAITING = 64 << 20

MOST_TAILS = 100_000
"""Topics whose ends are remembered."""


@dataclass(slots=True, eq=False)
class Job:
    """Something to do before the next messages are stored."""

    work: Callable[[], Awaitable[None]]
    done: asyncio.Future[None]


class Appender:
    """Stores messages in the order they were asked; made, used and closed in the event loop."""

    def __init__(self, line: Line) -> None:
        self.committed: Committed | None = None
        self.counters = Counters(line.name)
        self._line = line
        self._open = True
        self._patience = PATIENCE
        self._queue: list[Message] = []
        self._waiting_since = 0.0
        self._bytes = 0
        self._jobs: list[Job] = []
        self._tails: dict[str, Tail] = {}
        self._asked = 0
        self._told = 0
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._draining: asyncio.Task[None] | None = None
        self._expected = 0
        self._gathered: asyncio.Future[None] | None = None
        self._fault: StoreError | None = None

    # -- asking ------------------------------------------------------------------------------------

    def append(self, message: Message) -> None:
        """Queues a message; `committed` hears of it. Raises Unavailable when closed, or full."""
        if not self._open:
            raise Unavailable("the store is closed")
        if len(self._queue) >= MOST_WAITING or self._bytes >= MOST_BYTES_WAITING:
            raise Unavailable("the database is too slow: too many messages wait for it")
        if not self._queue:
            self._waiting_since = time.monotonic()
        self._queue.append(message)
        self._bytes += len(message.content)
        self._asked += 1
        if self._gathered is not None and len(self._queue) >= self._expected:
            _settle(self._gathered, None)
        self._start()

    async def first(self, work: Callable[[], Awaitable[None]]) -> None:
        """Does something before any message that waits is stored."""
        job = Job(work, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        self._start()
        await job.done

    async def settled(self) -> None:
        """Waits until what was asked so far is told."""
        if self._told < self._asked:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append((self._asked, waiter))
            await waiter

    def end(self, topic: str) -> int:
        """From this number on, messages of a topic must not be seen: they were given up."""
        return self._line.end(topic)

    def know(self, topic: str, key: int, last: int) -> None:
        """Takes over where a topic ends, as it was just read."""
        if len(self._tails) >= MOST_TAILS:
            self._tails.clear()
        self._tails[topic] = Tail(key, last)

    def block(self, topic: str) -> None:
        """Refuses what is asked for a topic, until `forget`."""
        self._tails[topic] = NOWHERE
        self.counters.release(topic)

    def forget(self, topic: str) -> None:
        """Reads anew where a topic ends, when it is used again."""
        self._tails.pop(topic, None)

    async def write_counters(self, quiet: float = QUIET_SECONDS) -> None:
        """Writes those of quiet topics. Raises Unavailable."""
        await self.first(lambda: self.counters.end(self._line.db, quiet))

    async def close(self) -> None:
        """Stores what was asked, and tells of it."""
        self._open = False
        self._patience = CLOSING_PATIENCE
        with contextlib.suppress(StoreError):  # the database shows that they are behind
            await self.write_counters(quiet=0)
        while self._draining is not None:
            await self._draining

    # -- storing -----------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        self._expected = 0
        try:
            while self._queue or self._jobs:
                if 1 < self._expected > len(self._queue):
                    await self._gather()
                self._expected = len(self._queue)
                waited = time.monotonic() - self._waiting_since if self._queue else 0.0
                await self._tell(await self._store(self._take(), self._patience - waited))
        finally:
            self._draining = None

    async def _gather(self) -> None:
        """Waits until as many messages are there as in the batch before, for GATHER_SECONDS."""
        loop = asyncio.get_running_loop()
        self._gathered = loop.create_future()
        late = loop.call_later(GATHER_SECONDS, _settle, self._gathered, None)
        await self._gathered
        late.cancel()
        self._gathered = None

    def _take(self) -> list[Message]:
        """The next messages of the queue."""
        size = many = 0
        while many < min(len(self._queue), MOST_AT_ONCE) and size < MOST_BYTES_AT_ONCE:
            size += len(self._queue[many].content)
            many += 1
        taken, self._queue = self._queue[:many], self._queue[many:]
        self._bytes -= size
        self._waiting_since = time.monotonic()
        return taken

    async def _store(self, messages: list[Message], patience: float) -> list[Entry]:
        jobs, self._jobs = self._jobs, []
        entries: list[Entry] = []
        sent = False
        try:
            with operation(patience):
                await self._line.settle()
                await _do(jobs)
                entries = batch.sort_out(messages, await self._find_tails(messages))
                fit = [entry for entry in entries if not entry.error]
                await self.counters.begin(self._line.db, {entry.message.topic for entry in fit})
                sent = True
                await batch.insert(self._line.db, fit)
        except Exception as fault:
            error = _error(fault)
            self._note(error)
            entries = entries or [Entry(message, 0) for message in messages]
            self._fail(entries, error, in_doubt=sent)
            for job in jobs:
                _settle(job.done, error)
        else:
            self._note(None)
        self._move_on(entries)
        return entries

    async def _find_tails(self, messages: Iterable[Message]) -> dict[str, Tail]:
        """Where the topics of messages end; read where that is not known."""
        tails = {}
        for topic in {message.topic for message in messages}:
            tail = self._tails.get(topic)
            if tail is None:
                tail = await batch.find_tail(self._line.db, topic)
                self.know(topic, tail.key, tail.last)
            tails[topic] = tail
        return tails

    def _move_on(self, entries: Sequence[Entry]) -> None:
        """Notes where topics end now."""
        stored = [entry.message for entry in entries if entry.stored]
        held = [message for message in stored if message.topic in self._tails]
        for message in held:  # others were released meanwhile: another process counts them now
            self._tails[message.topic].last = message.seq
        self.counters.advance(held)

    def _fail(self, entries: Sequence[Entry], error: StoreError, *, in_doubt: bool) -> None:
        """Gives up what is not stored, and what waits behind it: it would wait too long."""
        unknown = [entry for entry in entries if not entry.stored and not entry.error]
        for entry in unknown:
            entry.error = error
        if in_doubt:
            self._line.give_up(unknown)

    def _note(self, error: StoreError | None) -> None:
        """Logs the first of a row of faults, and the end of it."""
        if error and not self._fault:
            log.error("nothing is stored for now: %s", error)
        if self._fault and not error:
            log.warning("storing works again")
        self._fault = error

    # -- telling -----------------------------------------------------------------------------------

    async def _tell(self, entries: Sequence[Entry]) -> None:
        stored: dict[str, list[Message]] = {}
        failed: dict[str, list[Message]] = {}
        errors: dict[str, StoreError] = {}
        for entry in entries:
            topic = entry.message.topic
            (failed if entry.error else stored).setdefault(topic, []).append(entry.message)
            if entry.error:
                errors.setdefault(topic, entry.error)
        for number, messages in enumerate(stored.values(), 1):
            self._tell_topic(messages, None)
            if number % TOLD_AT_ONCE == 0:
                await asyncio.sleep(0)
        if errors:
            self._take_followers(errors, failed)
        for topic, messages in failed.items():
            self._tell_topic(messages, errors[topic])
        self._wake()

    def _take_followers(
        self, errors: dict[str, StoreError], failed: dict[str, list[Message]]
    ) -> None:
        """What waits behind a failed message fails too; with the server away, all that waits.

        A topic that somebody else wrote to is read anew when it is used again.
        """
        away = self._fault if isinstance(self._fault, Unavailable) else None
        left = []
        for message in self._queue:
            if away:
                errors.setdefault(message.topic, away)
            if message.topic in errors:
                failed.setdefault(message.topic, []).append(message)
                self._bytes -= len(message.content)
            else:
                left.append(message)
        self._queue = left

    def _tell_topic(self, messages: list[Message], error: StoreError | None) -> None:
        self._told += len(messages)
        try:
            if self.committed is not None:
                self.committed(messages, error)
        except Exception:
            log.exception("telling what was stored failed")

    def _wake(self) -> None:
        due = [waiter for asked, waiter in self._waiters if asked <= self._told]
        self._waiters = [entry for entry in self._waiters if entry[0] > self._told]
        for waiter in due:
            _settle(waiter, None)


async def _do(jobs: Iterable[Job]) -> None:
    for job in jobs:
        await job.work()
        _settle(job.done, None)


def _settle(future: asyncio.Future[None], error: StoreError | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(None)


def _error(fault: Exception) -> StoreError:
    if isinstance(fault, StoreError):
        return fault
    log.error("a batch of messages failed", exc_info=fault)
    return StoreError(f"not stored: {fault!r}")
