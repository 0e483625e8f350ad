"""A setup of machines and processes, and how a load falls on it."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from bench.scaling.model import COSTS, RULES, Costs, Machine, Rules
from bench.scaling.queueing import commits
from bench.scaling.simulate import Load

SENDING_SECONDS = 0.05
"""Between two sendings of events (bus/publisher.py, PAUSE)."""


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


def commit_seconds(setup: Setup, costs: Costs = COSTS) -> float:
    """How long a commit takes: the work for it at both ends, and the disk."""
    ours = costs.commit.value / setup.board.speed
    theirs = costs.mongod_commit.value / setup.engine.speed
    return (ours + theirs) * costs.cold.value / 1e6 + setup.engine.flush


def commit_rate(setup: Setup, messages: float, costs: Costs = COSTS) -> float:
    """Commits a second, for so many messages a second; each gateway has its own."""
    return setup.gateways * commits(messages / setup.gateways, commit_seconds(setup, costs))


def gateways_work(setup: Setup, load: Load, costs: Costs = COSTS) -> float:
    """Reference cores, of all gateways."""
    return load.owners + _sessions_work(setup, load, costs)


def _sessions_work(setup: Setup, load: Load, costs: Costs) -> float:
    """What is spread evenly over the gateways."""
    sending = setup.gateways * commits(load.messages / setup.gateways, SENDING_SECONDS)
    batches = commit_rate(setup, load.messages, costs) * costs.commit.value
    batches += sending * costs.event_sending.value
    return load.sessions + load.forwarded * setup.forwarded + batches * costs.cold.value / 1e6


def mongod_work(setup: Setup, load: Load, costs: Costs = COSTS) -> float:
    """Reference cores, of all shards."""
    batches = commit_rate(setup, load.messages, costs) * costs.mongod_commit.value
    return load.mongod_spread + load.mongod_whole + batches * costs.cold.value / 1e6


def busiest(setup: Setup, load: Load, costs: Costs = COSTS, rules: Rules = RULES) -> float:
    """Cores of the fullest gateway: sessions are spread evenly, topics as their slots fall.

    Beyond what the slots are enough for, it reckons with more of them.
    """
    slots = rules.slots
    if setup.gateways * rules.slots_per_gateway > slots:
        slots = int(setup.gateways * rules.slots_per_gateway**2)
    owners = load.owners * unevenness(setup.gateways, slots)
    return (owners + _sessions_work(setup, load, costs)) / setup.gateways / setup.board.speed


@lru_cache
def unevenness(gateways: int, slots: int) -> float:
    """The fullest gateway's slots ÷ the mean; a slot falls on any gateway (rendezvous hashing)."""
    chance, rounds = Random(1), 1 + 1000 // gateways
    fullest = (
        max(Counter(chance.choices(range(gateways), k=slots)).values()) for _ in range(rounds)
    )
    return sum(fullest) / rounds / (slots / gateways)


def gateways_memory(setup: Setup, load: Load, costs: Costs = COSTS) -> float:
    """Bytes of all gateways, with nginx and the kernel's buffers."""
    standings = load.people * costs.standing_share.value * costs.standing_memory.value
    session = (costs.session_memory, costs.contacts_memory, costs.kernel_memory)
    sessions = load.minute.online * sum(cost.value for cost in session)
    return setup.gateways * (costs.gateway_memory.value + standings) + sessions


def database_memory(setup: Setup, load: Load, costs: Costs = COSTS) -> float:
    """Bytes of one shard that should be in memory, with Redis and the system."""
    hot = load.minute.online * costs.hot_memory.value / setup.shards
    return costs.database_memory.value + hot


def back_seconds(setup: Setup, load: Load, costs: Costs = COSTS) -> float:
    """How long until all are back: after the only board restarted, or one of several was lost."""
    lost, left = load.minute.online, 1.0
    if setup.boards > 1:
        lost, left = lost / setup.boards, 1 - 1 / setup.boards
    logins = lost / 1e6 / setup.board.speed  # × µs of each: seconds of one core
    login = costs.login.value + costs.login_mongodb.value
    micros = login + costs.nginx_login.value
    if not setup.database:
        micros += costs.mongod_login.value + costs.mongod_contacts.value
    by_gateways = logins * login / (setup.gateways * left)
    by_boards = logins * micros / (setup.boards * left * setup.board.cores)
    return max(by_gateways, by_boards)
