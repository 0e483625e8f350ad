"""A bus within the process: nothing to install, nothing kept.

At least once holds only while the process lives: what waits when it is killed is gone.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

import msgspec

from pipit.bus.base import ControlHandler, DeadLetter, Figures, GroupStatus, Handler
from pipit.bus.control import AnyControl
from pipit.bus.controlling import Controls
from pipit.bus.delivery import PATIENCE, RETRIES, Delivery, Recent, reason
from pipit.bus.events import AnyEvent, decode, encode
from pipit.core import clock

log = logging.getLogger(__name__)

MOST_WAITING = 10_000
"""Events that may wait for one group: some 10 MB, at 1 KB of content each."""

MOST_DEAD = 1000
"""Dead letters kept for one group; older ones make room."""


class MemoryBus:
    """See pipit.bus.base.Bus. `most`: how many events may wait for one group."""

    def __init__(self, retries: Sequence[float] = RETRIES, most: int = MOST_WAITING) -> None:
        self.figures = Figures(connected=True)
        self._retries = retries
        self._most = most
        self._groups: dict[str, _Group] = {}
        self._controls = Controls()

    async def open(self) -> None:
        self._controls.open()

    async def close(self) -> None:
        """Has handlers try what waits once more, for up to PATIENCE seconds."""
        groups, self._groups = self._groups, {}
        await asyncio.gather(*(group.close() for group in groups.values()))
        await self._controls.close()

    def publish(self, event: AnyEvent) -> None:
        self.figures.published[type(event)] += 1
        for group in self._groups.values():
            group.put(event)

    async def subscribe(self, group: str, handler: Handler, *, at_once: int = 1) -> None:
        if group in self._groups:
            raise ValueError(f"group {group!r} has a handler already")
        self._groups[group] = _Group(group, handler, at_once, self._retries, self._most)

    # -- control messages --------------------------------------------------------------------------

    def on_control(self, handler: ControlHandler) -> None:
        self._controls.add(handler)

    def broadcast(self, control: AnyControl) -> None:
        self._controls.tell(control)

    # -- looking into it ---------------------------------------------------------------------------

    async def status(self, groups: Sequence[str] = ()) -> list[GroupStatus]:
        found = (self._group(name) for name in groups or sorted(self._groups))
        return [GroupStatus(one.name, len(one.waiting), len(one.dead)) for one in found]

    async def dead_letters(self, group: str, limit: int = 100) -> list[DeadLetter]:
        return list(self._group(group).dead)[:limit]

    async def replay(self, group: str, key: str = "") -> int:
        one = self._group(group)
        letters = one.take_dead(key)
        for letter in letters:
            one.put(decode(bytes(letter.event)))
        return len(letters)

    async def discard(self, group: str, key: str = "") -> int:
        return len(self._group(group).take_dead(key))

    def _group(self, name: str) -> "_Group":
        if name not in self._groups:
            known = ", ".join(sorted(self._groups)) or "there are none"
            raise ValueError(f"no group is called {name!r}; groups: {known}")
        return self._groups[name]


class _Group:
    """What waits for a handler, what it never managed, and the task that feeds it."""

    def __init__(
        self, name: str, handler: Handler, at_once: int, retries: Sequence[float], most: int
    ) -> None:
        self.name = name
        self.waiting: deque[AnyEvent] = deque()
        self.dead: deque[DeadLetter] = deque(maxlen=MOST_DEAD)
        self._most = most
        self._lost = 0
        self._news = asyncio.Event()
        self._closing = False
        self._delivery: Delivery[None] = Delivery(
            name, handler, self._settle, Recent(), at_once, retries
        )
        self._task = asyncio.create_task(self._feed(), name=f"bus-{name}")

    def put(self, event: AnyEvent) -> None:
        if len(self.waiting) == self._most:
            self.waiting.popleft()
            self._count_lost()
        elif self._lost:
            log.warning("%s lost %d events", self.name, self._lost)
            self._lost = 0
        self.waiting.append(event)
        self._news.set()

    def take_dead(self, key: str) -> list[DeadLetter]:
        """Removes the dead letters of a key, or all."""
        taken = [letter for letter in self.dead if key in ("", letter.key)]
        for letter in taken:
            self.dead.remove(letter)
        return taken

    async def close(self) -> None:
        self._closing = True
        self._news.set()
        self._delivery.hurry()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._task
        except TimeoutError:
            await self._delivery.cancel()
        if self.waiting:
            log.warning("%d events never reached %s", len(self.waiting), self.name)

    async def _feed(self) -> None:
        while self.waiting or not self._closing:
            if self.waiting:
                await self._delivery.put(self.waiting.popleft(), None)
            else:
                self._news.clear()
                await self._news.wait()
        await self._delivery.settled()

    async def _settle(self, event: AnyEvent, _ticket: None, error: Exception | None) -> None:
        if error is not None:
            text = msgspec.Raw(encode(event))
            self.dead.append(DeadLetter(event.key, clock.now_ms(), reason(error), text))

    def _count_lost(self) -> None:
        if not self._lost:
            log.warning("%s is behind by %d events: the oldest are lost", self.name, self._most)
        self._lost += 1
