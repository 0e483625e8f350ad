"""From one Pi to many servers: how many people each step carries, and what so many people need."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.scaling.limits import DISK, Limit, first, limits
from bench.scaling.model import PI_4, PI_5, SERVER
from bench.scaling.people import Minute, Workload, busiest
from bench.scaling.setups import Setup
from bench.scaling.simulate import Load, load

MOST = 10**11
GATEWAYS_PER_SERVER = 8  # half of its cores: nginx has as much to do as the gateways
COPIES = 3  # members of a replica set

STEPS = (
    Setup("one Pi 4", PI_4),
    Setup("one Pi 4, 2 gateways", PI_4, gateways=2),
    Setup("one Pi 5", PI_5),
    Setup("one Pi 5, 2 gateways", PI_5, gateways=2),
    Setup("two Pi 5, 2 gateways each", PI_5, gateways=4, boards=2),
    Setup("four Pi 5, 2 gateways each", PI_5, gateways=8, boards=4),
    Setup("one server, 8 gateways", SERVER, gateways=GATEWAYS_PER_SERVER),
)
"""What one may own, from small to large. After that come servers, as many as it takes."""


@dataclass(frozen=True)
class Capacity:
    """The most people that a setup carries in their busiest minute, and what then is used up."""

    setup: Setup
    people: int
    limit: Limit
    load: Load


def capacity(setup: Setup, workload: Workload) -> Capacity:
    """What the disk holds is left out: that is a matter of its size and of time."""

    def limit(people: int) -> Limit:
        found = limits(setup, workload, expected(workload, people))
        return first([one for one in found if one.name != DISK])

    people = smallest(lambda people: limit(people).ratio > 1) - 1
    return Capacity(setup, people, limit(people + 1), expected(workload, people))


def expected(workload: Workload, people: int) -> Load:
    """The load of the busiest minute, on average."""
    return load(people, busiest(workload, people))


def smallest(enough: Callable[[int], bool]) -> int:
    """The smallest number of which something holds, that holds of every larger one."""
    low, high = 0, 1
    while not enough(high):
        low, high = high, 2 * high
        if high > MOST:
            raise ValueError(f"not even {low:,} are enough")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@dataclass(frozen=True)
class Plan:
    """A setup that carries a load. `limit`: what it comes nearest to; `walls`: what in Pipit itself
    is in the way.
    """

    setup: Setup
    load: Load
    limit: Limit
    walls: tuple[Limit, ...]

    @property
    def database_machines(self) -> int:
        """Beside the boards."""
        return self.setup.shards * COPIES if self.setup.database else 0


def plan(workload: Workload, people: int, minute: Minute) -> Plan:
    """The first of the steps that carries so many people in this minute, else servers."""
    asked = load(people, minute)
    for setup in STEPS:
        found = limits(setup, workload, asked)
        if first(found).ratio <= 1:
            return Plan(setup, asked, first(found), ())
    setup = servers(workload, asked)
    found = limits(setup, workload, asked)
    walls = tuple(limit for limit in found if limit.cure == "code" and limit.ratio > 1)
    return Plan(setup, asked, first([one for one in found if one.cure != "code"]), walls)


def servers(workload: Workload, asked: Load) -> Setup:
    """As few as carry the load, as if nothing in Pipit itself were in the way."""

    def with_(boards: int, shards: int) -> Setup:
        gateways = GATEWAYS_PER_SERVER * boards
        return Setup("servers", SERVER, gateways, boards, database=SERVER, shards=shards)

    def fits(setup: Setup, *cures: str) -> bool:
        found = limits(setup, workload, asked)
        return all(limit.ratio <= 1 for limit in found if limit.cure in cures)

    # one server is one of the steps; with two or more the loss of one must be borne
    boards = 1 + smallest(lambda more: fits(with_(1 + more, 1), "gateways", "boards"))
    shards = smallest(lambda shards: fits(with_(boards, shards), "shards"))
    return with_(boards, shards)


def walls(workload: Workload) -> list[Capacity]:
    """For each limit in Pipit's own code: the number of people who come up against it."""
    found = limits(STEPS[0], workload, expected(workload, 1))
    return [_wall(workload, limit.name) for limit in found if limit.cure == "code"]


def _wall(workload: Workload, name: str) -> Capacity:
    def limit(people: int) -> Limit:
        asked = expected(workload, people)
        found = limits(servers(workload, asked), workload, asked)
        return next(one for one in found if one.name == name)

    people = smallest(lambda people: limit(people).ratio > 1) - 1
    asked = expected(workload, people)
    return Capacity(servers(workload, asked), people, limit(people + 1), asked)
