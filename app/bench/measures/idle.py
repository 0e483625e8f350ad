"""Idle sessions: the memory of each, and the CPU that all of them take, pings included."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from bench import proc
from bench.client import Load
from bench.run import Run
from bench.scripts import Account, log_in, sign_up
from bench.server import Server, data_folder, pipit
from bench.table import Row

STEPS = 4  # the memory is read after each quarter of the sessions
SETTLE_SECONDS = 3.0
GO_SERVER = "38.9 KB"


def idle(run: Run) -> None:
    """Measure memory and CPU of a server whose sessions do nothing.

    The accounts are made by another server process: what sign-ups leave behind in the memory
    would hide what sessions need.
    """
    with data_folder() as folder:
        run.say(f"idle: {run.sizes.idle_sessions:,} people sign up")
        with pipit(folder) as server, Load(server.address) as load:
            accounts = sign_up(load, run.sizes.idle_sessions)
        for repeat in range(run.sizes.repeats):
            run.say(f"idle: repeat {repeat + 1} of {run.sizes.repeats}")
            _measure(run, folder, accounts)
    _report(run)


def _measure(run: Run, folder: Path, accounts: list[Account]) -> None:
    with pipit(folder) as server, Load(server.address) as load:
        load.rest(1)
        memory = [proc.resident_bytes(server.pid), *_fill(server, load, accounts)]
        run.sample("idle: KiB per session", (memory[-1] - memory[0]) / 1024 / len(accounts))
        run.samples["idle: MiB by sessions"] = [rss / 2**20 for rss in memory]
        before = proc.cpu_seconds(server.pid)
        load.rest(run.sizes.idle_seconds)
        used = proc.cpu_seconds(server.pid) - before
        run.sample("idle: CPU %", 100 * used / run.sizes.idle_seconds)


def _fill(server: Server, load: Load, accounts: list[Account]) -> Iterator[int]:
    """Log all accounts in, in equal steps; yield the server's memory after each step."""
    bounds = [len(accounts) * step // STEPS for step in range(STEPS + 1)]
    for first, last in pairwise(bounds):
        log_in(load, accounts[first:last])
        load.rest(SETTLE_SECONDS)
        yield proc.resident_bytes(server.pid)


def _report(run: Run) -> None:
    sessions = f"{run.sizes.idle_sessions:,}"
    rss = "growth of the resident memory ÷ sessions, each attached to me, browser's headers"
    memory = run.of("idle: KiB per session")
    work = f"memory per idle logged-in session ({sessions})"
    run.add(Row("memory", work, "KiB", memory, rss, 18, 12, GO_SERVER))
    pings = f"{run.sizes.idle_seconds:g} s, in which each session is pinged once"
    work = f"idle CPU with {sessions} sessions"
    run.add(Row("idle", work, "%", run.of("idle: CPU %"), pings, 1.5))
