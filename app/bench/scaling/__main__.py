"""`python -m bench.scaling`: show what how many people need, and write it into docs/scaling.md."""

import argparse
from pathlib import Path

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
        text = spliced(text, name, table)
    REPORT.write_text(text, "utf-8")
    plots.draw(WORKLOADS, REPORT.parent / "img")


def made_anew(seed: int) -> dict[str, str]:
    """The tables by the names that their marks in the report have."""
    needs = {
        f"needs, {workload.name}": tables.needs(
            [tables.simulate(workload, people, seed) for people in tables.PEOPLE]
        )
        for workload in WORKLOADS
    }
    return {
        "steps": tables.steps(WORKLOADS),
        **needs,
        "in the code": tables.in_the_code(WORKLOADS),
        "costs": tables.costs(),
        "machines": tables.boards(),
    }


def spliced(text: str, name: str, table: str) -> str:
    """Put a table between its marks. Raises ValueError if they are not there."""
    begin, end = (f"<!-- python -m bench.scaling: {name}: {mark} -->" for mark in ("begin", "end"))
    before, found, rest = text.partition(begin)
    _old, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"the report has no lines {begin!r} and {end!r} to write between")
    return f"{before}{begin}\n{table}\n{end}{after}"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the simulated days (1)")
    return parser


if __name__ == "__main__":
    main()
