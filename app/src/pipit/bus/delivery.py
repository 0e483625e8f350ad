"""Calls a group's handler: in order, again after a failure; what each event came to is settled."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from pipit.bus.base import Handler
from pipit.bus.events import AnyEvent
from pipit.bus.tasks import end

log = logging.getLogger(__name__)

RETRIES = (0.1, 0.5, 2.0, 10.0, 30.0)
"""Seconds to wait before each further try of a handler that failed."""

PATIENCE = 3.0
"""Seconds that handlers have to finish when the bus closes."""

LOOK_AHEAD = 8
"""So many events for each that is handled at once are held: others' may wait in the same chat."""

MOST_RECENT = 10_000
"""Keys of handled events that are remembered, some 1 MB."""

Ticket = TypeVar("Ticket")
Settle = Callable[[AnyEvent, Ticket, Exception | None], Awaitable[None]]
"""Told that an event was handled, or (exception) given up. Its own failure is logged."""


class Recent:
    """The keys of events that were handled a short while ago."""

    __slots__ = ("_keys", "_most")

    def __init__(self, most: int = MOST_RECENT) -> None:
        self._keys: dict[str, None] = {}
        self._most = most

    def add(self, key: str) -> None:
        """Remembers a key; the oldest makes room."""
        self._keys[key] = None
        if len(self._keys) > self._most:
            del self._keys[next(iter(self._keys))]

    def __contains__(self, key: str) -> bool:
        return key in self._keys


class Delivery(Generic[Ticket]):
    """Hands events to a handler, up to `at_once` at a time; see Bus.subscribe.

    `recent` outlives it: events that come again on another connection are known by it.
    """

    def __init__(
        self,
        group: str,
        handler: Handler,
        settle: Settle[Ticket],
        recent: Recent,
        at_once: int = 1,
        retries: Sequence[float] = RETRIES,
    ) -> None:
        self._group = group
        self._handler = handler
        self._settle = settle
        self._recent = recent
        self._retries = retries
        self._in_order = at_once == 1
        self._slots = asyncio.Semaphore(at_once)
        self._room = asyncio.Semaphore(1 if self._in_order else at_once * LOOK_AHEAD)
        self._rows: dict[str, deque[tuple[AnyEvent, Ticket]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurry = asyncio.Event()
        self._halted = False

    async def put(self, event: AnyEvent, ticket: Ticket) -> None:
        """Takes an event, once there is room."""
        await self._room.acquire()
        about = "" if self._in_order else event.about
        row = self._rows.get(about)
        if row is not None:
            row.append((event, ticket))
            return
        self._rows[about] = deque([(event, ticket)])
        task = asyncio.create_task(self._work_off(about), name=f"bus-{self._group}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def idle(self) -> bool:
        """Whether everything that was taken is settled."""
        return not self._tasks

    def hurry(self) -> None:
        """From now on a handler that fails is called once more at most, without waiting."""
        self._hurry.set()

    async def settled(self) -> None:
        """Waits until everything that was taken is settled."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def halt(self, closing: asyncio.Event) -> None:
        """Lets handlers finish what they are at; what else was taken is left unsettled.

        Once the bus is closing they have PATIENCE seconds.
        """
        self._halted = True
        self.hurry()
        finishing = asyncio.create_task(self.settled())
        closed = asyncio.create_task(closing.wait())
        await asyncio.wait([finishing, closed], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([finishing], timeout=PATIENCE)
        await end(finishing, closed)
        await self.cancel()

    async def cancel(self) -> None:
        """Ends handlers in the middle of what they are at."""
        await end(*self._tasks)

    async def _work_off(self, about: str) -> None:
        row = self._rows[about]
        try:
            while row and not self._halted:
                await self._deliver(*row[0])
                row.popleft()
                self._room.release()
        finally:
            del self._rows[about]

    async def _deliver(self, event: AnyEvent, ticket: Ticket) -> None:
        error = None if event.key in self._recent else await self._attempt(event)
        if error is not None and self._halted:
            return  # whoever is next tries again
        if error is None:
            self._recent.add(event.key)
        try:
            await self._settle(event, ticket, error)
        except Exception as fault:
            log.warning("%s: event %s may come again: %s", self._group, event.key, fault)

    async def _attempt(self, event: AnyEvent) -> Exception | None:
        """Calls the handler until it manages, or gives up; what it raised last then."""
        for pause in (*self._retries, None):
            try:
                async with self._slots:
                    await self._handler(event)
                return None
            except Exception as fault:
                last = pause is None or self._hurry.is_set()
                log.warning("%s failed%s", self._group, " for good" if last else "", exc_info=True)
                if last:
                    return fault
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._hurry.wait(), pause)
        raise AssertionError("the last pause is None")


def reason(error: Exception) -> str:
    """Why an event was given up, on one line."""
    return " ".join(repr(error).split())[:500]
