"""The report's plots, as SVG (matplotlib)."""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.run import Run

OURS, BARE, MUST, AIM = "#2a6fbb", "#9a9a9a", "#c0392b", "#2e8b57"
PAUSE_SAMPLES = "pause: all waits, "


def draw(run: Run, folder: Path) -> list[Path]:
    """Draw all plots that the run has samples for into `folder`, and return the files."""
    plots: dict[str, tuple[str, Callable[[Run, Axes], None]]] = {
        "perf-fanout": ("fan-out: send()", _fanout),
        "perf-ack": ("P2P: ack", _ack),
        "perf-memory": ("idle: MiB by sessions", _memory),
        "perf-pause": ("pause: no load", _pause),
    }
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _save(run, plot, folder / f"{name}.svg")
        for name, (samples, plot) in plots.items()
        if samples in run.samples
    ]


def _save(run: Run, plot: Callable[[Run, Axes], None], file: Path) -> Path:
    return save(lambda axes: plot(run, axes), file)


def save(
    plot: Callable[[Axes], None],
    file: Path,
    *,
    size: tuple[float, float] = (7, 3.2),
    grid: Literal["both", "x"] = "both",
) -> Path:
    """Draw one plot into a file, and return it. `size`: width and height in inches."""
    mpl.rcParams["svg.hashsalt"] = "pipit"  # the same figures give the same file
    canvas = Figure(figsize=size, layout="constrained")
    axes = canvas.subplots()
    axes.grid(alpha=0.3, axis=grid)
    axes.spines[["top", "right"]].set_visible(False)
    plot(axes)
    canvas.savefig(file, metadata={"Date": None})
    return file


def _fanout(run: Run, axes: Axes) -> None:
    names = ("send()", "one in flight", "8 in flight")
    for place, (name, color) in enumerate(zip(names, (BARE, OURS, OURS), strict=True)):
        costs = run.of(f"fan-out: {name}")
        axes.barh(place, median(costs), color=color, height=0.6)
        axes.plot(costs, [place] * len(costs), "o", color="black", markersize=3)
    floor = median(run.of("fan-out: send()"))
    for row in run.rows:
        if row.name.startswith("fanout, ") and row.must and row.aim:
            place = names.index(row.name.removeprefix("fanout, "))
            _bounds(axes, place, floor * row.must, floor * row.aim)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("server CPU per delivery, µs (bar: median, dots: repeats)")
    axes.legend()


def _bounds(axes: Axes, place: int, must: float, aim: float) -> None:
    """Mark what a bar must and should stay below; named once in the legend."""
    for value, color, label in ((must, MUST, "must"), (aim, AIM, "aim")):
        named = label if place == 1 else ""
        axes.vlines(value, place - 0.4, place + 0.4, color=color, label=named)


def _ack(run: Run, axes: Axes) -> None:
    waits = run.of("P2P: ack")
    axes.ecdf(waits, color=OURS)
    axes.set_xscale("log")
    axes.set_xlabel("ms from sending a P2P message to its ack, 20 in flight")
    axes.set_ylabel("share of the messages")


def _memory(run: Run, axes: Axes) -> None:
    memory = run.of("idle: MiB by sessions")
    steps = len(memory) - 1
    sessions = [run.sizes.idle_sessions * step / steps for step in range(steps + 1)]
    axes.plot(sessions, memory, "o-", color=OURS, label="measured")
    for kib, color, label in ((18, MUST, "must"), (12, AIM, "aim")):
        bound = [memory[0] + kib * count / 1024 for count in sessions]
        axes.plot(sessions, bound, "--", color=color, label=f"{label}: {kib} KiB each")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("idle logged-in sessions")
    axes.set_ylabel("resident memory, MiB")
    axes.legend()


def _pause(run: Run, axes: Axes) -> None:
    for name in run.samples:
        if name.startswith(PAUSE_SAMPLES):
            label = name.removeprefix(PAUSE_SAMPLES)
            color = BARE if label == "no load" else None
            axes.ecdf(run.of(name), complementary=True, label=label, color=color)
    axes.axvline(50, color=MUST, linestyle="--", label="must: 50 ms")
    axes.axvline(15, color=AIM, linestyle="--", label="aim: 15 ms")
    axes.loglog()
    axes.set_xlabel("ms from a probe to its answer")
    axes.set_ylabel("share of the probes that waited longer")
    axes.legend(fontsize="small")
