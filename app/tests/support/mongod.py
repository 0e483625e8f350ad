"""Real MongoDB servers for tests, each on a free port of 127.0.0.1 with a temporary folder."""

import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.support.processes import free_port

PATIENCE_MS = 30_000
"""For a server to start, or a primary to be elected, on a busy machine."""


MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""The data lie in memory where that is to be had: making collections costs many writes."""


def find() -> Path | None:
    """The program: TEST_MONGOD, what tools/setup.sh has fetched, or one of the system's."""
    if named := os.environ.get("TEST_MONGOD"):
        return Path(named)
    fetched = Path(sysconfig.get_path("purelib")) / "fiftyone" / "db" / "bin" / "mongod"
    found = str(fetched) if fetched.is_file() else shutil.which("mongod")
    return Path(found) if found else None


LACKING = (
    ""
    if find()
    else "there is no mongod: `make setup` fetches one where it can; TEST_MONGOD names one"
)
"""Why tests that need a server cannot run; "" if they can."""


@dataclass
class Mongod:
    """A server process that can be killed and started again on the same port and data."""

    folder: Path
    port: int
    options: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it, and waits until it answers. RuntimeError, with the log's end, if it ends."""
        program = find()
        assert program
        log = self.folder / "mongod.log"
        command: list[str | Path] = [
            program, "--dbpath", self.folder, "--port", str(self.port), "--bind_ip", "127.0.0.1",
            "--wiredTigerCacheSizeGB", "0.25", "--nounixsocket", "--logpath", log, "--logappend",
            "--setParameter", "enableTestCommands=1",
            "--setParameter", "diagnosticDataCollectionEnabled=false", *self.options,
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with self.client() as client:
            try:
                client.admin.command("ping")
            except PyMongoError as fault:
                self.kill()
                end = log.read_text("utf-8", "replace")[-2000:] if log.exists() else ""
                raise RuntimeError(f"mongod does not answer: {fault}\n{end}") from None

    def client(self) -> MongoClient[dict[str, object]]:
        """A client of this server alone."""
        return MongoClient(
            "127.0.0.1",
            self.port,
            directConnection=True,
            serverSelectionTimeoutMS=PATIENCE_MS,
        )

    def drop(self, database: str) -> None:
        """Takes away what a test has stored."""
        with self.client() as client:
            client.drop_database(database)

    def kill(self) -> None:
        """Ends it with SIGKILL, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def standalone(*options: str) -> Iterator[Mongod]:
    """A running standalone server."""
    with tempfile.TemporaryDirectory(prefix="pipit-mongod-", dir=MEMORY) as folder:
        server = Mongod(Path(folder), free_port(), options)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@contextmanager
def replica_set(members: int, name: str = "pipit") -> Iterator[list[Mongod]]:
    """A running replica set with a primary."""
    with tempfile.TemporaryDirectory(prefix="pipit-mongod-", dir=MEMORY) as folder:
        servers = []
        try:
            for number in range(members):
                data = Path(folder) / str(number)
                data.mkdir()
                servers.append(Mongod(data, free_port(), ("--replSet", name)))
                servers[-1].start()
            _initiate(servers, name)
            yield servers
        finally:
            for server in servers:
                server.kill()


def _initiate(servers: list[Mongod], name: str) -> None:
    members = [{"_id": at, "host": server.address} for at, server in enumerate(servers)]
    settings = {"electionTimeoutMillis": 2000}
    with servers[0].client() as client:
        client.admin.command(
            "replSetInitiate", {"_id": name, "members": members, "settings": settings}
        )
    with MongoClient[dict[str, object]](
        servers[0].address, replicaSet=name, serverSelectionTimeoutMS=PATIENCE_MS
    ) as client:
        client.admin.command("ping")  # answered by a primary only


def primary(servers: list[Mongod]) -> Mongod:
    """The member that is primary, once there is one."""
    with MongoClient[dict[str, object]](
        [one.address for one in servers], replicaSet="pipit", serverSelectionTimeoutMS=PATIENCE_MS
    ) as client:
        client.admin.command("ping")
        assert client.address
        return next(one for one in servers if one.port == client.address[1])
