"""What each action costs, and what machines can do. Every figure has its source, and its place here
only: to replace an assumption by a measurement, change its line.
"""

from dataclasses import dataclass, fields
from typing import Literal

from pipit.cluster.slots import SLOTS

Basis = Literal["measured", "trial", "assumed"]
"""measured: docs/performance.md or the code that it is for has the figure and how it was taken.
trial: measured once, while the design was made, on one vCPU of an AMD EPYC (Genoa); trust ratios.
assumed: nobody has measured it yet.
"""

KIB, MIB, GIB = 1024, 1024**2, 1024**3


@dataclass(frozen=True)
class Cost:
    """One figure and where it is from."""

    value: float
    unit: str
    basis: Basis
    source: str


@dataclass(frozen=True)
class Costs:
    """CPU is in µs of the reference core: the one that docs/performance.md was measured on.

    What gateways and mongod do takes `cold` times as long in the midst of other work.
    """

    cold: Cost = Cost(
        1.3,
        "×",
        "measured",
        "python -m bench.online: CPU of a gateway over the sum of these costs, which were taken"
        " with nothing else going on: 1.2 near its limit, up to 1.8 at half of that",
    )
    # CPU of a gateway
    message: Cost = Cost(
        55,
        "µs",
        "measured",
        "docs/performance.md, stored P2P message: taken, acknowledged, delivered; less its storing",
    )
    message_mongodb: Cost = Cost(
        17, "µs", "measured", "python -m bench.scaling.stores: 40 µs with 20 in flight, 483 alone"
    )
    commit: Cost = Cost(
        466, "µs", "measured", "the same: what does not depend on the number of messages"
    )
    topic_mongodb: Cost = Cost(
        800, "µs", "measured", "the same: the first message of a quiet topic more than a further"
    )
    delivery: Cost = Cost(
        5.35,
        "µs",
        "measured",
        "docs/performance.md, fan-out, one in flight; taken for any packet to one session",
    )
    receipt: Cost = Cost(
        13.1,
        "µs",
        "trial",
        "a packet received, decoded and answered by bare aiohttp; passing it on is extra",
    )
    login: Cost = Cost(
        645, "µs", "measured", "docs/performance.md, login with handshake, 50 contacts (SQLite)"
    )
    login_mongodb: Cost = Cost(
        1770,
        "µs",
        "measured",
        "python -m bench.scaling.stores: 1,875 µs of the service, 107 on SQLite",
    )
    idle: Cost = Cost(
        0.495, "µs/s", "measured", "docs/performance.md, idle CPU with 4,000 sessions, ÷ 4,000"
    )
    event: Cost = Cost(
        6.1, "µs", "measured", "python -m bench --only queue: 6.6 µs, the service's part"
    )
    event_sending: Cost = Cost(
        225, "µs", "measured", "bus/publisher.py: a round trip to Redis, at most one in 50 ms"
    )
    hop: Cost = Cost(
        40, "µs", "assumed", "a packet to another gateway's topic and its answer, both gateways'"
    )
    hop_delivery: Cost = Cost(
        0.5, "µs", "assumed", "a delivery by another gateway: a tenth more than by the owner"
    )
    # CPU of the servers beside it
    nginx_frame: Cost = Cost(
        14, "µs", "measured", "python -m bench.online: 10.5 µs without TLS; 3.5 µs for TLS assumed"
    )
    nginx_login: Cost = Cost(300, "µs", "assumed", "accepting, TLS handshake with ECDSA, upgrade")
    mongod_message: Cost = Cost(
        10, "µs", "measured", "python -m bench.scaling.stores: 27 µs with 20 in flight, 345 alone"
    )
    mongod_commit: Cost = Cost(
        335, "µs", "measured", "the same: what does not depend on the number of messages"
    )
    mongod_topic: Cost = Cost(
        530, "µs", "measured", "the same: the first message of a quiet topic, and its end"
    )
    mongod_mark: Cost = Cost(21, "µs", "measured", "the same: a mark raised, 100 at once")
    mongod_login: Cost = Cost(525, "µs", "measured", "the same: account and 50 subscriptions")
    mongod_contacts: Cost = Cost(865, "µs", "measured", "the same: their topics and people")
    redis_event: Cost = Cost(
        8,
        "µs",
        "measured",
        "python -m bench --only queue: 3.9 µs to add one; as much for two groups to read it",
    )
    module_event: Cost = Cost(60, "µs", "assumed", "an event read and acknowledged by a module")
    # memory
    gateway_memory: Cost = Cost(
        51 * MIB, "bytes", "measured", "RSS of `pipit serve` on an empty store, 2026-11-23"
    )
    session_memory: Cost = Cost(
        4.08 * KIB, "bytes", "measured", "docs/performance.md, idle logged-in session"
    )
    contacts_memory: Cost = Cost(
        16 * KIB, "bytes", "assumed", "50 of topics/me.py, Known: 12 KB by sys.getsizeof; topics"
    )
    kernel_memory: Cost = Cost(
        31 * KIB, "bytes", "trial", "nginx 17.7 KiB a connection, and 3 sockets of 4.4 KiB"
    )
    standing_memory: Cost = Cost(
        250, "bytes", "assumed", "an account that is not as it was made, in every gateway"
    )
    standing_share: Cost = Cost(
        0.02, "of accounts", "assumed", "whose password was changed, or who are suspended"
    )
    database_memory: Cost = Cost(1 * GIB, "bytes", "assumed", "mongod, Redis and the system")
    hot_memory: Cost = Cost(
        40 * KIB, "bytes", "assumed", "documents and keys of 50 contacts are 20 KiB; as much again"
    )
    # disk and network
    message_disk: Cost = Cost(
        110, "bytes", "measured", "python -m bench.scaling.stores: 84 letters, with the index"
    )
    message_journal: Cost = Cost(134, "bytes", "measured", "the same: a further message")
    topic_journal: Cost = Cost(512, "bytes", "measured", "the same: a topic in use, and quiet")
    mark_journal: Cost = Cost(128, "bytes", "measured", "the same: a mark raised")
    file_bytes: Cost = Cost(200_000, "bytes", "assumed", "a picture as the apps send it")
    data_frame: Cost = Cost(520, "bytes", "measured", "440 B in the benchmark; TLS, TCP, IP 80")
    small_frame: Cost = Cost(230, "bytes", "assumed", "receipt, presence: 150 B, and as above")
    login_bytes: Cost = Cost(20_000, "bytes", "assumed", "TLS handshake, 50 rows of 250 B")

    def rows(self) -> list[tuple[str, Cost]]:
        """All of them, by name."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]

    def values(self) -> dict[str, float]:
        """All figures, by name."""
        return {name: cost.value for name, cost in self.rows()}


COSTS = Costs()


@dataclass(frozen=True)
class Machine:
    """`speed`: of a core, the reference core's is 1. `flush`: seconds of one journaled write."""

    name: str
    cores: int
    speed: float
    memory: float
    network: float  # bytes a second
    flush: float
    disk: float  # bytes for the database
    source: str


PI_4 = Machine(
    "Pi 4", 4, 0.22, 3.6 * GIB, 1e9 / 8, 0.010, 64e9,
    "4 GB; speed of Python by pyperformance and PHPBench (geerlingguy/sbc-reviews); SD card, A1",
)  # fmt: skip
PI_5 = Machine(
    "Pi 5",
    4,
    0.49,
    7.5 * GIB,
    1e9 / 8,
    0.002,
    500e9,
    "8 GB; speed of Python by pyperformance (savannahostrowski/pyperf_bench); NVMe",
)
SERVER = Machine(
    "server", 16, 1.0, 60 * GIB, 10e9 / 8, 0.0005, 8e12, "16 cores like the reference core; NVMe"
)


@dataclass(frozen=True)
class Rules:
    """How much of what there is may be used in the busiest minute, and what must hold."""

    busy: float = 0.6  # of a core, and of all cores of a machine
    memory: float = 0.8
    network: float = 0.5
    disk: float = 0.8
    years: float = 1  # of messages that the disk must hold
    back_seconds: float = 60  # until all who lost their connection are back
    slots_per_gateway: float = 4  # with fewer the fullest gateway has over twice the mean
    keys: float = 0.5  # of the numbers for topics: beyond, each new topic needs several tries
    slots: int = SLOTS
    topic_keys: int = 2**31  # store/mongodb/documents.py, new_key


RULES = Rules()
