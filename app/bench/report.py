"""docs/performance.md: the generated part between two marks, everything around it left alone."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench import proc
from bench.run import Run
from bench.table import markdown

BEGIN = "<!-- written by `python -m bench`: begin -->"
END = "<!-- written by `python -m bench`: end -->"
NOTES = (
    "CPU is that of the whole server process (all threads, user and system, from "
    "`/proc/<pid>/task/*/schedstat`), uncompressed, over loopback TCP. The server and the bare "
    "sender run on one core, the load client on another. Limits are off, and passwords are hashed "
    "as quickly as can be: neither is what is measured. Ratios compare figures of the same "
    "repeat. Loopback charges a packet's way up to the receiver's socket to its sender, which a "
    "network card does not: trust ratios more than absolutes. *Go server* is a server of this "
    "protocol written in Go, measured elsewhere on another machine: a yardstick, no comparison."
)


def write(run: Run, out: Path, command: str, plots: list[Path]) -> None:
    """Write the run into the report; what stands around the marks is kept."""
    old = out.read_text() if out.exists() else f"# Performance\n\n{BEGIN}\n{END}\n"
    out.write_text(spliced(old, generated(run, out.parent, command, plots)))


def spliced(old: str, new: str, marks: tuple[str, str] = (BEGIN, END)) -> str:
    """Put `new` between two marks in `old`. Raises ValueError if they are not there."""
    before, begin, rest = old.partition(marks[0])
    _outdated, end, after = rest.partition(marks[1])
    if not (begin and end):
        raise ValueError(f"the report has no lines {marks[0]!r} and {marks[1]!r} to write between")
    return f"{before}{begin}\n{new}\n{end}{after}"


def generated(run: Run, folder: Path, command: str, plots: list[Path], notes: str = NOTES) -> str:
    """The part between the marks: when and where, the table, the plots."""
    facts = [
        f"- Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; commit {_commit()}",
        f"- Machine: {proc.machine()}",
        f"- Command: `{command}`",
        f"- All other processes took {run.others():.1f} % of the cores meanwhile.",
    ]
    images = [f"![{plot.stem}]({plot.relative_to(folder)})" for plot in plots]
    return "\n\n".join(["\n".join(facts), markdown(run.rows), notes, *images])


def _commit() -> str:
    """The commit that was measured, marked if the tree has changes."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
