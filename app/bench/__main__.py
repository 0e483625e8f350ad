"""`python -m bench`: measure a real `pipit serve` and write docs/performance.md."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from bench import plots, proc, report
from bench.client import allow_many_sockets
from bench.measures import MEASURES
from bench.run import FULL, QUICK, Run

REPORT = Path(__file__).parents[2] / "docs" / "performance.md"


def main() -> None:
    """Take the measures asked for; write the report if all were taken in full, or if told to."""
    asked = _arguments().parse_args()
    sizes = QUICK if asked.quick else FULL
    run = Run(replace(sizes, repeats=asked.repeats or sizes.repeats))
    allow_many_sockets()
    run.say(proc.machine())
    with proc.on_core(proc.LOAD_CORE):
        for name in asked.only or MEASURES:
            MEASURES[name](run)
    run.say(f"all other processes took {run.others():.1f} % of the cores meanwhile")
    out = asked.out or (None if asked.quick or asked.only else REPORT)
    if out:
        _write(run, out.resolve())


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: only to try it")
    parser.add_argument("--only", nargs="+", choices=MEASURES, metavar="NAME", help=_names())
    parser.add_argument("--repeats", type=int, help=f"samples of each figure ({FULL.repeats})")
    parser.add_argument("--out", type=Path, help="the report (full runs: docs/performance.md)")
    return parser


def _names() -> str:
    return f"only these: {', '.join(MEASURES)}"


def _write(run: Run, out: Path) -> None:
    command = " ".join(["python -m bench", *sys.argv[1:]])
    report.write(run, out, command, plots.draw(run, out.parent / "img"))
    run.say(f"wrote {out}")


if __name__ == "__main__":
    main()
