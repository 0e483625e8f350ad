"""A real RabbitMQ on free ports with its data in a folder of its own; takes seconds to start."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aio_pika

from tests.support.processes import await_line, free_port

START_SECONDS = 90.0
STOP_SECONDS = 30.0
GROUPS = ("push", "webhooks", "archive", "slow", "quick", "failing", "fine")
"""Those that tests use."""

READY = "Server startup complete"
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Not the one in /usr/sbin, which becomes another user."""

LACKING = (
    ""
    if PROGRAM.exists() and shutil.which("epmd")
    else "no RabbitMQ here: install the Debian package rabbitmq-server"
)
"""Why tests that need it cannot run, "" if they can."""


@dataclass
class RabbitServer:
    """A broker that may be stopped, killed and started again, on the same port and data.

    Its user is `guest`, as RabbitMQ makes it for connections from the same machine. It has an epmd
    of its own, by which Erlang finds nodes, so that nothing stays behind.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    _dist_port: int = field(default_factory=free_port)
    _epmd_port: int = field(default_factory=free_port)
    _epmd: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Starts it; it takes connections then. RuntimeError, with what it said, if not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "plugins").write_text("[].\n")
        if self._epmd is None:
            epmd = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
            self._epmd = subprocess.Popen(epmd, env=self._environment())
        self.process = subprocess.Popen(
            [str(PROGRAM)],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = await_line(self.process, READY, START_SECONDS)
        if said is not None:
            self.kill()
            raise RuntimeError(f"rabbitmq-server did not start:\n{said[-3000:]}")

    def stop(self) -> None:
        """Ends it in good order."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOP_SECONDS)
            self.process = None

    def kill(self) -> None:
        """Ends it with SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def clear_away(self) -> None:
        """Ends everything, for good."""
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None

    def _environment(self) -> dict[str, str]:
        folder = str(self.folder)
        return os.environ | {
            "HOME": folder,  # Erlang's cookie
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"pipit-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_ALLOW_INPUT": "1",  # the script becomes the server, and can be killed as it
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-noinput -kernel inet_dist_use_interface {127,0,0,1}"
            ),
            "ERL_CRASH_DUMP": "/dev/null",
        }


@contextmanager
def running(folder: Path) -> Iterator[RabbitServer]:
    """A broker on the data of a folder, gone in the end."""
    server = RabbitServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.clear_away()


async def forget_groups(server: RabbitServer) -> None:
    """Deletes the queues of all groups, so that the next test finds none."""
    async with await aio_pika.connect(port=server.port) as connection:
        channel = await connection.channel()
        for group in GROUPS:
            await channel.queue_delete(f"pipit.group.{group}")
            await channel.queue_delete(f"pipit.dead.{group}")
