"""The plot of the report: how long deliveries took, minute by minute."""

from pathlib import Path

from matplotlib.axes import Axes

from bench.online.talk import Talk
from bench.plots import BARE, MUST, OURS, save

SHARES = {0.5: (BARE, "half of the deliveries"), 0.99: (OURS, "99 %"), 1.0: ("#222222", "all")}


def draw(talk: Talk, file: Path) -> Path:
    """Draw it into a file, and return that."""
    return save(lambda axes: _delays(talk, axes), file)


def _delays(talk: Talk, axes: Axes) -> None:
    minutes = range(1, len(talk.by_minute) + 1)
    for share, (color, label) in SHARES.items():
        delays = [minute.at(share) for minute in talk.by_minute]
        axes.plot(minutes, delays, "o-", markersize=3, color=color, label=label)
    axes.axhline(250, color=MUST, linestyle="--", label="must, 99 %: 250 ms")
    axes.set_yscale("log")
    axes.set_xlabel("minute")
    axes.set_ylabel("ms from due to delivered")
    axes.legend(fontsize="small")
