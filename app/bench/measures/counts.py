"""What can be counted instead of timed: system calls, bytes and fsyncs."""

from functools import partial

from bench import strace
from bench.client import Load
from bench.frames import server_frame
from bench.measures.fanout import IN_FLIGHT, Group
from bench.measures.p2p import Pairs
from bench.run import Run
from bench.server import data_folder, pipit
from bench.table import Row

HOW = "strace -c -f"
FSYNCS = ("fsync", "fdatasync", "sync_file_range", "msync")


def counts(run: Run) -> None:
    """Count system calls per delivery and per stored message, with strace attached."""
    if not strace.available():
        run.say("counts: left out, strace is not installed")
        return
    with data_folder() as folder, pipit(folder) as server, Load(server.address) as load:
        run.say("counts: the group and the pairs again, with strace attached")
        _count_fan_out(run, server.pid, Group(load, run.sizes.sessions))
        _count_p2p(run, server.pid, Pairs(load, run.sizes.pairs))


def _count_fan_out(run: Run, pid: int, group: Group) -> None:
    messages = max(IN_FLIGHT, run.sizes.fan_outs // 10)
    deliveries = messages * run.sizes.sessions
    for name, in_flight in (("one in flight", 1), (f"{IN_FLIGHT} in flight", IN_FLIGHT)):
        calls = strace.count_calls(pid, partial(group.fan_out, messages, in_flight))
        work = f"system calls per delivery, {name}"
        run.add(Row(f"counts, {name}", work, "calls", (calls.total() / deliveries,), HOW))
    size = float(len(server_frame(group.delivered)))
    run.add(Row("counts, bytes", "bytes per delivery", "B", (size,), "the frame, TCP left out"))


def _count_p2p(run: Run, pid: int, pairs: Pairs) -> None:
    messages = max(1, run.sizes.p2p_messages // 10)
    calls = strace.count_calls(pid, partial(pairs.talk, messages))
    every = calls.total() / messages
    fsyncs = sum(calls[name] for name in FSYNCS) / messages
    run.add(Row("counts, p2p", "system calls per stored P2P message", "calls", (every,), HOW))
    run.add(Row("counts, fsyncs", "fsyncs per stored P2P message", "calls", (fsyncs,), HOW))
