"""Events when the message queue is away, and the outbox too: nothing lost, the order kept."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import pytest

from pipit.bus import publisher
from pipit.bus.base import BusUnavailable, Figures
from pipit.bus.publisher import Publisher


class Queue:
    """What a message queue was given; `away`: it takes nothing."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.attempts = asyncio.Event()
        self.taken: list[bytes] = []
        self.complete = asyncio.Event()
        self.awaited = 0

    async def send(self, events: Sequence[bytes]) -> None:
        self.attempts.set()
        if self.away:
            raise BusUnavailable("it is away")
        self.taken += events
        if len(self.taken) >= self.awaited:
            self.complete.set()


class Outbox:
    """An outbox in memory; `full_disk`: nothing can be put."""

    def __init__(self, *, full_disk: bool = False) -> None:
        self.full_disk = full_disk
        self.refused = asyncio.Event()
        self.events: dict[int, bytes] = {}

    async def put_outbox(self, events: Sequence[bytes]) -> None:
        if self.full_disk:
            self.refused.set()
            raise OSError("no space left")
        for event in events:
            self.events[max(self.events, default=0) + 1] = event

    async def outbox(self, limit: int) -> list[tuple[int, bytes]]:
        return list(self.events.items())[:limit]

    async def drop_outbox(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.events.pop(number, None)

    async def outbox_size(self) -> int:
        return len(self.events)


@asynccontextmanager
async def publishing(
    queue: Queue, outbox: Outbox | None, most: int = 1000
) -> AsyncIterator[Publisher]:
    one = Publisher(queue.send, Figures(), outbox, most)
    one.open()
    yield one
    await one.close()


def events(low: int, hi: int) -> list[bytes]:
    return [b"%d" % number for number in range(low, hi)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses of every day would make this slow."""
    monkeypatch.setattr(publisher, "PAUSE", 0.001)
    monkeypatch.setattr(publisher, "RETRY", 0.01)


async def test_while_neither_can_be_written_events_wait_in_memory() -> None:
    queue, outbox = Queue(away=True), Outbox(full_disk=True)
    queue.awaited = 30
    async with publishing(queue, outbox) as one:
        for event in events(0, 20):
            one.put(event)
        await outbox.refused.wait()
        outbox.full_disk = False
        for event in events(20, 30):
            one.put(event)
        await one.flushed()
        assert list(outbox.events.values()) == events(0, 30)
        queue.away = False
        await queue.complete.wait()
    assert queue.taken == events(0, 30)
    assert not outbox.events


async def test_memory_has_a_bound_and_the_loss_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(publisher, "MOST_WAITING", 5)
    figures, queue = Figures(), Queue(away=True)
    one = Publisher(queue.send, figures)
    with caplog.at_level(logging.ERROR):
        for event in events(0, 8):
            one.put(event)
    assert (figures.waiting, figures.dropped) == (5, 3)
    assert len(caplog.records) == 1
    queue.away, queue.awaited = False, 5
    one.open()
    await queue.complete.wait()
    await one.close()
    assert queue.taken == events(0, 5)


async def test_what_an_earlier_process_left_goes_first() -> None:
    queue, outbox = Queue(), Outbox()
    await outbox.put_outbox(events(0, 10))
    queue.awaited = 12
    async with publishing(queue, outbox) as one:
        for event in events(10, 12):
            one.put(event)
        await queue.complete.wait()
    assert queue.taken == events(0, 12)


async def test_without_an_outbox_events_wait_for_the_queue() -> None:
    queue = Queue(away=True)
    queue.awaited = 10
    async with publishing(queue, None) as one:
        for event in events(0, 10):
            one.put(event)
        await queue.attempts.wait()
        queue.away = False
        await queue.complete.wait()
    assert queue.taken == events(0, 10)
