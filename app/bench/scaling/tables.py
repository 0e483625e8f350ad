"""The tables of docs/scaling.md."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isinf

from bench.scaling.model import COSTS, PI_4, PI_5, RULES, SERVER, Cost
from bench.scaling.people import Workload, day, poisson
from bench.scaling.setups import (
    back_seconds,
    commit_rate,
    gateways_memory,
    gateways_work,
    mongod_work,
)
from bench.scaling.simulate import Load, filed, load, stored
from bench.scaling.steps import STEPS, Plan, capacity, plan, walls
from bench.scaling.waiting import p99
from bench.table import figure

PEOPLE = (4_000, 40_000, 4_000_000, 400_000_000)
PAGE = 4096
"""Bytes that a disk writes at least."""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows as one table of Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def size(count: float) -> str:
    """Bytes, in the decimal unit that fits."""
    units = ("B", "kB", "MB", "GB", "TB", "PB")
    at = 0
    while count >= 1000 and at < len(units) - 1:
        count, at = count / 1000, at + 1
    return f"{figure(count)} {units[at]}"


def people(count: int) -> str:
    """Rounded down to two digits: the costs are no better known than that."""
    unit = 10 ** max(0, len(str(count)) - 2)
    return f"{count // unit * unit:,}"


def rounded(value: float) -> str:
    """Three digits that count, none where it is less than a thousandth."""
    if 0 < value < 0.001:
        return "< 0.001"
    return f"{float(f'{value:.3g}'):,.10g}"


def seconds(value: float) -> str:
    """A wait in milliseconds, two digits that count."""
    return "never" if isinf(value) else f"{float(f'{value * 1000:.2g}'):g} ms"


# -- steps -----------------------------------------------------------------------------------------


def steps(workloads: Sequence[Workload]) -> str:
    """What each setup carries, and what it runs out of."""
    headings = ["setup"]
    for workload in workloads:
        headings += [f"{workload.name}: people (online)", "first limit", "p99"]
    headings.append("a year's messages fit for")
    rows = []
    for setup in STEPS:
        cells = [setup.name]
        for workload in workloads:
            found = capacity(setup, workload)
            online = people(int(found.load.minute.online))
            cells += [f"{people(found.people)} ({online})", found.limit.name]
            cells.append(seconds(p99(setup, found.load)))
        everyday = workloads[0]
        full = setup.engine.disk * RULES.disk / stored(everyday, 1)
        rows.append([*cells, f"{people(int(full))} people"])
    return table(headings, rows)


# -- needs -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """A simulated day of so many people, and the setup that carries its busiest minute."""

    workload: Workload
    people: int
    loads: tuple[Load, ...]
    plan: Plan

    @property
    def busiest(self) -> Load:
        """The minute with the most deliveries."""
        return self.plan.load


def simulate(workload: Workload, people: int, seed: int) -> Result:
    """Draws a day, and finds what it needs."""
    minutes = day(workload, people, poisson(seed))
    busiest = max(minutes, key=lambda minute: minute.deliveries)
    loads = tuple(load(people, minute) for minute in minutes)
    return Result(workload, people, loads, plan(workload, people, busiest))


def written(result: Result) -> float:
    """Bytes that a copy of the database's journals take in a day: each commit writes a page, at
    least, and each gateway commits for itself.
    """
    setup = result.plan.setup
    total = 0.0
    for one in result.loads:
        total += 60 * max(commit_rate(setup, one.messages) * PAGE, one.journal)
    return total


def machines(plan: Plan) -> str:
    """How many of which kind."""
    setup = plan.setup
    found = f"{setup.boards:,} × {setup.board.name}"
    if setup.database:
        found += f", and {plan.database_machines:,} for MongoDB ({setup.shards:,} shards × 3)"
    return found


def _a_second(count: Callable[[Result], float]) -> Callable[[Result], str]:
    return lambda result: rounded(count(result) / 60)


def _kept(count: Callable[[Result], float]) -> Callable[[Result], str]:
    """Of days: an hour of a trial is not reckoned up."""
    return lambda result: size(count(result)) if result.workload.days >= 1 else "–"


NEEDS: tuple[tuple[str, Callable[[Result], str]], ...] = (
    ("online in the busiest minute", lambda r: rounded(r.busiest.minute.online)),
    ("messages a second", _a_second(lambda r: r.busiest.minute.messages)),
    ("deliveries a second", _a_second(lambda r: r.busiest.minute.deliveries)),
    ("receipts passed on a second", _a_second(lambda r: r.busiest.minute.relays)),
    ("logins a second", _a_second(lambda r: r.busiest.minute.logins)),
    ("reference cores: gateways", lambda r: rounded(gateways_work(r.plan.setup, r.busiest))),
    ("reference cores: nginx", lambda r: rounded(r.busiest.nginx)),
    ("reference cores: mongod", lambda r: rounded(mongod_work(r.plan.setup, r.busiest))),
    ("reference cores: Redis", lambda r: rounded(r.busiest.redis)),
    ("events to Redis and from it, a second", lambda r: rounded(3 * r.busiest.messages)),
    ("messages in a commit", lambda r: rounded(_shared(r))),
    ("forwarded to another gateway", lambda r: f"{r.plan.setup.forwarded:.0%}"),
    ("network", lambda r: f"{size(r.busiest.network)}/s"),
    ("memory of gateways and nginx", lambda r: size(gateways_memory(r.plan.setup, r.busiest))),
    ("messages a year, one copy", _kept(lambda r: stored(r.workload, r.people))),
    ("pictures a year, one copy", _kept(lambda r: filed(r.workload, r.people))),
    ("journal a day, one copy", _kept(written)),
    ("**machines**", lambda r: f"**{machines(r.plan)}**"),
    ("gateways", lambda r: f"{r.plan.setup.gateways:,}"),
    ("p99, sent to delivered", lambda r: seconds(p99(r.plan.setup, r.busiest))),
    ("all back after a failure", lambda r: f"{back_seconds(r.plan.setup, r.busiest):.0f} s"),
    ("nearest limit", lambda r: f"{r.plan.limit.name}, {r.plan.limit.ratio:.0%}"),
    ("in the way in Pipit", lambda r: "; ".join(wall.name for wall in r.plan.walls) or "nothing"),
)


def _shared(result: Result) -> float:
    return result.busiest.messages / commit_rate(result.plan.setup, result.busiest.messages)


def needs(results: Sequence[Result]) -> str:
    """What each number of people needs."""
    headings = [results[0].workload.name, *(f"{result.people:,}" for result in results)]
    return table(headings, [[name, *map(cell, results)] for name, cell in NEEDS])


# -- walls, costs ----------------------------------------------------------------------------------

CHANGES = {
    "one stream of events": "several streams, by topic, on the nodes of a Redis Cluster",
    "one worker a module": "several streams, each with a worker of its own",
    "users and topics on one shard": "no unique indexes beside `_id` in `users` and `topics`",
    "slots of topics": "a larger `SLOTS` in `cluster/slots.py`, and a table that is sent in parts",
    "numbers of topics": "wider keys of topics, and so of messages",
}


def in_the_code(workloads: Sequence[Workload]) -> str:
    """From how many people on Pipit itself is in the way."""
    headings = ["what", *(f"{workload.name}: enough for" for workload in workloads), "then"]
    found = [walls(workload) for workload in workloads]
    rows = [
        [same[0].limit.name, *(people(one.people) for one in same), CHANGES[same[0].limit.name]]
        for same in zip(*found, strict=True)
    ]
    return table(headings, rows)


def costs() -> str:
    """Every figure that the others follow from."""
    rows = [[f"`{name}`", _with_unit(cost), cost.basis, cost.source] for name, cost in COSTS.rows()]
    return table(["cost", "figure", "basis", "source"], rows)


def _with_unit(cost: Cost) -> str:
    return size(cost.value) if cost.unit == "bytes" else f"{figure(cost.value)} {cost.unit}"


def boards() -> str:
    """The machines."""
    rows = [
        [
            one.name, str(one.cores), f"{one.speed}", size(one.memory), f"{size(one.network)}/s",
            seconds(one.flush), size(one.disk), one.source,
        ]
        for one in (PI_4, PI_5, SERVER)
    ]  # fmt: skip
    names = ("machine", "cores", "speed", "memory", "network", "a flush", "disk", "source")
    return table(names, rows)
