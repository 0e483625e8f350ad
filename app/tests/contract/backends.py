"""The backends that the contract suites run on. A further one is a further line."""

import hashlib
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from pymongo import MongoClient

from pipit.bus.base import Bus, Outbox
from pipit.bus.memory import MemoryBus
from pipit.bus.rabbitmq import RabbitBus
from pipit.bus.redis import RedisBus
from pipit.config.settings import Database, MessageQueue
from pipit.store.base import Store
from pipit.store.mongodb import MongoStore
from pipit.store.sqlite import SqliteStore
from tests.support.rabbitmq import RabbitServer
from tests.support.redis_server import RedisServer


@dataclass(frozen=True)
class StoreBackend:
    """How to make a store on the data of a folder, and how to keep it from writing for a while."""

    make: Callable[[Path], Store]
    out_of_order: Callable[[Path], AbstractContextManager[None]]


def sqlite(folder: Path) -> Store:
    """A store in `folder`."""
    return SqliteStore(folder / "pipit.db")


@contextmanager
def no_room_for_sqlite(folder: Path) -> Iterator[None]:
    """The kernel lets no file grow beyond what the write-ahead log has, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    room = (folder / "pipit.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def mongodb_place(folder: Path) -> Database:
    """A database of its own for each folder, on the server that the tests have started."""
    host, port = os.environ["TEST_MONGODB"].split(":")
    name = hashlib.blake2s(str(folder).encode(), digest_size=8).hexdigest()
    return Database(type="mongodb", host=host, port=int(port), name=f"test_{name}")


def mongodb(folder: Path) -> Store:
    """A store whose database belongs to `folder`."""
    return MongoStore(mongodb_place(folder))


@contextmanager
def no_writing_to_mongodb(_folder: Path) -> Iterator[None]:
    """The server refuses whatever would change something, as with a full disk."""
    refusing = {"failCommands": ["insert", "update", "delete", "findAndModify"], "errorCode": 14031}
    with MongoClient[dict[str, object]](os.environ["TEST_MONGODB"]) as client:
        fail = partial(client.admin.command, "configureFailPoint", "failCommand")
        fail(mode="alwaysOn", data=refusing)
        try:
            yield
        finally:
            fail(mode="off")


STORES = {
    "sqlite": StoreBackend(sqlite, no_room_for_sqlite),
    "mongodb": StoreBackend(mongodb, no_writing_to_mongodb),
}


@dataclass(frozen=True)
class BusBackend:
    """Makes buses that try each event three times; each is as that of a process of its own.

    `server`: the message queue that they share, None for the bus within the process.
    """

    kind: Literal["memory", "redis", "rabbitmq"]
    server: RedisServer | RabbitServer | None = None

    def make(
        self, outbox: Outbox | None = None, most: int = 10_000, outbox_max: int = 10_000
    ) -> Bus:
        """A bus, not opened yet. `most`: events kept for a group that is behind."""
        retries = (0.0, 0.0)
        if self.kind == "memory":
            return MemoryBus(retries, most)
        assert self.server
        settings = MessageQueue(
            type=self.kind, port=self.server.port, stream_max=most, outbox_max=outbox_max
        )
        make = RedisBus if self.kind == "redis" else RabbitBus
        return make(settings, outbox, retries)


BUSES = {"memory": None, "redis": "redis_server", "rabbitmq": "rabbit_server"}
"""The fixture of the server that each kind of bus needs."""
