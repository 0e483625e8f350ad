"""People in groups who write at random moments, and how long their messages take to arrive."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator

from bench.client import Connection, Load, LoadError
from bench.frames import client_frame
from bench.scripts import attach, found_group, log_in, sign_up

TEXT = "Shall we say half past seven at the boat house? I bring the lanterns, you the tea."
DIGITS = 9
"""A message's text begins with its number, so wide."""

_START = b'"content":"'
STEPS_PER_SECOND = 10_000
"""Delays are counted in steps of 0.1 ms."""

QUIET_SECONDS = 20.0
"""How long to wait in the end for what has not arrived."""


class Delays:
    """How many deliveries took how long."""

    def __init__(self) -> None:
        self.steps: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Counts one."""
        self.steps[int(seconds * STEPS_PER_SECOND)] += 1

    def at(self, share: float) -> float:
        """The time in ms that this share of them took at most."""
        left = share * self.steps.total()
        for step in sorted(self.steps):
            left -= self.steps[step]
            if left <= 0:
                return 1e3 * (step + 1) / STEPS_PER_SECOND
        return 0.0


class Talk:
    """Everybody is attached to `me` and to one group; all members of a group are online.

    `by_minute`: delays of all deliveries; `last`: until the last member had a message; `acks`.
    """

    def __init__(self, load: Load, people: int, members: int, seed: int) -> None:
        self._load = load
        self._random = random.Random(seed)
        self._members = members
        self._due: list[float] = []
        self._missing: list[int] = []
        self._waiting = 0
        self.by_minute: list[Delays] = []
        self.last = Delays()
        self.acks = Delays()
        self._began = 0.0
        sessions = log_in(load, sign_up(load, people))
        groups = [sessions[at : at + members] for at in range(0, people, members)]
        self._writers: list[tuple[Connection, str]] = []
        for group in groups:
            topic = self._meet(group)
            self._writers += [(session, topic) for session in group]
        load.settle()
        for session in sessions:
            session.on_text = self._received

    @property
    def missing(self) -> int:
        """Deliveries and acknowledgements that have not come."""
        return self._waiting

    @property
    def doubled(self) -> int:
        """Messages that somebody got more than once."""
        return sum(missing < 0 for missing in self._missing)

    @property
    def sent(self) -> int:
        """Messages published."""
        return len(self._due)

    def go_on(self, seconds: float, per_second: float) -> None:
        """Publishes at random moments, whatever the server does (an open loop), then waits until
        everything has arrived.
        """
        self._began = time.perf_counter()
        moments = self._moments(self._began + seconds, per_second)
        due = next(moments)
        while due is not None:
            while due is not None and due <= time.perf_counter():
                self._publish(due)
                due = next(moments)
            self._load.poll(max(0.0, (due or 0.0) - time.perf_counter()))
        end = time.perf_counter() + QUIET_SECONDS
        while self._waiting and time.perf_counter() < end:
            self._load.poll(0.1)

    def _moments(self, end: float, per_second: float) -> Iterator[float | None]:
        """A Poisson process; None when it is over."""
        moment = self._began
        while (moment := moment + self._random.expovariate(per_second)) < end:
            yield moment
        yield None

    def _meet(self, group: list[Connection]) -> str:
        topics: list[str] = []
        self._load.run([(group[0], found_group("Class", topics))])
        self._load.run((session, attach(topics[0])) for session in group[1:])
        return topics[0]

    def _publish(self, due: float) -> None:
        session, topic = self._random.choice(self._writers)
        number = len(self._due)
        self._due.append(due)
        self._missing.append(self._members)
        self._waiting += self._members + 1
        pub = {"id": str(number), "topic": topic, "content": f"{number:0{DIGITS}d} {TEXT}"}
        session.send(client_frame(json.dumps({"pub": pub}).encode()))

    def _received(self, payload: bytes) -> None:
        if payload.startswith(b'{"data":'):
            at = payload.index(_START) + len(_START)
            self._delivered(int(payload[at : at + DIGITS]))
        elif payload.startswith(b'{"ctrl":'):
            ctrl = json.loads(payload)["ctrl"]
            if ctrl["code"] != 202:
                raise LoadError(f"a message was refused: {ctrl}")
            self._waiting -= 1
            self.acks.add(time.perf_counter() - self._due[int(ctrl["id"])])

    def _delivered(self, number: int) -> None:
        due = self._due[number]
        minute = int((due - self._began) / 60)
        while len(self.by_minute) <= minute:
            self.by_minute.append(Delays())
        delay = time.perf_counter() - due
        self.by_minute[minute].add(delay)
        self._waiting -= 1
        self._missing[number] -= 1
        if not self._missing[number]:
            self.last.add(delay)
