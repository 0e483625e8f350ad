"""The pictures of docs/scaling.md, as SVG (matplotlib)."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.scaling.people import Workload
from bench.scaling.steps import STEPS, capacity, expected
from bench.scaling.tables import people

COLORS = ("#2a6fbb", "#2e8b57", "#c98a1b", "#c0392b", "#9a9a9a")
SAMPLE = 1_000_000


def draw(workloads: Sequence[Workload], folder: Path) -> list[Path]:
    """Draws both pictures into `folder`, and returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    mpl.rcParams["svg.hashsalt"] = "pipit"  # the same figures give the same file
    files = []
    for name, plot, height in (("steps", _steps, 4.4), ("work", _work, 2.4)):
        canvas = Figure(figsize=(8, height), layout="constrained")
        axes = canvas.subplots()
        axes.grid(alpha=0.3, axis="x")
        axes.spines[["top", "right"]].set_visible(False)
        plot(workloads, axes)
        files.append(folder / f"scaling-{name}.svg")
        canvas.savefig(files[-1], metadata={"Date": None})
    return files


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
    axes.legend(fontsize="small", loc="lower right")


def _work(workloads: Sequence[Workload], axes: Axes) -> None:
    names = ("gateways: connections", "gateways: topics", "nginx", "mongod", "Redis")
    left = [0.0] * len(workloads)
    loads = [expected(workload, SAMPLE) for workload in workloads]
    parts = [[one.sessions, one.owners, one.nginx, one.mongod, one.redis] for one in loads]
    shares = [[100 * part / sum(row) for part in row] for row in parts]
    for at, name in enumerate(names):
        widths = [row[at] for row in shares]
        axes.barh(range(len(workloads)), widths, 0.6, left, color=COLORS[at], label=name)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    labels = [
        f"{workload.name}\n{sum(row) / SAMPLE * 1e6:.2g} µs/s a person"
        for workload, row in zip(workloads, parts, strict=True)
    ]
    axes.set_yticks(range(len(workloads)), labels)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the CPU in the busiest minute, %")
    axes.legend(
        fontsize="x-small", ncols=len(names), loc="upper center", bbox_to_anchor=(0.4, 1.25)
    )
