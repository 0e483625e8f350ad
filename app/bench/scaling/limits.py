"""What a setup of machines has, and what of it a load uses up first."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Literal

from bench.scaling.model import COSTS, RULES, Costs, Machine, Rules
from bench.scaling.people import Workload
from bench.scaling.simulate import Load, stored

Cure = Literal["gateways", "boards", "shards", "code"]
"""What helps against a limit: more of these, or a change of Pipit."""

DISK = "database's disk"


@dataclass(frozen=True)
class Setup:
    """Machines and processes. `database` None: the engines are on one of the boards, which gets as
    many fewer people.
    """

    name: str
    board: Machine
    gateways: int = 1  # processes, on all boards together
    boards: int = 1
    database: Machine | None = None
    shards: int = 1

    @property
    def engine(self) -> Machine:
        """Where MongoDB and Redis are."""
        return self.database or self.board

    @property
    def forwarded(self) -> float:
        """The share of sessions' topics that another gateway owns."""
        return 1 - 1 / self.gateways


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
    work = load.sessions + load.owners + load.forwarded * setup.forwarded + load.nginx
    memory = _gateway_memory(setup, load, costs)
    if not setup.database:
        work += load.mongod + load.redis
        memory += _database_memory(setup, load, costs)
    core = busiest(setup, load, rules)
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
    found = [Limit(DISK, disk, engine.disk * rules.disk, "bytes", "shards")]
    if setup.database:
        cores = load.mongod / setup.shards / engine.speed
        memory = _database_memory(setup, load, costs)
        found += [
            Limit("database's CPU", cores, engine.cores * rules.busy, "cores", "shards"),
            Limit("database's memory", memory, engine.memory * rules.memory, "bytes", "shards"),
        ]
    return found


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


def back_seconds(setup: Setup, load: Load, costs: Costs = COSTS) -> float:
    """How long until all are back: after the only board restarted, or one of several was lost."""
    lost, left = load.minute.online, 1.0
    if setup.boards > 1:
        lost, left = lost / setup.boards, 1 - 1 / setup.boards
    logins = lost / 1e6 / setup.board.speed  # × µs of each: seconds of one core
    micros = costs.login.value + costs.nginx_login.value
    if not setup.database:
        micros += costs.mongod_login.value + costs.mongod_contacts.value
    by_gateways = logins * costs.login.value / (setup.gateways * left)
    by_boards = logins * micros / (setup.boards * left * setup.board.cores)
    return max(by_gateways, by_boards)


def _gateway_memory(setup: Setup, load: Load, costs: Costs) -> float:
    standings = load.people * costs.standing_share.value * costs.standing_memory.value
    session = (costs.session_memory, costs.contacts_memory, costs.kernel_memory)
    sessions = load.minute.online * sum(cost.value for cost in session)
    return setup.gateways * (costs.gateway_memory.value + standings) + sessions


def _database_memory(setup: Setup, load: Load, costs: Costs) -> float:
    hot = load.minute.online * costs.hot_memory.value / setup.shards
    return costs.database_memory.value + hot


def busiest(setup: Setup, load: Load, rules: Rules = RULES) -> float:
    """Cores of the fullest gateway: sessions are spread evenly, topics as their slots fall.

    Beyond what the slots are enough for, it reckons with more of them.
    """
    slots = rules.slots
    if setup.gateways * rules.slots_per_gateway > slots:
        slots = int(setup.gateways * rules.slots_per_gateway**2)
    owners = load.owners * unevenness(setup.gateways, slots)
    work = load.sessions + owners + load.forwarded * setup.forwarded
    return work / setup.gateways / setup.board.speed


@lru_cache
def unevenness(gateways: int, slots: int) -> float:
    """The fullest gateway's slots ÷ the mean; a slot falls on any gateway (rendezvous hashing)."""
    chance, rounds = Random(1), 1 + 1000 // gateways
    fullest = (
        max(Counter(chance.choices(range(gateways), k=slots)).values()) for _ in range(rounds)
    )
    return sum(fullest) / rounds / (slots / gateways)
