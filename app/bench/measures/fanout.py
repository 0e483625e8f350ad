"""Fan-out: what one delivery of a group message costs, next to a bare send() of its bytes."""

from functools import partial
from statistics import median

from bench.client import Load
from bench.frames import server_frame
from bench.run import Run, cost_of
from bench.scripts import attach, found_group, log_in, publish_frame, sign_up
from bench.server import Server, bare_sender, data_folder, pipit
from bench.table import Row, figure

TEXT = "It is a truth universally acknowledged, that a message in want of a reader… " * 4
IN_FLIGHT = 8
GO_SERVER = "5.3 to 5.8"
WRITES = "calls of write(2) and its like, those into the database among them"


class Group:
    """A group whose members are all attached to it and to `me`; it counts what they receive."""

    def __init__(self, load: Load, members: int) -> None:
        self.sessions = log_in(load, sign_up(load, members))
        self.deliveries = 0
        self.delivered = b""
        self._load = load
        topics: list[str] = []
        load.run([(self.sessions[0], found_group("Everybody", topics))])
        load.run((session, attach(topics[0])) for session in self.sessions[1:])
        load.settle()
        self._publish = publish_frame(topics[0], TEXT, echo=True)
        for session in self.sessions:
            session.on_text = self._count

    def fan_out(self, messages: int, in_flight: int) -> None:
        """Publish messages, so many at a time under way, until every member has every one."""
        first, sent = self.deliveries, 0
        members = len(self.sessions)

        def delivered() -> bool:
            nonlocal sent
            complete = (self.deliveries - first) // members
            while sent < min(messages, complete + in_flight):
                self.sessions[sent % in_flight].send(self._publish)
                sent += 1
            return complete == messages

        self._load.until(delivered)

    def _count(self, payload: bytes) -> None:
        if payload.startswith(b'{"data":'):
            self.deliveries += 1
            self.delivered = payload


class Floor:
    """As many plain sockets, which the bare sender sends the same bytes to in rounds."""

    def __init__(self, load: Load, receivers: int) -> None:
        self.deliveries = 0
        self._beat, self._load = load.connect(), load
        self._sessions = [load.connect() for _ in range(receivers)]
        for session in self._sessions:
            session.on_text = self._count

    def fan_out(self, rounds: int) -> None:
        """Have every socket sent the frame so often, the next round after the last arrival."""
        goal = self.deliveries
        for _ in range(rounds):
            goal += len(self._sessions)
            self._beat.send(b".")
            self._load.until(partial(self._has, goal))

    def _has(self, deliveries: int) -> bool:
        return self.deliveries == deliveries

    def _count(self, _payload: bytes) -> None:
        self.deliveries += 1


def fanout(run: Run) -> None:
    """Measure fan-out with one message in flight and with eight, and the floor beside both."""
    members = run.sizes.sessions
    with data_folder() as folder, pipit(folder) as server, Load(server.address) as load:
        run.say(f"fan-out: {members:,} people sign up, log in and join a group")
        group = Group(load, members)
        group.fan_out(5, 1)
        frame = server_frame(group.delivered)
        with bare_sender(frame, members) as sender, Load(sender.address) as drain:
            floor = Floor(drain, members)
            floor.fan_out(5)
            for repeat in range(run.sizes.repeats):
                run.say(f"fan-out: repeat {repeat + 1} of {run.sizes.repeats}")
                _measure(run, (server, load, group), (sender, drain, floor))
    _report(run, len(frame))


def _measure(run: Run, pipit: tuple[Server, Load, Group], bare: tuple[Server, Load, Floor]) -> None:
    """Take one sample of the cost per delivery, CPU in µs, of the floor and of both fan-outs."""
    messages = run.sizes.fan_outs
    server, load, group = pipit
    sender, drain, floor = bare
    costs = {
        "send()": cost_of([sender.pid], drain, partial(floor.fan_out, messages)),
        "one in flight": cost_of([server.pid], load, partial(group.fan_out, messages, 1)),
        "8 in flight": cost_of([server.pid], load, partial(group.fan_out, messages, IN_FLIGHT)),
    }
    deliveries = messages * run.sizes.sessions
    for name, cost in costs.items():
        run.sample(f"fan-out: {name}", cost.cpu * 1e6 / deliveries)
        run.sample(f"fan-out: writes, {name}", cost.writes / deliveries)


def _report(run: Run, frame_bytes: int) -> None:
    floor = run.samples["fan-out: send()"]
    for name, must, aim in (("one in flight", 2.0, 1.3), ("8 in flight", 0.8, 0.3)):
        costs = run.samples[f"fan-out: {name}"]
        how = (
            f"{run.sizes.fan_outs} messages; all server CPU per delivered frame ({frame_bytes} B), "
            f"{figure(median(costs))} µs, ÷ that of send(), {figure(median(floor))} µs"
        )
        ratios = tuple(cost / bare for cost, bare in zip(costs, floor, strict=True))
        work = f"fan-out to {run.sizes.sessions:,} sessions, {name}"
        run.add(Row(f"fanout, {name}", work, "× send()", ratios, how, must, aim, GO_SERVER))
        calls = run.of(f"fan-out: writes, {name}")
        run.add(Row(f"writes, {name}", f"{work}: writes per delivery", "calls", calls, WRITES))
