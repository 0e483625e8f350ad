"""What people do: how many are online, write, read and come back, minute by minute of a day."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import inf

import numpy as np

MINUTES = 24 * 60
EVENING: tuple[float, ...] = (
    0.25, 0.12, 0.08, 0.06, 0.06, 0.10, 0.25, 0.50, 0.65, 0.70, 0.72, 0.75,
    0.85, 0.80, 0.75, 0.75, 0.80, 0.85, 0.92, 1.00, 1.00, 0.95, 0.75, 0.45,
)  # fmt: skip
"""Activity by hour, the busiest is 1. Assumed: quiet at night, most in the evening."""

Draw = Callable[[float], float]
"""A number of arrivals, of the mean number: `poisson(seed)`, or `mean`."""


@dataclass(frozen=True)
class Workload:
    """How people use it. Each figure is assumed unless its comment names a source."""

    name: str
    online: float = 0.3  # of all people, in the busiest hour
    messages: float = 50  # a day and person; WhatsApp: 100e9 for 2e9 people (Facebook, 2020-10)
    files: float = 0.05  # of the messages; WhatsApp: 0.12, on a New Year's Eve (2019-12-31)
    burst: float = 5  # messages to a conversation until it is quiet (10 s, store/mongodb)
    starts: float = 10  # of the app, a day and person
    contacts: int = 50  # conversations of a person; as many as in the benchmark
    p2p_contacts: int = 30  # those with one other person
    group_messages: float = 0.35  # of the messages
    tail: float = 1.2  # P(size ≥ n) of the group of a message falls with n to this power
    smallest: int = 3
    largest: int = 5000  # messages.max_members
    reading: float = 0.1  # of those online, who have the conversation open; each sends 2 receipts
    curve: tuple[float, ...] = EVENING
    days: float = 365  # of such, a year


EVERYDAY = Workload("every day")
FULL_HOUSE = replace(
    EVERYDAY, name="full house", online=1.0, messages=86_400 / 20, files=0.0, burst=inf,
    group_messages=1.0, smallest=51, largest=51, reading=0.0, curve=(1.0,) * 24, days=1 / 48,
)  # fmt: skip
"""Half an hour of the load that Pipit is tried with: everybody online, each writes every 20 s to a
group of 51, no receipts. With 4,000 people: 200 messages a second in, 10,000 deliveries out.
"""


@dataclass(frozen=True)
class Minute:
    """What happens in one minute, in whole numbers if drawn."""

    online: float
    by_size: tuple[tuple[int, float], ...]  # size of the conversation, messages to it
    bursts: float  # of messages, each to a conversation that was quiet
    share: float  # of the people, who are online
    reading: float
    logins: float
    files: float
    presence: float  # packets that tell of people who come and go

    @property
    def messages(self) -> float:
        """All messages."""
        return sum(count for _size, count in self.by_size)

    @property
    def deliveries(self) -> float:
        """Messages × those of their receivers who are online."""
        return sum(count * self.receivers(size) for size, count in self.by_size)

    @property
    def receipts(self) -> float:
        """What those send who have the conversation open: received, and read."""
        return 2 * self.reading * self.deliveries

    @property
    def relays(self) -> float:
        """A receipt goes to every other member who is online: square in the size of a group."""
        return sum(
            count * 2 * self.reading * self.receivers(size) ** 2 for size, count in self.by_size
        )

    def receivers(self, size: int) -> float:
        """Of a conversation, without the writer: those who are online, on average."""
        return (size - 1) * self.share


def mean(expected: float) -> float:
    """No chance: what is expected."""
    return expected


def poisson(seed: int) -> Draw:
    """Independent arrivals: their number is Poisson distributed. The same seed, the same day."""
    draws = np.random.default_rng(seed)
    return lambda expected: int(draws.poisson(expected))


def day(workload: Workload, people: int, draw: Draw) -> list[Minute]:
    """All minutes of a day."""
    return [minute(workload, people, at, draw) for at in range(MINUTES)]


def busiest(workload: Workload, people: int, draw: Draw = mean) -> Minute:
    """A minute of the busiest hour."""
    return minute(workload, people, workload.curve.index(max(workload.curve)) * 60, draw)


def minute(workload: Workload, people: int, at: int, draw: Draw) -> Minute:
    """One minute of the day. Each size of conversation has its own Poisson stream: a Poisson stream
    that is split at random is several independent ones (Kingman, Poisson Processes, 1993).
    """
    curve = workload.curve
    activity = curve[at // 60]
    of_day = activity / (sum(curve) * 60)
    share = workload.online * activity / max(curve)
    messages = people * workload.messages * of_day
    logins = draw(people * workload.starts * of_day)
    return Minute(
        online=people * share,
        by_size=tuple((size, draw(messages * part)) for size, part in sizes(workload, people)),
        bursts=draw(messages / workload.burst),
        share=share,
        reading=workload.reading,
        logins=logins,
        files=draw(messages * workload.files),
        # who comes is told to those online, and told of them; who goes is told to them
        presence=logins * 3 * workload.p2p_contacts * share,
    )


@lru_cache
def sizes(workload: Workload, people: int) -> tuple[tuple[int, float], ...]:
    """Sizes of conversations, and the share of the messages that goes to each: chats of two, and
    groups by a power law cut off at the largest (Pareto), in steps of about a quarter.
    """
    low, high = workload.smallest, max(workload.smallest, min(workload.largest, people))
    edges = [low]
    while edges[-1] <= high:
        edges.append(max(edges[-1] + 1, min(edges[-1] * 5 // 4, high + 1)))
    above = [edge**-workload.tail for edge in edges]
    total = above[0] - above[-1]
    groups = workload.group_messages
    found = [(2, 1 - groups)] if groups < 1 else []
    for (size, upper), (more, less) in zip(pairwise(edges), pairwise(above), strict=True):
        found.append(((size + upper - 1) // 2, groups * (more - less) / total))
    return tuple(found)
