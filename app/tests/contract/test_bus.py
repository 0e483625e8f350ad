"""What modules rely on: every event, in order, at least once, whatever other modules do."""

import asyncio
import logging

import pytest

from pipit.bus.base import Bus
from pipit.bus.events import AccountChanged, AnyEvent, TopicChanged
from pipit.bus.memory import MemoryBus

TRIES = 3
"""How often the buses of this suite try an event."""


def event(number: int) -> TopicChanged:
    return TopicChanged(at=number, topic="grpA", what="updated")


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

    async def until(self, handled: int = 0, calls: int = 0) -> None:
        """Waits for so many handled events and calls."""
        while len(self.handled) < handled or len(self.calls) < calls:
            self._news.clear()
            await self._news.wait()


async def test_every_group_gets_every_event_in_order(bus: Bus) -> None:
    modules = {name: Module() for name in ("push", "webhooks", "archive")}
    for name, module in modules.items():
        await bus.subscribe(name, module)
    for number in range(500):
        bus.publish(event(number))
    for module in modules.values():
        await module.until(handled=500)
        assert module.handled == list(range(500))


async def test_events_keep_their_kind_and_content(bus: Bus) -> None:
    got: asyncio.Queue[AnyEvent] = asyncio.Queue()
    await bus.subscribe("push", got.put)
    sent = [AccountChanged(at=5, user="usrA", what="password"), event(6)]
    for one in sent:
        bus.publish(one)
    assert [await got.get(), await got.get()] == sent


async def test_a_group_gets_what_is_published_after_it_subscribed(bus: Bus) -> None:
    bus.publish(event(1))
    module = Module()
    await bus.subscribe("push", module)
    bus.publish(event(2))
    await module.until(handled=1)
    assert module.calls == [2]


async def test_a_slow_group_delays_neither_the_publisher_nor_others(bus: Bus) -> None:
    slow, quick = Module(), Module()
    slow.gate.clear()
    await bus.subscribe("slow", slow)
    await bus.subscribe("quick", quick)
    for number in range(100):
        bus.publish(event(number))
    await quick.until(handled=100)
    await slow.until(calls=1)
    assert (slow.calls, slow.handled) == ([0], [])
    slow.gate.set()
    await slow.until(handled=100)
    assert slow.handled == list(range(100))


async def test_a_handler_that_fails_is_called_again_before_the_next_event(bus: Bus) -> None:
    module = Module()
    module.failures = {1: TRIES - 1}
    await bus.subscribe("push", module)
    for number in (1, 2):
        bus.publish(event(number))
    await module.until(handled=2)
    assert module.calls == [1] * TRIES + [2]
    assert module.handled == [1, 2]
    assert bus.dead_letters("push") == []


async def test_an_event_that_always_fails_becomes_a_dead_letter(bus: Bus) -> None:
    failing, fine = Module(), Module()
    failing.failures = {1: 99, 3: 99}
    await bus.subscribe("failing", failing)
    await bus.subscribe("fine", fine)
    for number in (1, 2, 3, 4):
        bus.publish(event(number))
    await failing.until(handled=2)
    await fine.until(handled=4)
    assert failing.calls == [1] * TRIES + [2] + [3] * TRIES + [4]
    assert bus.dead_letters("failing") == [event(1), event(3)]
    assert bus.dead_letters("fine") == []
    assert bus.dead_letters("unknown") == []


async def test_closing_lets_a_handler_finish(bus: Bus) -> None:
    module = Module()
    module.gate.clear()
    await bus.subscribe("push", module)
    bus.publish(event(1))
    await module.until(calls=1)
    closing = asyncio.ensure_future(bus.close())
    await asyncio.sleep(0)
    module.gate.set()
    await closing
    assert module.handled == [1]


async def test_publishing_never_fails(bus: Bus) -> None:
    bus.publish(event(1))
    await bus.close()
    bus.publish(event(2))


# -- of the bus within the process -----------------------------------------------------------------


async def test_a_full_queue_loses_the_newest_and_says_how_many(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus, module, other = MemoryBus(most=5), Module(), Module()
    module.gate.clear()
    await bus.subscribe("slow", module)
    await bus.subscribe("quick", other)
    with caplog.at_level(logging.WARNING):
        for number in range(9):
            bus.publish(event(number))
            await other.until(handled=number + 1)
        module.gate.set()
        await module.until(handled=5)
        bus.publish(event(10))
        await module.until(handled=6)
    await bus.close()
    assert module.handled == [0, 1, 2, 3, 4, 10]
    assert [record.getMessage() for record in caplog.records] == [
        "slow is behind by 5 events: newer ones are lost",
        "slow lost 4 events",
    ]


async def test_closing_waits_for_no_further_try() -> None:
    bus, module = MemoryBus(retries=(3600.0,)), Module()
    module.failures = {1: 1}
    await bus.subscribe("push", module)
    bus.publish(event(1))
    bus.publish(event(2))
    await module.until(calls=1)
    await bus.close()
    assert module.calls == [1, 1, 2]
    assert module.handled == [1, 2]


async def test_a_group_has_one_handler() -> None:
    bus = MemoryBus()
    await bus.subscribe("push", Module())
    with pytest.raises(ValueError, match="push"):
        await bus.subscribe("push", Module())
    await bus.close()
