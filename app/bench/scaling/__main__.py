"""`python -m bench.scaling`: show what how many people need, and write it into docs/scaling.md."""

import argparse
from pathlib import Path

from bench import report
from bench.scaling import plots, tables
from bench.scaling.people import EVERYDAY, FULL_HOUSE

REPORT = Path(__file__).parents[3] / "docs" / "scaling.md"
WORKLOADS = (EVERYDAY, FULL_HOUSE)


def main() -> None:
    """Print the tables, and put them and the pictures into the report."""
    asked = _arguments().parse_args()
    made = made_anew(asked.seed)
    print("\n\n".join(made.values()))
    text = REPORT.read_text("utf-8")
    for name, table in made.items():
        text = report.spliced(text, table, marks(name))
    REPORT.write_text(text, "utf-8")
    plots.draw(WORKLOADS, REPORT.parent / "img")


def made_anew(seed: int) -> dict[str, str]:
    """All tables, by the names that their marks in the report have."""
    simulated = {
        f"needs, {workload.name}": tables.needs(
            [tables.simulate(workload, people, seed) for people in tables.PEOPLE]
        )
        for workload in WORKLOADS
    }
    return reckoned() | simulated


def reckoned() -> dict[str, str]:
    """Those tables in which there is no chance."""
    return {
        "steps": tables.steps(WORKLOADS),
        "in the code": tables.in_the_code(WORKLOADS),
        "costs": tables.costs(),
        "machines": tables.boards(),
    }


def marks(name: str) -> tuple[str, str]:
    """The lines that a table stands between."""
    begin, end = (f"<!-- python -m bench.scaling, {name}: {mark} -->" for mark in ("begin", "end"))
    return begin, end


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the simulated days (1)")
    return parser


if __name__ == "__main__":
    main()
