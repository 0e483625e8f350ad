"""What modules rely on: every event, in order, at least once, whatever other modules do."""

import asyncio
import logging

import msgspec
import pytest

from pipit.bus.base import Bus
from pipit.bus.control import AnyControl, Missed, SettingsChanged, StandingChanged
from pipit.bus.events import AccountChanged, AnyEvent, MessageStored
from pipit.bus.memory import MemoryBus
from tests.contract.backends import BusBackend
from tests.contract.modules import TRIES, Module, event


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
    sent: list[AnyEvent] = [AccountChanged(at=5, user="usrA", what="password"), event(6)]
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
    assert await bus.dead_letters("push") == []


async def test_with_more_at_once_each_conversation_keeps_its_order(bus: Bus) -> None:
    module = Module()
    module.gate.clear()
    await bus.subscribe("push", module, at_once=2)
    for number, topic in enumerate(["grpA", "grpA", "grpB", "grpB", "grpC"]):
        bus.publish(event(number, topic))
    await module.until(calls=2)
    assert module.calls == [0, 2]
    module.gate.set()
    await module.until(handled=5)
    for one, other in (0, 1), (2, 3):
        assert module.handled.index(one) < module.handled.index(other)


async def test_an_event_that_is_published_again_is_handled_once(bus: Bus) -> None:
    module = Module()
    await bus.subscribe("push", module)
    for one in [event(1)] * 2 + [event(2)]:
        bus.publish(one)
    await module.until(handled=2)
    assert module.calls == [1, 2]


def test_the_key_of_a_message_is_its_topic_and_number() -> None:
    raw = msgspec.Raw(b"1")
    stored = MessageStored(at=5, topic="grpA", seq=17, sender="usrA", head=raw, content=raw)
    assert stored.key == "grpA:17"


async def test_a_group_that_is_far_behind_loses_the_oldest(bus_backend: BusBackend) -> None:
    bus, slow = bus_backend.make(most=1000), Module()
    await bus.open()
    slow.gate.clear()
    await bus.subscribe("slow", slow)
    bus.publish(event(0))
    await slow.until(calls=1)
    for number in range(1, 3000):
        bus.publish(event(number))
    await has_kept(bus, event(3000))
    slow.gate.set()
    await slow.until(last=3000)
    await bus.close()
    assert slow.handled == sorted(slow.handled)
    assert 1000 < len(slow.handled) < 1300, "the bound, what was handed over, what a queue rounds"


async def has_kept(bus: Bus, last: AnyEvent) -> None:
    """Publishes a last event, and waits until it and all before it are with the message queue."""
    other = Module()
    await bus.subscribe("quick", other)
    bus.publish(last)
    await other.until(last=last.at)


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


async def test_a_process_has_one_handler_for_a_group(bus: Bus) -> None:
    await bus.subscribe("push", Module())
    with pytest.raises(ValueError, match="push"):
        await bus.subscribe("push", Module())


async def test_it_is_told_how_far_a_group_is(bus: Bus) -> None:
    module = Module()
    module.gate.clear()
    await bus.subscribe("slow", module)
    for number in range(200):
        bus.publish(event(number))
    await has_kept(bus, event(200))
    (status,) = await bus.status(["slow"])
    assert (status.name, status.dead) == ("slow", 0)
    assert 50 < status.waiting <= 201
    module.gate.set()
    with pytest.raises(ValueError, match="nobody"):
        await bus.status(["nobody"])


async def test_what_was_published_is_counted_by_kind(bus: Bus) -> None:
    for one in (event(1), event(2), AccountChanged(at=5, user="usrA", what="password")):
        bus.publish(one)
    assert bus.figures.published == {type(event(1)): 2, AccountChanged: 1}


# -- control messages ------------------------------------------------------------------------------


async def test_a_control_message_reaches_the_process_that_sends_it(bus: Bus) -> None:
    heard: asyncio.Queue[AnyControl] = asyncio.Queue()
    bus.on_control(heard.put)
    sent: list[AnyControl] = [StandingChanged("usrA", 3, "susp"), SettingsChanged("limits")]
    for one in sent:
        bus.broadcast(one)
    got = [one for one in [await heard.get() for _ in range(2)] if one != Missed()]
    while len(got) < 2:
        got.append(await heard.get())
    assert got == sent


async def test_a_listener_that_fails_keeps_nothing_from_others(bus: Bus) -> None:
    async def fail(_: AnyControl) -> None:
        raise RuntimeError("no")

    heard: asyncio.Queue[AnyControl] = asyncio.Queue()
    bus.on_control(fail)
    bus.on_control(heard.put)
    bus.broadcast(SettingsChanged("limits"))
    while await heard.get() != SettingsChanged("limits"):
        pass


# -- of the bus within the process -----------------------------------------------------------------


async def test_a_full_queue_loses_the_oldest_and_says_how_many(
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
        await module.until(handled=7)
        bus.publish(event(10))
        await module.until(handled=8)
    await bus.close()
    assert module.handled == [0, 1, 4, 5, 6, 7, 8, 10]
    assert [record.getMessage() for record in caplog.records] == [
        "slow is behind by 5 events: the oldest are lost",
        "slow lost 2 events",
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
