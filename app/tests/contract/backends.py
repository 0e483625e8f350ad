"""The backends that the contract suites run on. A further one is a further line."""

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipit.bus.base import Bus
from pipit.bus.memory import MemoryBus
from pipit.store.base import Store
from pipit.store.sqlite import SqliteStore


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


STORES = {
    "sqlite": StoreBackend(sqlite, no_room_for_sqlite),
}

BUSES: dict[str, Callable[[], Bus]] = {
    "memory": lambda: MemoryBus(retries=(0.0, 0.0)),
}
"""Buses that try each event three times."""
