"""A module to test buses with, and events for it."""

import asyncio

from pipit.bus.events import AnyEvent, TopicChanged

TRIES = 3
"""How often the buses of this suite try an event."""


def event(number: int, topic: str = "grpA") -> TopicChanged:
    """An event that is told from others by its time."""
    return TopicChanged(at=number, topic=topic, what="updated")


class Module:
    """A handler that notes what it gets, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.handled: list[int] = []
        self.failures: dict[int, int] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self._news = asyncio.Event()

    async def __call__(self, got: AnyEvent) -> None:
        self.calls.append(got.at)
        self._news.set()
        await self.gate.wait()
        if self.failures.get(got.at, 0) > 0:
            self.failures[got.at] -= 1
            raise RuntimeError(f"event {got.at} fails")
        self.handled.append(got.at)
        self._news.set()

    async def until(self, handled: int = 0, calls: int = 0, last: int | None = None) -> None:
        """Waits for so many handled events and calls, and for the last one to be handled."""
        while (
            len(self.handled) < handled
            or len(self.calls) < calls
            or (last is not None and self.handled[-1:] != [last])
        ):
            self._news.clear()
            await self._news.wait()
