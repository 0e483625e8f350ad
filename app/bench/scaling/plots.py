"""The pictures of docs/scaling.md, as SVG (matplotlib)."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from matplotlib.axes import Axes

from bench.plots import save
from bench.scaling.people import Workload
from bench.scaling.setups import Setup, gateways_work, mongod_work
from bench.scaling.steps import STEPS, capacity, expected
from bench.scaling.tables import people

COLORS = ("#2a6fbb", "#2e8b57", "#c98a1b", "#c0392b", "#9a9a9a")
SAMPLE = 4_000


def draw(workloads: Sequence[Workload], folder: Path) -> list[Path]:
    """Draws both pictures into `folder`, and returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        save(partial(plot, workloads), folder / f"scaling-{name}.svg", size=(8, height), grid="x")
        for name, plot, height in (("steps", _steps, 4.4), ("work", _work, 2.4))
    ]


def _steps(workloads: Sequence[Workload], axes: Axes) -> None:
    height = 0.8 / len(workloads)
    for number, workload in enumerate(workloads):
        found = [capacity(setup, workload) for setup in STEPS]
        places = [at + (number - 0.5) * height for at in range(len(STEPS))]
        counts = [one.people for one in found]
        axes.barh(places, counts, height * 0.9, color=COLORS[number], label=workload.name)
        for place, one in zip(places, found, strict=True):
            text = f" {people(one.people)}: {one.limit.name}"
            axes.text(one.people, place, text, va="center", fontsize="x-small")
    axes.set_yticks(range(len(STEPS)), [setup.name for setup in STEPS])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(1000, 1e8)  # room for the texts
    axes.set_xlabel("people, and what they run out of first")
    axes.legend(fontsize="small", loc="upper right")


def _work(workloads: Sequence[Workload], axes: Axes) -> None:
    setup = STEPS[1]
    names = ("gateways", "nginx", "mongod", "Redis")
    parts = [_cores(setup, workload) for workload in workloads]
    left = [0.0] * len(workloads)
    for at, name in enumerate(names):
        widths = [row[at] for row in parts]
        axes.barh(range(len(workloads)), widths, 0.6, left, color=COLORS[at], label=name)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.set_yticks(range(len(workloads)), [workload.name for workload in workloads])
    axes.invert_yaxis()
    axes.set_xlim(0, setup.board.cores)
    axes.set_xlabel(f"cores of {setup.name}, {SAMPLE:,} people in the busiest minute")
    axes.legend(fontsize="small")


def _cores(setup: Setup, workload: Workload) -> list[float]:
    load = expected(workload, SAMPLE)
    gateways, mongod = gateways_work(setup, load), mongod_work(setup, load)
    return [part / setup.board.speed for part in (gateways, load.nginx, mongod, load.redis)]
