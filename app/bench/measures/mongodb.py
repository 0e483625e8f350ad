"""The same stored P2P messages on MongoDB, beside SQLite in the same run."""

from contextlib import ExitStack
from functools import partial
from statistics import fmean, quantiles

from bench import engines
from bench.client import Load
from bench.measures.p2p import IN_FLIGHT, Pairs
from bench.run import Run, cost_of
from bench.server import data_folder, pipit
from bench.table import Row

WAIT = "from sending to the 202, load client included"
GO_CPU, GO_RATE, GO_P99 = "2,350 to 2,470 µs", "590 to 620 /s", "50 to 70 ms"


def mongodb(run: Run) -> None:
    """Measure CPU of service and mongod, throughput next to SQLite's, and the slowest acks."""
    if engines.NO_MONGODB:
        return run.say(f"MongoDB is left out: {engines.NO_MONGODB}")
    with ExitStack() as running:
        mongod = running.enter_context(engines.mongodb())
        backends = {
            "SQLite": _talking(run, running, [], {}),
            "MongoDB": _talking(run, running, [mongod.pid], mongod.settings),
        }
        for repeat in range(run.sizes.repeats):
            run.say(f"MongoDB: repeat {repeat + 1} of {run.sizes.repeats}")
            for name, (load, pids, pairs) in backends.items():
                _measure(run, name, load, pids, pairs)
    _report(run)


def _talking(
    run: Run, running: ExitStack, engine: list[int], settings: dict[str, object]
) -> tuple[Load, list[int], Pairs]:
    """A service with pairs of people who have begun to talk, and the processes that it needs."""
    folder = running.enter_context(data_folder())
    server = running.enter_context(pipit(folder, **settings))
    load = running.enter_context(Load(server.address))
    run.say(f"MongoDB: {run.sizes.pairs} pairs sign up, log in and open their topics")
    pairs = Pairs(load, run.sizes.pairs)
    pairs.talk(run.sizes.pairs)
    return load, [server.pid, *engine], pairs


def _measure(run: Run, name: str, load: Load, pids: list[int], pairs: Pairs) -> None:
    """Take one sample of each: CPU in µs a message, by process, messages/s, slow acks in ms."""
    messages = run.sizes.p2p_messages
    pairs.latencies.clear()
    cost = cost_of(pids, load, partial(pairs.talk, messages))
    run.sample(f"{name}: CPU", 1e6 * cost.cpu / messages)
    run.sample(f"{name}: rate", IN_FLIGHT / fmean(pairs.latencies))
    run.sample(f"{name}: p99", 1e3 * quantiles(pairs.latencies, n=100)[98])


def _report(run: Run) -> None:
    work = "stored P2P message on MongoDB"
    how = f"as above; CPU of service and mongod ÷ {run.sizes.p2p_messages:,} messages"
    rates = run.of("MongoDB: rate")
    ratios = tuple(a / b for a, b in zip(rates, run.of("SQLite: rate"), strict=True))
    beside = "in flight ÷ mean wait, over SQLite's of the same repeat"
    cpu, slow = run.of("MongoDB: CPU"), run.of("MongoDB: p99")
    for row in (
        Row("mongodb, CPU", f"{work}: CPU", "µs", cpu, how, 400, 200, GO_CPU),
        Row("mongodb, ratio", f"{work}: rate", "× SQLite", ratios, beside, 0.7, 1, at_least=True),
        Row("mongodb, rate", f"{work}: rate", "/s", rates, WAIT, elsewhere=GO_RATE),
        Row("mongodb, p99", f"{work}: ack, 99 %", "ms", slow, WAIT, elsewhere=GO_P99),
    ):
        run.add(row)
