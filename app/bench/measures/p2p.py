"""Stored P2P messages: what one costs the server, and how long its sender waits for the ack."""

import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from statistics import fmean, median, quantiles

from bench.client import Connection, Load, LoadError
from bench.run import Run, cost_of
from bench.scripts import attach, log_in, publish_frame, sign_up
from bench.server import data_folder, pipit
from bench.table import Row

TEXT = "Shall we say half past seven at the boat house? I bring the lanterns, you the tea."
IN_FLIGHT = 20
WRITES = "ack, message and news to sockets; the rest into the database, shared by a commit"


@dataclass
class Talker:
    """One who sends, one message after the other, each after the ack of the one before."""

    session: Connection
    frame: bytes
    sent_at: float = 0.0

    def send(self) -> None:
        """Send the next message."""
        self.sent_at = time.perf_counter()
        self.session.send(self.frame)


class Pairs:
    """Pairs of people, attached to their P2P topic and to `me`; the first of each pair talks."""

    def __init__(self, load: Load, pairs: int) -> None:
        self.received = 0
        self.latencies: list[float] = []  # s, from sending to the ack
        self._load = load
        accounts = sign_up(load, 2 * pairs)
        sessions = log_in(load, accounts)
        one, other = accounts[::2], accounts[1::2]
        for side, peers in ((sessions[::2], other), (sessions[1::2], one)):
            load.run(zip(side, (attach(peer.user) for peer in peers), strict=True))
        load.settle()
        frames = (publish_frame(account.user, TEXT, echo=False) for account in other)
        self._waiting = deque(map(Talker, sessions[::2], frames))
        for talker, listener in zip(self._waiting, sessions[1::2], strict=True):
            talker.session.on_text = partial(self._on_ack, talker)
            listener.on_text = self._on_message

    def talk(self, messages: int) -> None:
        """Send messages, `IN_FLIGHT` at a time, until all are acknowledged and received."""
        first, sent = len(self.latencies), 0
        goal = self.received + messages

        def all_there() -> bool:
            nonlocal sent
            acknowledged = len(self.latencies) - first
            while sent < min(messages, acknowledged + IN_FLIGHT):
                self._waiting.popleft().send()
                sent += 1
            return acknowledged == messages and self.received >= goal

        self._load.until(all_there)

    def _on_ack(self, talker: Talker, payload: bytes) -> None:
        if not payload.startswith(b'{"ctrl":'):
            return
        if b'"code":202' not in payload:
            raise LoadError(f"a message was refused: {payload.decode()}")
        self.latencies.append(time.perf_counter() - talker.sent_at)
        self._waiting.append(talker)

    def _on_message(self, payload: bytes) -> None:
        self.received += payload.startswith(b'{"data":')


def p2p(run: Run) -> None:
    """Measure stored P2P messages: server CPU, throughput and ack latency."""
    with data_folder() as folder, pipit(folder) as server, Load(server.address) as load:
        run.say(f"P2P: {run.sizes.pairs} pairs sign up, log in and open their topics")
        pairs = Pairs(load, run.sizes.pairs)
        pairs.talk(run.sizes.pairs)
        for repeat in range(run.sizes.repeats):
            run.say(f"P2P: repeat {repeat + 1} of {run.sizes.repeats}")
            _measure(run, server.pid, load, pairs)
    _report(run)


def _measure(run: Run, pid: int, load: Load, pairs: Pairs) -> None:
    """Take one sample of each: CPU in µs and messages/s, and all ack latencies in ms."""
    messages = run.sizes.p2p_messages
    pairs.latencies.clear()
    cost = cost_of([pid], load, partial(pairs.talk, messages))
    run.sample("P2P: CPU", 1e6 * cost.cpu / messages)
    run.sample("P2P: writes", cost.writes / messages)
    milliseconds = [1e3 * latency for latency in pairs.latencies]
    run.sample("P2P: ack", *milliseconds)
    run.sample("P2P: ack p50", median(milliseconds))
    run.sample("P2P: ack p99", quantiles(milliseconds, n=100)[98])
    run.sample("P2P: rate", IN_FLIGHT * 1e3 / fmean(milliseconds))


def _report(run: Run) -> None:
    work = f"stored P2P message, {run.sizes.pairs} pairs, {IN_FLIGHT} in flight"
    how = f"{run.sizes.p2p_messages:,} messages; all server CPU ÷ messages"
    waits = "from sending to the 202, load client included"
    for row in (
        Row("p2p, CPU", f"{work}: server CPU", "µs", run.of("P2P: CPU"), how, 250, 120),
        Row("p2p, p50", f"{work}: ack, median", "ms", run.of("P2P: ack p50"), waits),
        Row("p2p, p99", f"{work}: ack, 99 %", "ms", run.of("P2P: ack p99"), waits),
        Row("p2p, rate", f"{work}: rate", "/s", run.of("P2P: rate"), "in flight ÷ mean wait"),
        Row("p2p, writes", f"{work}: writes", "calls", run.of("P2P: writes"), WRITES),
    ):
        run.add(row)
