"""What Linux tells about processes and the machine: CPU time, memory, cores (proc(5))."""

import os
import platform
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CORES = sorted(os.sched_getaffinity(0))
CORES = len(_CORES)
ALL_CORES = tuple(_CORES)
# On a machine with two cores the prober shares one with the load client.
SERVER_CORE, PROBER_CORE, LOAD_CORE = _CORES[0], _CORES[len(_CORES) // 2], _CORES[-1]


def cpu_seconds(pid: int) -> float:
    """CPU time that the living threads of a process have used, user and system, to the nanosecond.

    From /proc/<pid>/task/*/schedstat: /proc/<pid>/stat tells the same in steps of 10 ms.
    """
    nanoseconds = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            nanoseconds += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            continue  # the thread has ended since
    return nanoseconds / 1e9


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def write_calls(pid: int) -> int:
    """How often a process has called write(2) and its like, on sockets and files (proc(5), io)."""
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("syscw:"):
            return int(line.split()[1])
    raise ValueError(f"/proc/{pid}/io has no syscw line")


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM (Rss of /proc/<pid>/smaps_rollup)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"/proc/{pid}/smaps_rollup has no Rss line")


@contextmanager
def on_core(*cores: int) -> Iterator[None]:
    """Keep this process, and for good the processes that it starts meanwhile, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def others_seconds() -> float:
    """CPU time that all cores have given to others than this process and its ended children."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _iowait, irq, softirq = stat.readline().split()[1:8]
    busy = sum(map(int, (user, nice, system, irq, softirq))) / os.sysconf("SC_CLK_TCK")
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return busy - sum(usage.ru_utime + usage.ru_stime for usage in usages)


def machine() -> str:
    """CPU model, cores, kernel and Python in one line."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Model")):
            model = line.split(":", 1)[1].strip()
    kernel = f"Linux {platform.release()}"
    return f"{model}, {CORES} cores, {kernel}, Python {platform.python_version()}"
