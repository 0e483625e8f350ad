"""The longest pause of the server's loop under load, as a session sees it from outside."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from subprocess import PIPE

from bench import proc
from bench.client import Load
from bench.measures.fanout import IN_FLIGHT, Group
from bench.measures.p2p import Pairs
from bench.run import Run
from bench.scripts import Account, sign_up
from bench.server import Server, data_folder, pipit
from bench.table import Row

PINGS = "a ping each 4 ms, longest wait for its pong"
TEXTS = "the text frame 1 each 4 ms, longest wait for its 0, which goes behind what others are sent"


def pause(run: Run) -> None:
    """Measure the longest waits of a prober while the server is idle and under each load."""
    sizes = run.sizes
    with data_folder() as folder, pipit(folder) as server, Load(server.address) as load:
        run.say(f"pause: {sizes.sessions:,} people in a group and {sizes.pairs} pairs")
        (account,) = sign_up(load, 1)
        group, pairs = Group(load, sizes.sessions), Pairs(load, sizes.pairs)
        loads = {
            "no load": partial(load.rest, 2.0),
            "fan-out, one in flight": partial(group.fan_out, sizes.fan_outs, 1),
            "fan-out, 8 in flight": partial(group.fan_out, sizes.fan_outs, IN_FLIGHT),
            "P2P, 20 in flight": partial(pairs.talk, sizes.p2p_messages),
        }
        for repeat in range(sizes.repeats):
            run.say(f"pause: repeat {repeat + 1} of {sizes.repeats}")
            for name, work in loads.items():
                waits = _waits(server, account, work)
                run.sample(f"pause: {name}", max(waits["ping"]))
                run.sample(f"answer: {name}", max(waits["text"]))
                run.sample(f"pause: all waits, {name}", *waits["ping"])
    _report(run, list(loads))


def _waits(server: Server, account: Account, work: Callable[[], object]) -> dict[str, list[float]]:
    """All waits of a prober, in ms by kind, while `work` goes on."""
    command = [sys.executable, "-m", "bench.prober", str(server.address[1])]
    with proc.on_core(proc.PROBER_CORE):
        prober = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True)
    with prober:
        assert prober.stdin
        assert prober.stdout
        prober.stdin.write(f"{account.user} {account.token}\n")
        prober.stdin.flush()
        prober.stdout.readline()
        work()
        waits: dict[str, list[float]] = json.loads(prober.communicate()[0])
        return waits


def _report(run: Run, loads: list[str]) -> None:
    idle, *busy = loads
    for name in busy:
        longest = run.of(f"pause: {name}")
        run.add(Row(f"pause, {name}", f"longest pause: {name}", "ms", longest, PINGS, 50, 15))
    noise = "the same wait with nothing else going on: the machine's own noise"
    run.add(Row("pause, idle", f"longest pause: {idle}", "ms", run.of(f"pause: {idle}"), noise))
    for name in busy:
        longest = run.of(f"answer: {name}")
        run.add(Row(f"answer, {name}", f"longest wait for an answer: {name}", "ms", longest, TEXTS))
