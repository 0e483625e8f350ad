"""What handing an event to Redis costs: the publisher's CPU, in this process, and Redis' own."""

import asyncio
import time
from pathlib import Path

import uvloop
from msgspec import Raw

from bench import engines, proc
from bench.run import Run
from bench.server import data_folder
from bench.table import Row
from pipit.bus.events import MessageStored
from pipit.bus.factory import make_bus
from pipit.config.load import load
from pipit.store.sqlite import SqliteStore

EVENTS = 20_000
BURST, PAUSE = 20, 0.002  # as many messages stored in one commit, then the next: 10,000 a second


def queue(run: Run) -> None:
    """Publish events in bursts, as commits do, and wait until Redis has them all."""
    if engines.NO_REDIS:
        return run.say(f"queue is left out: {engines.NO_REDIS}")
    with engines.redis() as redis, data_folder() as folder:
        for repeat in range(run.sizes.repeats):
            run.say(f"queue: repeat {repeat + 1} of {run.sizes.repeats}")
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                ours, theirs = runner.run(_publish(redis, folder))
            run.sample("queue: publisher", ours)
            run.sample("queue: Redis", theirs)
    parts = zip(run.of("queue: publisher"), run.of("queue: Redis"), strict=True)
    both = tuple(ours + theirs for ours, theirs in parts)
    how = f"{EVENTS:,} events, {BURST} every {1e3 * PAUSE:g} ms; CPU of publisher and Redis"
    run.add(Row("queue", "Redis event of a stored message: CPU", "µs", both, how, 15, 6))
    own = run.of("queue: publisher")
    run.add(Row("queue, publisher", "the same, the service's part", "µs", own, "in this process"))


async def _publish(redis: engines.Engine, folder: Path) -> tuple[float, float]:
    """CPU in µs per event: of this process, and of Redis."""
    variables = {f"PIPIT_{key.upper()}": str(value) for key, value in redis.settings.items()}
    store = SqliteStore(folder / "pipit.db")
    await store.open()
    bus = make_bus(load(None, variables), store)
    await bus.open()
    before, redis_before = time.process_time(), proc.cpu_seconds(redis.pid)
    text = Raw(b'"Shall we say half past seven at the boat house?"')
    for seq in range(EVENTS):
        bus.publish(MessageStored(0, "grpAAAAAAAAAAA", seq, "usrAAAAAAAAAAA", Raw(b"null"), text))
        if seq % BURST == 0:
            await asyncio.sleep(PAUSE)
    await bus.close()
    ours, theirs = time.process_time() - before, proc.cpu_seconds(redis.pid) - redis_before
    await store.close()
    return 1e6 * ours / EVENTS, 1e6 * theirs / EVENTS
