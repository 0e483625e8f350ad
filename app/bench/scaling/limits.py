"""What of a setup a load uses up first."""

from dataclasses import dataclass
from typing import Literal

from bench.scaling.model import COSTS, RULES, Costs, Rules
from bench.scaling.people import Workload
from bench.scaling.setups import (
    Setup,
    back_seconds,
    busiest,
    database_memory,
    gateways_memory,
    gateways_work,
    mongod_work,
)
from bench.scaling.simulate import Load, stored

Cure = Literal["gateways", "boards", "shards", "code"]
"""What helps against a limit: more of these, or a change of Pipit."""

DISK = "database's disk"


@dataclass(frozen=True)
class Limit:
    """What is used of something, and what may be."""

    name: str
    used: float
    allowed: float
    unit: str
    cure: Cure

    @property
    def ratio(self) -> float:
        """Beyond 1 it is too much."""
        return self.used / self.allowed


def limits(
    setup: Setup, workload: Workload, load: Load, costs: Costs = COSTS, rules: Rules = RULES
) -> list[Limit]:
    """All that can be used up."""
    return [
        *_boards(setup, load, costs, rules),
        *_database(setup, workload, load, costs, rules),
        *_code(setup, workload, load, rules),
    ]


def first(found: list[Limit]) -> Limit:
    """The limit that is nearest, or exceeded most."""
    return max(found, key=lambda limit: limit.ratio)


def _boards(setup: Setup, load: Load, costs: Costs, rules: Rules) -> list[Limit]:
    board, boards = setup.board, setup.boards
    work = gateways_work(setup, load, costs) + load.nginx
    memory = gateways_memory(setup, load, costs)
    if not setup.database:
        work += mongod_work(setup, load, costs) + load.redis
        memory += database_memory(setup, load, costs)
    core = busiest(setup, load, costs, rules)
    cores = work / boards / board.speed
    back = back_seconds(setup, load, costs)
    network = load.network / boards
    return [
        Limit("a gateway's core", core, rules.busy, "cores", "gateways"),
        Limit("CPU", cores, board.cores * rules.busy, "cores", "boards"),
        Limit("memory", memory / boards, board.memory * rules.memory, "bytes", "boards"),
        Limit("network", network, board.network * rules.network, "bytes/s", "boards"),
        Limit("all back after a failure", back, rules.back_seconds, "s", "gateways"),
    ]


def _database(
    setup: Setup, workload: Workload, load: Load, costs: Costs, rules: Rules
) -> list[Limit]:
    engine = setup.engine
    disk = stored(workload, load.people, costs) * rules.years / setup.shards
    cores = mongod_work(setup, load, costs) / setup.shards / engine.speed
    memory = database_memory(setup, load, costs)
    return [
        Limit(DISK, disk, engine.disk * rules.disk, "bytes", "shards"),
        Limit("database's CPU", cores, engine.cores * rules.busy, "cores", "shards"),
        Limit("database's memory", memory, engine.memory * rules.memory, "bytes", "shards"),
    ]


def _code(setup: Setup, workload: Workload, load: Load, rules: Rules) -> list[Limit]:
    """What more machines do not help against."""
    speed, cores = setup.engine.speed, setup.engine.cores * rules.busy
    topics = load.people * (workload.p2p_contacts / 2 + 1)  # and about one group a person
    few = rules.slots / rules.slots_per_gateway
    return [
        Limit("one stream of events", load.redis / speed, rules.busy, "cores", "code"),
        Limit("one worker a module", load.module / speed, rules.busy, "cores", "code"),
        Limit("users and topics on one shard", load.mongod_whole / speed, cores, "cores", "code"),
        Limit("slots of topics", setup.gateways, few, "gateways", "code"),
        Limit("numbers of topics", topics, rules.topic_keys * rules.keys, "topics", "code"),
    ]
