"""The other servers that a measured Pipit may need, their data on a real disk: mongod on whichever
core is free, as it has threads of its own; Redis on the server's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import proc
from bench.server import data_folder
from tests.support import mongod, redis_server
from tests.support.mongod import Mongod
from tests.support.processes import free_port
from tests.support.redis_server import RedisServer

EVERY_SECOND = ("--appendfsync", "everysec")
"""What docs/message-queue.md says that Redis should be run with."""

NO_MONGODB, NO_REDIS = mongod.LACKING, redis_server.LACKING
"""Why measures that need them are left out; "" if they can be taken."""


@dataclass(frozen=True)
class Engine:
    """A running server, and the settings of a `pipit serve` that uses it."""

    pid: int
    settings: dict[str, object]


@contextmanager
def mongodb() -> Iterator[Engine]:
    """A standalone mongod."""
    with data_folder() as folder:
        server = Mongod(folder, free_port(), ())
        with proc.on_core(*proc.ALL_CORES):
            server.start()
        assert server.process
        try:
            yield Engine(
                server.process.pid,
                {
                    "database_type": "mongodb",
                    "database_host": "127.0.0.1",
                    "database_port": server.port,
                },
            )
        finally:
            server.kill()


@contextmanager
def redis() -> Iterator[Engine]:
    """A Redis that writes to the disk once a second."""
    with data_folder() as folder:
        server = RedisServer(folder, options=EVERY_SECOND)
        with proc.on_core(proc.SERVER_CORE):
            server.start()
        assert server.process
        try:
            yield Engine(
                server.process.pid,
                {
                    "message_queue_type": "redis",
                    "message_queue_host": "127.0.0.1",
                    "message_queue_port": server.port,
                },
            )
        finally:
            server.kill()
