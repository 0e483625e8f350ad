"""A bus within the process: nothing to install, nothing kept.

At least once holds only while the process lives: what waits when it is killed is gone, and so is
what finds a group's queue full.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from pipit.bus.base import Handler
from pipit.bus.events import AnyEvent, Event

log = logging.getLogger(__name__)

RETRIES = (0.1, 0.5, 2.0, 10.0, 30.0)
"""Seconds to wait before each further try of a handler that failed."""

MOST_WAITING = 10_000
"""Events that may wait for one group: some 10 MB, at 1 KB of content each."""

MOST_DEAD = 1000
"""Dead letters kept for one group; older ones make room."""

PATIENCE = 3.0
"""Seconds that handlers have to finish when the bus closes."""


class MemoryBus:
    """Hands events to handlers in the same event loop. A group has one handler.

    When `most` events wait for a group, newer ones are lost to it: counted, and logged.
    """

    def __init__(self, retries: Sequence[float] = RETRIES, most: int = MOST_WAITING) -> None:
        self._retries = retries
        self._most = most
        self._groups: dict[str, _Group] = {}

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Has handlers try what waits once more, for up to PATIENCE seconds."""
        groups, self._groups = self._groups, {}
        for group in groups.values():
            group.closing.set()
            group.wake.set()
        tasks = [group.task for group in groups.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=PATIENCE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for group in groups.values():
            if group.waiting:
                log.warning("%d events never reached %s", len(group.waiting), group.name)

    def publish(self, event: Event) -> None:
        """Queues an event for every group; see Bus."""
        for group in self._groups.values():
            group.put(cast(AnyEvent, event))

    async def subscribe(self, group: str, handler: Handler) -> None:
        """See Bus. Raises ValueError if the group has a handler."""
        if group in self._groups:
            raise ValueError(f"group {group!r} has a handler already")
        self._groups[group] = _Group(group, handler, self._retries, self._most)

    def dead_letters(self, group: str) -> list[AnyEvent]:
        """See Bus."""
        return list(self._groups[group].dead) if group in self._groups else []


class _Group:
    """A handler, what waits for it, and the task that calls it."""

    def __init__(self, name: str, handler: Handler, retries: Sequence[float], most: int) -> None:
        self.name = name
        self.handler = handler
        self.retries = retries
        self.most = most
        self.waiting: deque[AnyEvent] = deque()
        self.dead: deque[AnyEvent] = deque(maxlen=MOST_DEAD)
        self.lost = 0
        self.wake = asyncio.Event()
        self.closing = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name=f"bus-{name}")

    def put(self, event: AnyEvent) -> None:
        if len(self.waiting) < self.most:
            self._tell_lost()
            self.waiting.append(event)
            self.wake.set()
            return
        if not self.lost:
            log.warning("%s is behind by %d events: newer ones are lost", self.name, self.most)
        self.lost += 1

    def _tell_lost(self) -> None:
        if self.lost:
            log.warning("%s lost %d events", self.name, self.lost)
            self.lost = 0

    async def _run(self) -> None:
        while self.waiting or not self.closing.is_set():
            if self.waiting:
                await self._deliver(self.waiting[0])
                self.waiting.popleft()
            else:
                self.wake.clear()
                await self.wake.wait()

    async def _deliver(self, event: AnyEvent) -> None:
        """Calls the handler until it manages; there is no waiting while the bus closes."""
        for pause in (*self.retries, None):
            try:
                return await self.handler(event)
            except Exception:
                last = pause is None or self.closing.is_set()
                log.warning("%s failed%s", self.name, " for good" if last else "", exc_info=True)
                if last:
                    self.dead.append(event)
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.closing.wait(), pause)
