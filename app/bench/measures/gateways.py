"""Three gateways beside one: what a delivery costs all of them, and what the way to another
gateway's topic adds.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from statistics import median

from bench import engines
from bench.client import Connection, Load, LoadError, Script
from bench.measures.fanout import IN_FLIGHT, Group
from bench.run import Run, cost_of
from bench.scripts import Account, attach, publish_frame, sign_up, start
from bench.server import Server, data_folder, pipit
from bench.table import Row, figure
from pipit.cluster.slots import SLOTS, shares, slot_of
from pipit.core import ids

NAMES = ("a", "b", "c")
PAIRS, MESSAGES = 30, 10
PATIENCE_SECONDS = 30


def gateways(run: Run) -> None:
    """Measure fan-out and the ack's latency; everything on MongoDB and Redis, on one core."""
    if lacking := engines.NO_MONGODB or engines.NO_REDIS:
        return run.say(f"gateways are left out: {lacking}")
    with ExitStack() as running:
        engine = running.enter_context(engines.mongodb()).settings
        engine |= running.enter_context(engines.redis()).settings
        folder = running.enter_context(data_folder())
        alone = running.enter_context(
            pipit(running.enter_context(data_folder()), **engine, database_name="alone")
        )
        three = [
            running.enter_context(
                pipit(folder, **engine, log_name=f"{n}.log", cluster_enabled=True, cluster_name=n)
            )
            for n in NAMES
        ]
        _await_shares(three)
        _fan_out(run, alone, three)
        _latency(run, three)
    _report(run)


def _fan_out(run: Run, alone: Server, three: list[Server]) -> None:
    members, messages = run.sizes.sessions, run.sizes.fan_outs
    with Load(alone.address) as near, Load(*(gateway.address for gateway in three)) as far:
        run.say(f"gateways: {members:,} people join a group, on one gateway and on three")
        sides = {
            "one gateway": ([alone.pid], near, Group(near, members)),
            "three": ([gateway.pid for gateway in three], far, Group(far, members)),
        }
        for repeat in range(run.sizes.repeats):
            run.say(f"gateways: repeat {repeat + 1} of {run.sizes.repeats}")
            for name, (pids, load, group) in sides.items():
                for in_flight in (1, IN_FLIGHT):
                    cost = cost_of(pids, load, partial(group.fan_out, messages, in_flight))
                    run.sample(f"{name}, {in_flight}", cost.cpu * 1e6 / messages / members)


def _latency(run: Run, three: list[Server]) -> None:
    with ExitStack() as open_loads:
        loads = [open_loads.enter_context(Load(gateway.address)) for gateway in three]
        people = sign_up(loads[0], 2 * PAIRS)
        pairs = list(zip(people[::2], people[1::2], strict=True))
        run.say(f"gateways: {PAIRS} people write to one other each, from every gateway")
        for _repeat in range(run.sizes.repeats):
            waits: dict[bool, list[float]] = {True: [], False: []}
            for one, other in pairs:
                owner = shares(NAMES)[slot_of(ids.p2p_name(one.user, other.user))]
                for name, load in zip(NAMES, loads, strict=True):
                    waits[name == owner] += _acks(load, one, other)
            run.sample("ack, own topic", 1e3 * median(waits[True]))
            run.sample("ack, another's topic", 1e3 * median(waits[False]))


def _acks(load: Load, one: Account, other: Account) -> Iterator[float]:
    """Seconds from a message to its ack, one message after the other, on a session of its own."""
    (session,) = load.open([_talk(one, other)])
    frame = publish_frame(other.user, "Are you there?", echo=False)
    for _ in range(MESSAGES):
        yield _ack(load, session, frame)
    load.close([session])


def _talk(one: Account, other: Account) -> Script:
    yield from start(one)
    yield from attach(other.user)


def _ack(load: Load, session: Connection, frame: bytes) -> float:
    acks: list[bytes] = []
    session.on_text = acks.append
    began = time.perf_counter()
    session.send(frame)
    load.until(lambda: any(b'"code":202' in ack for ack in acks))
    return time.perf_counter() - began


def _await_shares(three: list[Server]) -> None:
    """Waits until all slots are shared out among all."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        owned = [_owned(gateway) for gateway in three]
        if all(owned) and sum(owned) == SLOTS:
            return
        if time.monotonic() > end:
            raise LoadError(f"the gateways own {owned} of {SLOTS} slots")
        time.sleep(0.1)


def _owned(gateway: Server) -> int:
    connection = HTTPConnection(*gateway.address, timeout=10)
    connection.request("GET", "/healthz")
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return int(answer["cluster"]["slots"])


def _report(run: Run) -> None:
    for in_flight, must, aim in ((1, 1.15, 1.05), (IN_FLIGHT, None, None)):
        three, one = run.of(f"three, {in_flight}"), run.of(f"one gateway, {in_flight}")
        work = f"fan-out across 3 gateways, {run.sizes.sessions:,} sessions, {in_flight} in flight"
        how = (
            f"CPU per delivery of all three, {figure(median(three))} µs, ÷ of a single gateway, "
            f"{figure(median(one))} µs; both on MongoDB"
        )
        ratios = tuple(a / b for a, b in zip(three, one, strict=True))
        run.add(Row(f"gateways, {in_flight}", work, "×", ratios, how, must, aim))
    own, anothers = run.of("ack, own topic"), run.of("ack, another's topic")
    added = tuple(b - a for a, b in zip(own, anothers, strict=True))
    work = "publish to another gateway's topic: added to the ack, median"
    how = f"{figure(median(anothers))} ms instead of {figure(median(own))} ms, one in flight"
    run.add(Row("gateways, ack", work, "ms", added, how, 2, 0.7))
