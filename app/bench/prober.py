"""One session that asks for a sign of life every 2 ms, in two ways by turns.

A WebSocket ping is answered by the server's loop at once: its wait is how long the loop was busy.
The text frame `1` is answered like any request: its answer waits behind what others are sent.

Run as `python -m bench.prober PORT`, an account's id and token on the first line of stdin. It
probes until stdin is closed and then prints both kinds' waits in ms as a JSON object.
"""

import json
import select
import socket
import struct
import sys
import time
from itertools import cycle

from bench.client import Load, LoadError
from bench.frames import PING, PONG, client_frame, server_frame
from bench.scripts import Account, log_in
from bench.server import HOST

PROBE_SECONDS = 0.002
PATIENCE_SECONDS = 30
PROBES = {
    "ping": (client_frame(b"", PING), server_frame(b"", PONG)),
    "text": (client_frame(b"1"), server_frame(b"0")),
}
"""What is sent, and what is answered."""

SO_TIMESTAMPNS = 35
"""Has the kernel note when what is received came (socket(7)); not among Python's constants."""


def main() -> None:
    """Probe until stdin is closed, and print all waits."""
    account = Account(*sys.stdin.readline().split())
    with Load((HOST, int(sys.argv[1]))) as load:
        (session,) = log_in(load, [account])
        load.settle()
        session.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        print("ready", flush=True)
        print(json.dumps(_waits(session.sock)))


def _waits(sock: socket.socket) -> dict[str, list[float]]:
    waits: dict[str, list[float]] = {name: [] for name in PROBES}
    for name in cycle(PROBES):
        waits[name].append(_wait(sock, *PROBES[name]))
        if all(waits.values()) and select.select([sys.stdin], [], [], PROBE_SECONDS)[0]:
            return waits
    raise AssertionError


def _wait(sock: socket.socket, probe: bytes, answer: bytes) -> float:
    """Probe once; the ms until the answer has come, whenever this process gets to see it."""
    begin = time.time_ns()
    sock.send(probe)
    while select.select([sock], [], [], PATIENCE_SECONDS)[0]:
        received, notes, _flags, _address = sock.recvmsg(4096, 64)
        if server_frame(b"", PING) in received:
            sock.send(client_frame(b"", PONG))
        if answer in received:
            return (_arrival(notes) - begin) / 1e6
        if not received:
            raise LoadError("the server closed the connection")
    raise LoadError(f"no answer within {PATIENCE_SECONDS} s")


def _arrival(notes: list[tuple[int, int, bytes]]) -> int:
    """The ns since 1970 at which the kernel got what was received."""
    for _level, kind, stamp in notes:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("ll", stamp)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return time.time_ns()  # the first ones have no note yet


if __name__ == "__main__":
    main()
