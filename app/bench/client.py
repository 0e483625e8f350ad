"""The load client: thousands of WebSockets over plain sockets and one epoll, cheap on the CPU.

What a session says is a script: a generator that yields a `Step` (a frame to send and how its
answer is recognised) and is sent the answer's payload.
"""

import json
import resource
import select
import socket
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from itertools import cycle, islice
from typing import Any, NamedTuple, Self

from bench.frames import CLOSE, PING, PONG, TEXT, client_frame, split_frames

API_KEY = "AQEAAAABAAD_rAp4DJh05a1HAwFT3A6K"  # the one the stock clients send
# What a desktop Chromium sends: header memory is a part of a session's cost.
BROWSER_HEADERS = (
    "Connection: Upgrade",
    "Pragma: no-cache",
    "Cache-Control: no-cache",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-GB,en-US;q=0.9,en;q=0.8",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
)
PATIENCE_SECONDS = 120
_RECV_BYTES = 1 << 18


class LoadError(Exception):
    """The server answered, or did not answer, in a way that makes the measurement void."""


class Step(NamedTuple):
    """Bytes to send, and a test that tells the answer among the payloads that come back."""

    sent: bytes
    is_answer: Callable[[bytes], bool]


Script = Generator[Step, bytes, None]


def ask(packet: dict[str, Any], until: bytes | None = None) -> Step:
    """A step that sends a packet and is answered by a payload holding `until`, or its own id.

    A refusal (a {ctrl} with that id and a code from 400 up) raises LoadError as it comes.
    """
    (body,) = packet.values()
    own = b'"id":"%s"' % body["id"].encode()

    def is_answer(payload: bytes) -> bool:
        if payload.startswith(b'{"ctrl":') and own in payload:
            check(payload)
        return (until or own) in payload

    return Step(client_frame(json.dumps(packet).encode()), is_answer)


def check(answer: bytes) -> dict[str, Any]:
    """Decode a {ctrl}. Raises LoadError if it is a refusal (codes from 400 up)."""
    ctrl: dict[str, Any] = json.loads(answer)["ctrl"]
    if ctrl["code"] >= 400:
        raise LoadError(f"refused: {ctrl}")
    return ctrl


class Connection:
    """One socket; `on_text` gets the payload of every text frame."""

    __slots__ = ("_read", "_rest", "on_text", "sock")

    def __init__(self, address: tuple[str, int]) -> None:
        self.sock = socket.create_connection(address, timeout=10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self._rest = b""
        self._read = self._read_frames
        self.on_text: Callable[[bytes], object] = ignore

    def send(self, data: bytes) -> None:
        """Send all of `data` at once. Raises LoadError if the socket's buffer is full."""
        if self.sock.send(data) != len(data):
            raise LoadError("the server does not read what the load client sends")

    def upgrade(self) -> Step:
        """The step that turns the connection into a WebSocket."""
        self._read = self._read_upgrade
        lines = [f"GET /v0/channels?apikey={API_KEY} HTTP/1.1", "Host: 127.0.0.1"]
        request = "\r\n".join([*lines, "Origin: http://127.0.0.1", *BROWSER_HEADERS, "", ""])
        return Step(request.encode(), lambda _payload: True)

    def receive(self) -> None:
        """Read what has come. Raises LoadError if the server closed the connection."""
        try:
            chunk = self.sock.recv(_RECV_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            raise LoadError("the server closed a connection")
        self._read(self._rest + chunk if self._rest else chunk)

    def _read_upgrade(self, received: bytes) -> None:
        head, end, rest = received.partition(b"\r\n\r\n")
        if not end:
            self._rest = received
            return
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise LoadError(f"no upgrade: {received.decode(errors='replace')[:300]}")
        self._read = self._read_frames
        self._rest = b""
        self.on_text(head)
        if rest:
            self._read_frames(rest)

    def _read_frames(self, received: bytes) -> None:
        frames, self._rest = split_frames(received)
        for opcode, payload in frames:
            if opcode == TEXT:
                self.on_text(payload)
            elif opcode == PING:
                self.send(client_frame(payload, PONG))
            elif opcode == CLOSE:
                raise LoadError(f"the server closed a WebSocket: {payload!r}")


def ignore(_payload: bytes) -> None:
    """What a connection does with text frames that nobody waits for."""


class Load:
    """Many connections, to one address or to several in turn, driven by one epoll."""

    def __init__(self, *addresses: tuple[str, int]) -> None:
        self._addresses = cycle(addresses)
        self._epoll = select.epoll()
        self._connections: dict[int, Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close(list(self._connections.values()))
        self._epoll.close()

    def open(self, scripts: Iterable[Script], in_flight: int = 32) -> list[Connection]:
        """Open a WebSocket for each script and play it there; the WebSockets stay open."""
        connections: list[Connection] = []

        def opened() -> Iterator[tuple[Connection, Script]]:
            for script in scripts:
                connections.append(self.connect())
                yield connections[-1], _upgraded(connections[-1], script)

        self.run(opened(), in_flight)
        return connections

    def connect(self) -> Connection:
        """Connect one more socket, which is not yet a WebSocket."""
        connection = Connection(next(self._addresses))
        self._connections[connection.sock.fileno()] = connection
        self._epoll.register(connection.sock, select.EPOLLIN)
        return connection

    def close(self, connections: Iterable[Connection]) -> None:
        """Close sockets without a close frame, as phones out of reach do."""
        for connection in connections:
            del self._connections[connection.sock.fileno()]
            connection.sock.close()

    def poll(self, seconds: float) -> bool:
        """Handle what has come, waiting up to `seconds`; tell whether something came."""
        ready = self._epoll.poll(seconds)
        for fd, _events in ready:
            if connection := self._connections.get(fd):
                connection.receive()
        return bool(ready)

    def rest(self, seconds: float) -> None:
        """Go on reading and answering pings for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.poll(left)

    def settle(self) -> None:
        """Read on until nothing has come for 0.1 s."""
        while self.poll(0.1):
            pass

    def until(self, done: Callable[[], bool]) -> None:
        """Handle what comes until `done()`. Raises LoadError if that takes two minutes."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not done():
            self.poll(1)
            if time.monotonic() > end:
                raise LoadError(f"what was awaited did not come within {PATIENCE_SECONDS} s")

    def run(self, scripts: Iterable[tuple[Connection, Script]], in_flight: int = 32) -> None:
        """Play all scripts to their ends, at most `in_flight` of them at any time."""
        waiting = iter(scripts)
        playing: list[_Player] = []
        while True:
            playing = [player for player in playing if not player.done]
            free = in_flight - len(playing)
            playing += [_Player(*script) for script in islice(waiting, free)]
            if not playing:
                return
            self.until(partial(_any_done, playing))


def _upgraded(connection: Connection, script: Script) -> Script:
    yield connection.upgrade()
    yield from script


class _Player:
    """Plays one script on one connection: each answer brings the next step."""

    def __init__(self, connection: Connection, script: Script) -> None:
        self.done = False
        self._connection, self._script = connection, script
        connection.on_text = self._on_text
        self._play(next(script))

    def _on_text(self, payload: bytes) -> None:
        if not self._step.is_answer(payload):
            return
        try:
            self._play(self._script.send(payload))
        except StopIteration:
            self.done = True
            self._connection.on_text = ignore

    def _play(self, step: Step) -> None:
        self._step = step
        self._connection.send(step.sent)


def _any_done(players: list[_Player]) -> bool:
    return any(player.done for player in players)


def allow_many_sockets() -> int:
    """Raise this process's limit of open files to what it may have, and return it."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
