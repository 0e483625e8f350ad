"""One run of the bench: how large it is, and what it has measured so far."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bench import proc
from bench.client import Load
from bench.table import Row


@dataclass(frozen=True)
class Sizes:
    """How much of everything a run does."""

    repeats: int
    sessions: int  # attached to the one group
    fan_outs: int  # messages of one repeat
    pairs: int
    p2p_messages: int  # of one repeat
    starters: int  # who log in once in each repeat
    contacts: int  # of each of them
    idle_sessions: int
    idle_seconds: float
    accounts: int  # in the store at the start
    messages: int  # in the store at the start


# 600 starts of a session: with 200 the figures of one run spread by half. 50 s of idling: each
# session is pinged once (the server pings every 49.5 s).
FULL = Sizes(5, 1001, 200, 100, 4000, 600, 50, 4000, 50, 10_000, 1_000_000)
QUICK = Sizes(2, 20, 5, 20, 40, 3, 4, 30, 1, 20, 500)


@dataclass
class Run:
    """The figures of a run, and samples to plot by name."""

    sizes: Sizes
    rows: list[Row] = field(default_factory=list)
    samples: dict[str, list[float]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    others_before: float = field(default_factory=proc.others_seconds)

    def say(self, text: str) -> None:
        """Tell at once what is going on."""
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    def sample(self, name: str, *values: float) -> None:
        """Keep samples under a name."""
        self.samples.setdefault(name, []).extend(values)

    def of(self, name: str) -> tuple[float, ...]:
        """The samples kept under a name."""
        return tuple(self.samples[name])

    def add(self, row: Row) -> None:
        """Keep a figure and show it."""
        self.rows.append(row)
        self.say(f"-> {row.line()}")

    def others(self) -> float:
        """The share of all cores that other processes have taken since the beginning, in %."""
        return (
            100
            * (proc.others_seconds() - self.others_before)
            / (proc.CORES * (time.monotonic() - self.began))
        )


class Cost(NamedTuple):
    """CPU seconds and calls of write(2) and its like, of all threads of some processes."""

    cpu: float
    writes: int


def cost_of(pids: Sequence[int], load: Load, work: Callable[[], object]) -> Cost:
    """What these processes spend on `work` together, with what they do in the 0.2 s after it."""
    before = _spent(pids)
    work()
    load.rest(0.2)
    cpu, writes = _spent(pids)
    return Cost(cpu - before.cpu, writes - before.writes)


def _spent(pids: Sequence[int]) -> Cost:
    return Cost(sum(map(proc.cpu_seconds, pids)), sum(map(proc.write_calls, pids)))
