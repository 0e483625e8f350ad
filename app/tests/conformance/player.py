"""Plays scripted chats against a server and compares what it answers with a real server's answers.

    python -m tests.conformance.player URL [SCENARIO ...] [--show]

URL is the WebSocket address, as ws://127.0.0.1:8080/v0/channels. SCENARIO is the name of a file in
scenarios/ or its beginning (`04`); all of them if none is given. `--show` prints every packet
instead of comparing. Exit status: 0 all equal, 1 some differ, 2 the server could not be reached.

A scenario (.yaml) is a list of steps, one each: devices connect (`open`), one goes (`close`), or
one sends a packet; `save` keeps a value of the answer for later steps; `use` takes the steps of
that name in common.yaml. The recording (.json of the same name) holds what each device then got.
Compared are, step by step and device by device, the replies to requests and the {data} in their
order, and what the server pushed in any order; at a step marked `loose` the replies only.
"""

import argparse
import asyncio
import base64
import difflib
import json
import re
import secrets
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from tests.conformance.labels import Labels, as_line

HERE = Path(__file__).parent
API_KEY = "AQEAAAABAAD_rAp4DJh05a1HAwFT3A6K"  # what the stock clients send
PATIENCE = 5.0  # seconds a due packet is waited for: the clients' own limit for an answer
QUIET = 0.05  # seconds of silence that end a step, once all that is due has come
QUIET_LOOSE = 0.3  # the same where it is not known what is due
AT_ONCE = 6  # scenarios played side by side

Json = Any
Step = dict[str, Any]
Packets = list[Json]
Got = dict[str, dict[str, Packets]]  # device: {"replies": [...], "pushed": [...]}


class ScriptError(Exception):
    """A step could not be played: an earlier answer lacks the value that it needs."""


@dataclass(frozen=True)
class Scenario:
    """A script and what the recorded server answered (None if there is no recording)."""

    name: str
    steps: Sequence[Step]
    recorded: Mapping[int, Got] | None

    def due(self, number: int) -> dict[str, int] | None:
        """How many packets each device is to get at a step; None if that is not known."""
        if self.recorded is None:
            return None
        got = self.recorded.get(number, {})
        return {who: sum(map(len, packets.values())) for who, packets in got.items()}


def scenarios(chosen: Iterable[str] = ()) -> list[Scenario]:
    """Loads the scenarios whose names begin with one of `chosen`, or all of them."""
    starts = tuple(Path(name).stem for name in chosen) or ("",)
    files = sorted((HERE / "scenarios").glob("*.yaml"))
    return [load(file) for file in files if file.stem.startswith(starts)]


def load(file: Path) -> Scenario:
    common = yaml.safe_load((HERE / "common.yaml").read_text(encoding="utf-8"))
    steps: list[Step] = []
    for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["steps"]:
        steps += common[entry["use"]] if "use" in entry else [entry]
    recording = file.with_suffix(".json")
    if not recording.exists():
        return Scenario(file.stem, steps, None)
    log = json.loads(recording.read_text(encoding="utf-8"))
    return Scenario(file.stem, steps, {entry["step"]: entry["got"] for entry in log})


@dataclass
class Device:
    """One connection and what came over it since the last step."""

    socket: aiohttp.ClientWebSocketResponse
    inbox: Packets = field(default_factory=list)
    reader: asyncio.Task[None] | None = None


class Conversation:
    """One scenario being played: its devices, its saved values and its labels."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url, self._http = url, http
        self._variables: dict[str, Any] = {"rnd": secrets.token_hex(4)}
        self._labels = Labels(self._variables)
        self._devices: dict[str, Device] = {}
        self._arrived = asyncio.Event()

    async def step(self, number: int, step: Step, due: dict[str, int] | None) -> Got:
        """Plays one step and returns what every device got, labelled.

        Raises ScriptError if a value to be saved did not come.
        """
        if "open" in step:
            for who in step["open"].split():
                await self._open(who)
            return {}
        actor = await self._act(number, step)
        known = due is not None and not step.get("loose")
        await self._settle(due or {}, QUIET if known else QUIET_LOOSE)
        for variable, path in step.get("save", {}).items():
            came = self._devices[actor].inbox
            if (value := value_at(came, path)) is None:
                lacking = f"step {number}: {as_line(step)}\n  lacks {path} in what came: "
                raise ScriptError(lacking + as_line(came))
            self._variables[variable] = value
        return self._collect(loose=bool(step.get("loose")))

    async def close(self) -> None:
        for device in self._devices.values():
            await device.socket.close()
            if device.reader:
                await device.reader

    async def _open(self, who: str) -> None:
        headers = {"X-Tinode-APIKey": API_KEY}
        socket = await self._http.ws_connect(self._url, headers=headers, max_msg_size=0)
        device = self._devices[who] = Device(socket)
        device.reader = asyncio.create_task(self._read(device))

    async def _read(self, device: Device) -> None:
        async for frame in device.socket:
            packet = json.loads(frame.data)
            device.inbox.append(packet if isinstance(packet, dict) else {"frame": frame.data})
            self._arrived.set()
        device.inbox.append({"closed": True})
        self._arrived.set()

    async def _act(self, number: int, step: Step) -> str:
        """Does what the step says; returns the device that does it."""
        if "close" in step:
            await self._devices[step["close"]].socket.close()
            return str(step["close"])
        if "sleep" in step:
            await asyncio.sleep(step["sleep"])
            return ""
        who = next(key for key in step if key not in ("save", "loose"))
        await self._devices[who].socket.send_str(self._frame(step[who], f"{who}-{number}"))
        return who

    def _frame(self, message: Json, ident: str) -> str:
        """Returns the text to send: a string as it is, a packet filled in and given an id."""
        if isinstance(message, str):
            return message
        packet = filled(message, self._variables)
        verb = next(key for key in packet if key != "extra")
        if verb != "note":
            packet[verb].setdefault("id", ident)
        return json.dumps(packet)

    async def _settle(self, due: Mapping[str, int], quiet: float) -> None:
        """Returns when all that is due has come and then nothing for `quiet` seconds.

        Gives up on what is due after PATIENCE seconds without any packet.
        """
        while True:
            self._arrived.clear()
            missing = any(len(self._inbox(who)) < count for who, count in due.items())
            try:
                await asyncio.wait_for(self._arrived.wait(), PATIENCE if missing else quiet)
            except TimeoutError:
                return

    def _inbox(self, who: str) -> Packets:
        return self._devices[who].inbox if who in self._devices else []

    def _collect(self, *, loose: bool) -> Got:
        got: Got = {}
        for who, device in self._devices.items():
            packets = [self._labels.applied(packet) for packet in device.inbox]
            device.inbox.clear()
            sorted_out = arranged(packets)
            if loose:
                del sorted_out["pushed"]
            if any(sorted_out.values()):
                got[who] = sorted_out
        return got


def filled(node: Json, variables: Mapping[str, Any]) -> Json:
    """Returns JSON with every `${name}` replaced; text behind `b64:` becomes its base64."""
    if isinstance(node, dict):
        return {filled(k, variables): filled(v, variables) for k, v in node.items()}
    if isinstance(node, list):
        return [filled(item, variables) for item in node]
    if not isinstance(node, str):
        return node
    text = re.sub(r"\$\{(\w+)\}", lambda found: str(variables[found[1]]), node)
    if text.startswith("b64:"):
        return base64.b64encode(text[4:].encode()).decode()
    return text


def value_at(packets: Packets, path: str) -> Json:
    """Returns the first value found at a dotted path such as `meta.sub.0.topic`, or None."""
    for packet in packets:
        node = packet
        try:
            for part in path.split("."):
                node = node[int(part)] if isinstance(node, list) else node[part]
        except (KeyError, IndexError, TypeError, ValueError):
            continue
        return node
    return None


def arranged(packets: Packets) -> dict[str, Packets]:
    """Splits packets into replies and {data}, in their order, and the rest, sorted: a race."""
    replies = [packet for packet in packets if is_reply(packet)]
    pushed = [packet for packet in packets if not is_reply(packet)]
    return {"replies": replies, "pushed": sorted(pushed, key=as_line)}


def is_reply(packet: Json) -> bool:
    return "data" in packet or any("id" in b for b in packet.values() if isinstance(b, dict))


async def play(url: str, scenario: Scenario, *, show: bool = False) -> dict[int, Got]:
    """Plays a scenario; returns what came, by step. Steps at which nothing came are left out.

    Raises aiohttp.ClientError if the server is not there, ScriptError if a step cannot be played.
    """
    log: dict[int, Got] = {}
    async with aiohttp.ClientSession() as http:
        conversation = Conversation(url, http)
        try:
            for number, step in enumerate(scenario.steps, 1):
                got = await conversation.step(number, step, scenario.due(number))
                if got:
                    log[number] = got
                if show:
                    print(shown(number, step, got))
        finally:
            await conversation.close()
    return log


def shown(number: int, step: Step, got: Got) -> str:
    lines = [f"{number:3} > {as_line(step)}"]
    for who, packets in got.items():
        lines += [f"    {who} < {as_line(p)}" for group in packets.values() for p in group]
    return "\n".join(lines)


def differences(scenario: Scenario, log: Mapping[int, Got]) -> str:
    """Returns what differs from the recording, step by step; empty if all is equal."""
    if scenario.recorded is None:
        return f"{scenario.name}: no recording beside the scenario"
    report: list[str] = []
    for number, step in enumerate(scenario.steps, 1):
        want, got = scenario.recorded.get(number, {}), log.get(number, {})
        if want != got:
            report += [f"step {number}: {as_line(step)}", *step_difference(want, got)]
    return "\n".join(report)


def step_difference(want: Got, got: Got) -> list[str]:
    """Returns one block for each device and kind that differ; `-` was recorded, `+` came now."""
    lines: list[str] = []
    for who in sorted(want | got):
        for kind in ("replies", "pushed"):
            before, now = (side.get(who, {}).get(kind, []) for side in (want, got))
            if before != now:
                diff = difflib.ndiff([*map(as_line, before)], [*map(as_line, now)])
                lines += [f"  {who}, {kind}:", *(f"    {line.rstrip()}" for line in diff)]
    return lines


async def judge(url: str, scenario: Scenario) -> str:
    """Plays a scenario and returns what is wrong; empty if all is as recorded.

    Raises aiohttp.ClientError if the server is not there.
    """
    try:
        return differences(scenario, await play(url, scenario))
    except ScriptError as fault:
        return str(fault)


async def judge_all(url: str, chosen: Sequence[Scenario]) -> dict[str, str]:
    """Judges scenarios side by side (each makes its own accounts); what is wrong, by name."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def judged(scenario: Scenario) -> tuple[str, str]:
        async with turn:
            return scenario.name, await judge(url, scenario)

    return dict(await asyncio.gather(*map(judged, chosen)))


async def show_all(url: str, chosen: Sequence[Scenario]) -> None:
    for scenario in chosen:
        print(f"=== {scenario.name}")
        await play(url, scenario, show=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("scenario", nargs="*")
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args(arguments)
    try:
        if args.show:
            asyncio.run(show_all(args.url, scenarios(args.scenario)))
            return 0
        return report(asyncio.run(judge_all(args.url, scenarios(args.scenario))))
    except aiohttp.ClientError as fault:
        print(fault, file=sys.stderr)
        return 2


def report(outcomes: Mapping[str, str]) -> int:
    for name, wrong in outcomes.items():
        print(f"FAIL {name}\n{wrong}" if wrong else f"ok   {name}")
    failed = sum(map(bool, outcomes.values()))
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
