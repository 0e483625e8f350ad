"""A real Redis, or Valkey, on a free port with its data in a folder of its own."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.processes import await_line, free_port

START_SECONDS = 20.0
READY = "Ready to accept connections"
PROGRAMS = ("redis-server", "valkey-server", "/usr/sbin/redis-server")


def program() -> str | None:
    """Where the server program is; None if this machine has none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


LACKING = "" if program() else "no redis-server here: install the Debian package redis-server"
"""Why tests that need it cannot run, "" if they can."""


@dataclass
class RedisServer:
    """A server that may be stopped, killed, frozen and started again, on the same port and data.

    With a password, that is the user's `default`.
    """

    folder: Path
    password: str = ""
    port: int = 0
    options: tuple[str, ...] = ()
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """As redis-py takes it."""
        secret = f":{self.password}@" if self.password else ""
        return f"redis://{secret}127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it; it takes connections then. RuntimeError, with what it said, if not."""
        self.port = self.port or free_port()
        found = program()
        assert found, LACKING
        self.process = subprocess.Popen(
            [found, *self._arguments()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said = await_line(self.process, READY, START_SECONDS)
        if said is not None:
            self.kill()
            raise RuntimeError(f"redis-server did not start:\n{said}")

    def stop(self) -> None:
        """Ends it in good order, its data on the disk."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(START_SECONDS)
            self.process = None

    def kill(self) -> None:
        """Ends it with SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Has it answer nothing any more, with its connections open."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Has it go on."""
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def _arguments(self) -> list[str]:
        """Every write is on the disk before it is answered: a killed server forgets nothing."""
        fixed = f"--port {self.port} --bind 127.0.0.1 --appendonly yes --appendfsync always"
        secret = ["--requirepass", self.password] if self.password else []
        return [*fixed.split(), "--save", "", "--dir", str(self.folder), *secret, *self.options]


@contextmanager
def running(folder: Path, password: str = "", *options: str) -> Iterator[RedisServer]:
    """A server on the data of a folder, gone in the end."""
    folder.mkdir(parents=True, exist_ok=True)
    server = RedisServer(folder, password, options=options)
    server.start()
    try:
        yield server
    finally:
        server.kill()
