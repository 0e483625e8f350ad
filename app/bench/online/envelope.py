"""A Raspberry Pi 4's worth of CPU and memory, as control groups of Linux (cgroups(7), v1 or v2).

One core of a Pi 4 does 0.22 of what a core of the machine does that the factor was measured on
(pyperformance, CPython 3.13: 0.21 by geometric mean). So all processes together get 4 × 0.22, and
one whose work is done by a single thread gets 0.22. The period is 10 ms, not 100 ms: with the
latter a busy thread at a quarter of a core stands still for 72 ms at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import proc

ROOT = Path("/sys/fs/cgroup")
NAME = "pipit-pi4"
PERIOD_US = 10_000
CORE_US = 2_200
CORES = 4
MEMORY_BYTES = int(3.6 * 2**30)
"""What a 4 GB board leaves to the containers."""


class Envelope:
    """The limits; `admit` puts processes inside."""

    def __init__(self, cpu: Path, memory: Path) -> None:
        self._cpu = cpu
        self._memory = memory

    def admit(self, name: str, pid: int, *, one_core: bool) -> None:
        """Puts a process and its children inside; with `one_core` on one core's share."""
        group = self._cpu / name
        group.mkdir()
        if one_core:
            _limit_cpu(group, CORE_US)
        for member in (pid, *proc.children(pid)):
            (group / "cgroup.procs").write_text(str(member))
            if self._memory != self._cpu:
                (self._memory / "cgroup.procs").write_text(str(member))

    def throttled(self) -> dict[str, float]:
        """Share of the periods in which each group wanted more than it got."""
        return {group.parent.name: _throttled(group) for group in self._cpu.glob("*/cpu.stat")}

    def remove(self) -> None:
        """Takes the groups away; their processes have ended."""
        for group in sorted({self._cpu, self._memory}):
            for inner in group.iterdir():
                if inner.is_dir():
                    inner.rmdir()
            group.rmdir()


@contextmanager
def pi4() -> Iterator[Envelope]:
    """The envelope, around a block. OSError where control groups cannot be made: only root can."""
    if (ROOT / "cgroup.controllers").exists():
        (ROOT / "cgroup.subtree_control").write_text("+cpu +memory")
        cpu = memory = ROOT / NAME
        cpu.mkdir()
        (cpu / "cgroup.subtree_control").write_text("+cpu")
        (memory / "memory.max").write_text(str(MEMORY_BYTES))
    else:
        cpu, memory = ROOT / "cpu" / NAME, ROOT / "memory" / NAME
        cpu.mkdir()
        memory.mkdir()
        (memory / "memory.limit_in_bytes").write_text(str(MEMORY_BYTES))
    _limit_cpu(cpu, CORES * CORE_US)
    envelope = Envelope(cpu, memory)
    try:
        yield envelope
    finally:
        envelope.remove()


def _limit_cpu(group: Path, quota_us: int) -> None:
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
    else:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(quota_us))


def _throttled(stat: Path) -> float:
    figures = dict(line.split() for line in stat.read_text().splitlines())
    return int(figures["nr_throttled"]) / max(1, int(figures["nr_periods"]))
