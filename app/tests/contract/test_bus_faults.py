"""What modules rely on when processes are killed, or the message queue is: nothing lost that was
promised, the order kept. On real servers.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from pipit.bus.base import Bus, BusUnavailable, Outbox
from pipit.bus.control import AnyControl, Missed, SettingsChanged
from pipit.store.sqlite import SqliteStore
from tests.contract.backends import BusBackend
from tests.contract.modules import Module, event
from tests.support.redis_server import RedisServer

APP = Path(__file__).parents[2]


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store, as the service has it."""
    store = SqliteStore(tmp_path / "pipit.db")
    await store.open()
    yield store
    await store.close()


@asynccontextmanager
async def opened(bus: Bus) -> AsyncIterator[Bus]:
    """A bus that is closed in the end."""
    await bus.open()
    try:
        yield bus
    finally:
        await bus.close()


async def until(condition: Callable[[], bool]) -> None:
    """Waits for figures, which nobody tells of."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def restart(backend: BusBackend) -> None:
    assert backend.server
    backend.server.start()


def kill(backend: BusBackend) -> None:
    assert backend.server
    backend.server.kill()


# -- several processes -----------------------------------------------------------------------------


async def test_events_of_one_process_reach_modules_in_another(queue: BusBackend) -> None:
    module = Module()
    async with opened(queue.make()) as service, opened(queue.make()) as modules:
        await modules.subscribe("push", module)
        for number in range(50):
            service.publish(event(number))
        await module.until(handled=50)
    assert module.handled == list(range(50))


async def test_a_group_goes_on_where_it_was(queue: BusBackend) -> None:
    async with opened(queue.make()) as service:
        for numbers in (range(10), range(10, 20)):
            module = Module()
            async with opened(queue.make()) as modules:
                if numbers.start:  # the group is known: published before it is there again
                    await kept_by(service, numbers, modules)
                await modules.subscribe("push", module)
                if not numbers.start:
                    for number in numbers:
                        service.publish(event(number))
                await module.until(handled=10)
            assert module.handled == list(numbers)


async def kept_by(service: Bus, numbers: range, other: Bus) -> None:
    """Publishes, and waits until the message queue has it."""
    watcher = Module()
    await other.subscribe("quick", watcher)
    for number in numbers:
        service.publish(event(number))
    await watcher.until(last=numbers[-1])


async def test_of_two_processes_one_works_and_the_other_takes_over(queue: BusBackend) -> None:
    first, second = Module(), Module()
    async with opened(queue.make()) as service, opened(queue.make()) as other:
        async with opened(queue.make()) as one:
            await one.subscribe("push", first)
            service.publish(event(0))
            await first.until(handled=1)
            await other.subscribe("push", second)
            for number in range(1, 50):
                service.publish(event(number))
            await first.until(handled=50)
            assert second.calls == []
        service.publish(event(50))
        await second.until(handled=1)
    assert second.handled == [50]


async def test_what_a_killed_process_had_in_hand_goes_to_the_next(queue: BusBackend) -> None:
    assert queue.server
    async with opened(queue.make()) as service:
        command = "-m", "tests.contract.consuming_process", queue.kind, str(queue.server.port)
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, "push", cwd=APP, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout
        assert await process.stdout.readline() == b"ready\n"
        for number in range(3000):
            service.publish(event(number))
        while await process.stdout.readline() != b"700\n":
            pass
        process.kill()
        before = [int(line) for line in (await process.stdout.read()).split()]
        await process.wait()
        module = Module()
        async with opened(queue.make()) as modules:
            await modules.subscribe("push", module)
            await module.until(last=2999)
    last = before[-1] if before else 700
    assert module.handled[0] <= last + 1, "nothing is left out"
    assert module.handled == list(range(module.handled[0], 3000))


async def test_a_control_message_reaches_every_process(queue: BusBackend) -> None:
    queues: list[asyncio.Queue[AnyControl]] = []
    async with opened(queue.make()) as one, opened(queue.make()) as two, opened(queue.make()) as me:
        for bus in (one, two, me):
            heard: asyncio.Queue[AnyControl] = asyncio.Queue()
            bus.on_control(heard.put)
            queues.append(heard)
        await until(lambda: all(bus.figures.connected for bus in (one, two, me)))
        me.broadcast(SettingsChanged("limits"))
        for heard in queues:
            got = [await heard.get(), await heard.get()]
            assert sorted(map(repr, got)) == [repr(Missed()), repr(SettingsChanged("limits"))]
        assert all(heard.empty() for heard in queues)


async def test_another_bound_stops_no_group(queue: BusBackend) -> None:
    for most in (1000, 2000):
        module = Module()
        async with opened(queue.make(most=most)) as bus:
            await bus.subscribe("push", module)
            bus.publish(event(most))
            await module.until(handled=1)


# -- dead letters ----------------------------------------------------------------------------------


async def test_what_is_no_event_becomes_a_dead_letter(queue: BusBackend, outbox: Outbox) -> None:
    module = Module()
    async with opened(queue.make()) as modules:
        await modules.subscribe("push", module)
        await outbox.put_outbox([b'{"event":"of.a.later.version","at":1}'])
        async with opened(queue.make(outbox)) as service:
            service.publish(event(2))
            await module.until(handled=1)
        (letter,) = await modules.dead_letters("push")
    assert bytes(letter.event) == b'{"event":"of.a.later.version","at":1}'
    assert "of.a.later.version" in letter.reason


# -- the message queue is away ---------------------------------------------------------------------


async def test_a_killed_queue_loses_nothing_and_keeps_the_order(
    queue: BusBackend, outbox: Outbox
) -> None:
    module = Module()
    async with opened(queue.make(outbox)) as service, opened(queue.make()) as modules:
        await modules.subscribe("push", module)
        for number in range(3000):
            if number == 1000:
                await module.until(calls=100)
                kill(queue)
            if number == 2000:
                await until(lambda: service.figures.outbox >= 900)
                restart(queue)
            service.publish(event(number))
        await module.until(last=2999)
    assert module.handled == list(range(3000))
    assert await outbox.outbox_size() == 0


async def test_the_outbox_outlives_the_service(queue: BusBackend, outbox: Outbox) -> None:
    module = Module()
    async with opened(queue.make()) as modules:
        await modules.subscribe("push", module)
        kill(queue)
        async with opened(queue.make(outbox)) as service:
            for number in range(100):
                service.publish(event(number))
        assert await outbox.outbox_size() == 100
        restart(queue)
        async with opened(queue.make(outbox)) as service:
            service.publish(event(100))
            await module.until(handled=101)
    assert module.handled == list(range(101))


async def test_a_full_outbox_loses_the_newest_and_counts_them(
    queue: BusBackend, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    kill(queue)
    async with opened(queue.make(outbox, outbox_max=10)) as service:
        for number in range(25):
            service.publish(event(number))
        await until(lambda: service.figures.waiting == 0)
        assert (service.figures.outbox, service.figures.dropped) == (10, 15)
    kept = [text for _, text in await outbox.outbox(100)]
    assert [b'"at":%d,' % number in text for number, text in enumerate(kept)] == [True] * 10
    assert "the outbox is full with 10 events" in caplog.text
    restart(queue)


async def test_asking_a_queue_that_is_away_fails_with_a_sentence(queue: BusBackend) -> None:
    kill(queue)
    async with opened(queue.make()) as bus:
        with pytest.raises(BusUnavailable, match=r"at 127.0.0.1:\d+: "):
            await bus.dead_letters("push")
    restart(queue)


async def test_control_messages_are_sent_when_the_queue_is_back(queue: BusBackend) -> None:
    heard: asyncio.Queue[AnyControl] = asyncio.Queue()
    kill(queue)
    async with opened(queue.make()) as one, opened(queue.make()) as other:
        other.on_control(heard.put)
        one.broadcast(SettingsChanged("limits"))
        restart(queue)
        assert await heard.get() == Missed(), "what was said meanwhile is to be looked up"
        one.broadcast(SettingsChanged("files"))
        while await heard.get() != SettingsChanged("files"):
            pass


async def test_a_frozen_redis_holds_nothing_up(redis_server: RedisServer, outbox: Outbox) -> None:
    backend, module = BusBackend("redis", redis_server), Module()
    async with opened(backend.make(outbox)) as service, opened(backend.make()) as modules:
        await modules.subscribe("push", module)
        service.publish(event(0))
        await module.until(handled=1)
        redis_server.freeze()
        for number in range(1, 100):
            service.publish(event(number))
        await until(lambda: service.figures.outbox >= 99)  # one more if its answer was lost
        redis_server.thaw()
        await module.until(last=99)
    assert module.handled == list(range(100))


async def test_a_redis_that_forgot_everything_is_set_up_again(
    redis_server: RedisServer, outbox: Outbox
) -> None:
    backend, module = BusBackend("redis", redis_server), Module()
    async with opened(backend.make(outbox)) as service, opened(backend.make()) as modules:
        await modules.subscribe("push", module)
        service.publish(event(0))
        await module.until(handled=1)
        redis_server.kill()
        for file in (redis_server.folder / "appendonlydir").iterdir():
            file.unlink()
        redis_server.start()
        for number in range(1, 100):
            service.publish(event(number))
        await module.until(last=99)
    assert module.handled == list(range(100))


async def test_an_event_that_kills_every_process_becomes_a_dead_letter(
    redis_server: RedisServer,
) -> None:
    backend, stuck, module = BusBackend("redis", redis_server), Module(), Module()
    stuck.gate.clear()
    async with opened(backend.make()) as service:
        async with opened(backend.make()) as first:
            await first.subscribe("push", stuck)
            service.publish(event(1))
            await stuck.until(calls=1)
            await count_as_delivered(redis_server, 10)
        async with opened(backend.make()) as second:
            await second.subscribe("push", module)
            service.publish(event(2))
            await module.until(handled=1)
            (letter,) = await second.dead_letters("push")
    assert module.handled == [2]
    assert letter.reason == "RuntimeError('10 processes ended before they had handled it')"


async def count_as_delivered(server: RedisServer, times: int) -> None:
    """As if so many processes had taken the one event that is in hand."""
    async with Redis(port=server.port) as client:
        (row,) = await client.xpending_range("pipit:events", "push", "-", "+", count=1)
        number = row["message_id"]
        await client.xclaim(
            "pipit:events", "push", "worker", 0, [number], retrycount=times, justid=True
        )
