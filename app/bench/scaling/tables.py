"""The tables of docs/scaling.md."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isinf

from bench.scaling.limits import DISK, back_seconds, limits
from bench.scaling.model import COSTS, PI_4, PI_5, RULES, SERVER
from bench.scaling.people import Workload, day, poisson
from bench.scaling.queueing import commits, p99
from bench.scaling.simulate import Load, filed, load, stored
from bench.scaling.steps import STEPS, Plan, capacity, plan, smallest, walls
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


def seconds(value: float) -> str:
    """A wait in milliseconds."""
    return "never" if isinf(value) else f"{figure(value * 1000)} ms"


# -- steps -----------------------------------------------------------------------------------------


def steps(workloads: Sequence[Workload]) -> str:
    """What each setup carries, and what it runs out of."""
    headings = ["setup"]
    for workload in workloads:
        headings += [f"{workload.name}: people", "online of them", "first limit", "p99"]
    headings.append("messages of a year fill the disk from")
    rows = []
    for setup in STEPS:
        cells = [setup.name]
        for workload in workloads:
            found = capacity(setup, workload)
            online = int(found.load.minute.online)
            cells += [people(found.people), people(online), found.limit.name]
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
        rate = one.minute.messages / 60 / setup.gateways
        pages = commits(rate, setup.engine.flush) * setup.gateways * PAGE
        total += 60 * max(pages, one.journal)
    return total


def machines(plan: Plan) -> str:
    """How many of which kind."""
    setup = plan.setup
    found = f"{setup.boards:,} × {setup.board.name}"
    if setup.database:
        found += f", and {plan.database_machines:,} for MongoDB ({setup.shards:,} shards × 3)"
    return found


def _a_second(count: Callable[[Result], float]) -> Callable[[Result], str]:
    return lambda result: figure(count(result) / 60)


def _a_year(count: Callable[[Workload, int], float]) -> Callable[[Result], str]:
    return lambda result: size(count(result.workload, result.people))


NEEDS: tuple[tuple[str, Callable[[Result], str]], ...] = (
    ("online in the busiest minute", lambda r: f"{r.busiest.minute.online:,.0f}"),
    ("messages a second", _a_second(lambda r: r.busiest.minute.messages)),
    ("deliveries a second", _a_second(lambda r: r.busiest.minute.deliveries)),
    ("receipts passed on a second", _a_second(lambda r: r.busiest.minute.relays)),
    ("logins a second", _a_second(lambda r: r.busiest.minute.logins)),
    ("reference cores: gateways", lambda r: figure(_gateways(r.plan))),
    ("reference cores: nginx", lambda r: figure(r.busiest.nginx)),
    ("reference cores: mongod", lambda r: figure(r.busiest.mongod)),
    ("reference cores: Redis; commands a second", lambda r: _redis(r.busiest)),
    ("forwarded to another gateway", lambda r: f"{r.plan.setup.forwarded:.0%}"),
    ("network", lambda r: f"{size(r.busiest.network)}/s"),
    ("memory of connections", lambda r: size(_memory(r))),
    ("messages a year, one copy", _a_year(stored)),
    ("pictures a year, one copy", _a_year(filed)),
    ("journal a day, one copy", lambda r: size(written(r))),
    ("**machines**", lambda r: f"**{machines(r.plan)}**"),
    ("gateways", lambda r: f"{r.plan.setup.gateways:,}"),
    ("p99, sent to delivered", lambda r: seconds(p99(r.plan.setup, r.busiest))),
    ("all back after a failure", lambda r: f"{back_seconds(r.plan.setup, r.busiest):.0f} s"),
    ("nearest limit", lambda r: f"{r.plan.limit.name}, {r.plan.limit.ratio:.0%}"),
    ("in the way in Pipit", lambda r: "; ".join(wall.name for wall in r.plan.walls) or "nothing"),
)


def _gateways(plan: Plan) -> float:
    return plan.load.sessions + plan.load.owners + plan.load.forwarded * plan.setup.forwarded


def _redis(load: Load) -> str:
    commands = 3 * load.minute.messages / 60  # added once, read by two groups of modules
    return f"{figure(load.redis)}; {figure(commands)}"


def _memory(result: Result) -> float:
    found = limits(result.plan.setup, result.workload, result.busiest)
    return next(limit.used for limit in found if limit.name == "memory") * result.plan.setup.boards


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
    rows = [
        [f"`{name}`", f"{figure(cost.value)} {cost.unit}", cost.basis, cost.source]
        for name, cost in COSTS.rows()
    ]
    return table(["cost", "figure", "basis", "source"], rows)


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
