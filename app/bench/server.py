"""The processes that are measured: `pipit serve` in a folder of its own, and the bare sender."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from bench import proc
from tests.support.server import start

HOST = "127.0.0.1"
# Without limits, passwords hashed as quickly as can be: neither is what is measured.
SETTINGS = {
    "server_host": HOST,
    "limits_enabled": False,
    "log_level": "warning",
    "accounts_hash_memory_kib": 8,
    "accounts_hash_time": 1,
}


@dataclass(frozen=True)
class Server:
    """A running process and where it listens; `start_seconds`: from its spawning to its health."""

    pid: int
    address: tuple[str, int]
    start_seconds: float = 0.0


@contextmanager
def data_folder() -> Iterator[Path]:
    """A temporary data folder on a real disk: /tmp may be memory, where fsync costs nothing."""
    with tempfile.TemporaryDirectory(prefix="pipit-bench-", dir="/var/tmp") as name:
        yield Path(name)


@contextmanager
def pipit(folder: Path, **settings: object) -> Iterator[Server]:
    """Run `pipit serve` on `folder` and on its own core, and stop it in the end."""
    begin = time.perf_counter()
    with proc.on_core(proc.SERVER_CORE):
        running = start(folder, **SETTINGS | settings)
    try:
        port = int(running.url.rpartition(":")[2])
        _check_health(port)
        seconds = time.perf_counter() - begin
        yield Server(running.process.pid, (HOST, port), seconds)
    finally:
        running.stop()


@contextmanager
def bare_sender(frame: bytes, receivers: int) -> Iterator[Server]:
    """Run bench/floor.py, which sends `frame` to `receivers` sockets each time it is told to."""
    command = [sys.executable, "-m", "bench.floor", str(receivers)]
    with proc.on_core(proc.SERVER_CORE):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(frame)
        process.stdin.close()
        try:
            yield Server(process.pid, (HOST, int(process.stdout.readline())))
        finally:
            process.terminate()


def _check_health(port: int) -> None:
    connection = HTTPConnection(HOST, port, timeout=10)
    connection.request("GET", "/healthz")
    status = connection.getresponse().status
    connection.close()
    if status != 200:
        raise RuntimeError(f"/healthz answered {status}")
