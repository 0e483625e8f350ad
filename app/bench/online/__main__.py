"""`python -m bench.online`: four thousand people online inside the limits of a Raspberry Pi 4."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from bench import proc, report
from bench.client import Load, allow_many_sockets
from bench.online import chart
from bench.online.envelope import Envelope, pi4
from bench.online.parts import Part, one_pi
from bench.online.talk import Talk
from bench.run import FULL, Run
from bench.table import Row

MEMBERS = 50
SEED = 4000
REPORT = Path(__file__).parents[3] / "docs" / "performance.md"
MARKS = "<!-- four thousand people online: begin -->", "<!-- four thousand people online: end -->"
TEXT = (
    "All people are attached to `me` and to one group of {members}; they write at random moments "
    "(a Poisson process, seed {seed}), whatever the server does. A delay counts from the moment "
    "that the message was due to be sent. mongod, Redis, the gateways and nginx (without TLS, "
    "one worker, Unix sockets behind it) share 0.88 of a core and 3.6 GiB; Redis, each gateway and "
    "nginx have at most 0.22 of a core (`bench/online/envelope.py` says why): Pi 4 class by CPU "
    "quota, not a Raspberry Pi. The quota's period of 10 ms is part of every delay."
)


def main() -> None:
    """Play it, and write the report if told to."""
    asked = _arguments().parse_args()
    run = Run(FULL)
    allow_many_sockets()
    run.say(proc.machine())
    with (
        proc.on_core(proc.LOAD_CORE),
        pi4() as envelope,
        one_pi(asked.gateways) as (parts, address),
        Load(address) as load,
    ):
        run.say(f"{asked.people:,} people sign up, log in and join groups of {MEMBERS}")
        talk = Talk(load, asked.people, MEMBERS, SEED)
        for part in parts:
            envelope.admit(part.name, part.pid, one_core=part.one_core)
        run.say(f"{asked.rate} messages a second for {asked.minutes:g} minutes")
        spent = _spent_by(parts, lambda: talk.go_on(60 * asked.minutes, asked.rate))
        _figures(run, talk, parts, spent, envelope)
    if asked.out:
        _write(run, talk, asked)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.online", description=__doc__)
    parser.add_argument("--people", type=int, default=4000)
    parser.add_argument("--rate", type=int, default=200, help="messages a second (200)")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (30)")
    parser.add_argument("--gateways", type=int, default=3, help="how many processes (3)")
    parser.add_argument("--out", type=Path, help=f"the report to write into, e.g. {REPORT.name}")
    return parser


def _spent_by(parts: list[Part], work: Callable[[], object]) -> dict[str, float]:
    """CPU of each part, and of the load client, in cores, while `work` went on."""
    before = {part.name: part.cpu_seconds for part in parts}
    began, own = time.perf_counter(), time.process_time()
    work()
    seconds = time.perf_counter() - began
    spent = {part.name: (part.cpu_seconds - before[part.name]) / seconds for part in parts}
    return spent | {"load client": (time.process_time() - own) / seconds}


def _figures(
    run: Run, talk: Talk, parts: list[Part], spent: dict[str, float], envelope: Envelope
) -> None:
    slowest = tuple(minute.at(0.99) for minute in talk.by_minute)
    for row in (
        Row("p99", "delivery, 99 %", "ms", slowest, "one figure a minute", 250),
        Row("p50", "delivery, median", "ms", tuple(m.at(0.5) for m in talk.by_minute), "the same"),
        Row("last", "the last member has it, 99 %", "ms", (talk.last.at(0.99),), "all in all"),
        Row("ack", "acknowledged, 99 %", "ms", (talk.acks.at(0.99),), "all in all"),
        Row("sent", "messages sent", "", (talk.sent,), f"{talk.sent * MEMBERS:,} deliveries"),
        Row("lost", "missing or doubled", "", (talk.missing + talk.doubled,), "in the end", 0),
    ):
        run.add(row)
    throttled = envelope.throttled()
    for part in parts:
        held = f"held back in {100 * throttled[part.name]:.0f} % of the periods"
        run.add(Row(part.name, f"CPU of {part.name}", "cores", (spent[part.name],), held))
        memory = proc.resident_bytes(part.pid) / 2**20
        run.add(Row(part.name, f"memory of {part.name}", "MiB", (memory,), "resident, in the end"))
    busy = spent["load client"]
    run.add(Row("load", "CPU of the load client", "cores", (busy,), "outside of the limits", 0.7))


def _write(run: Run, talk: Talk, asked: argparse.Namespace) -> None:
    out = asked.out.resolve()
    plot = chart.draw(talk, out.parent / "img" / "perf-online.svg")
    command = (
        f"python -m bench.online --people {asked.people} --rate {asked.rate}"
        f" --gateways {asked.gateways} --minutes {asked.minutes:g}"
    )
    notes = TEXT.format(members=MEMBERS, seed=SEED)
    text = report.generated(run, out.parent, command, [plot], notes)
    out.write_text(report.spliced(out.read_text(), text, MARKS))
    run.say(f"wrote {out}")


if __name__ == "__main__":
    main()
