"""Stores and buses, one of each backend in turn."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipit.bus.base import Bus
from pipit.config.settings import Database
from pipit.store.base import Store
from tests.contract.acks import Acks
from tests.contract.backends import BUSES, STORES, BusBackend, StoreBackend, mongodb_place
from tests.support.mongod import Mongod
from tests.support.rabbitmq import RabbitServer, forget_groups


@pytest.fixture(params=STORES)
def backend_name(request: pytest.FixtureRequest) -> str:
    """The kind of store."""
    return str(request.param)


@pytest.fixture
def backend(
    backend_name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[StoreBackend]:
    """How to make and break it."""
    server = request.getfixturevalue("mongod") if backend_name == "mongodb" else None
    yield STORES[backend_name]
    if isinstance(server, Mongod):
        server.drop(mongodb_place(tmp_path).name)


@pytest.fixture
async def store(backend: StoreBackend, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty, open store on the data of `tmp_path`."""
    opened = backend.make(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def place(mongod: Mongod, tmp_path: Path) -> Iterator[Database]:
    """A MongoDB database of the test's own."""
    found = mongodb_place(tmp_path)
    yield found
    mongod.drop(found.name)


@pytest.fixture
def db(mongod: Mongod, place: Database) -> Iterator[Any]:
    """The same database, for looking into it."""
    with mongod.client() as client:
        yield client[place.name]


@pytest.fixture
def acks(store: Store) -> Acks:
    """What the store tells of appended messages."""
    return Acks(store)


@pytest.fixture(params=BUSES)
async def bus_backend(request: pytest.FixtureRequest) -> AsyncIterator[BusBackend]:
    """How to make a bus, on a message queue that holds nothing."""
    async for backend in _bus_backend(request):
        yield backend


@pytest.fixture(params=[kind for kind, server in BUSES.items() if server])
async def queue(request: pytest.FixtureRequest) -> AsyncIterator[BusBackend]:
    """The same for those that have a server."""
    async for backend in _bus_backend(request):
        yield backend


@pytest.fixture
async def bus(bus_backend: BusBackend) -> AsyncIterator[Bus]:
    """An open bus that tries each event three times."""
    opened = bus_backend.make()
    await opened.open()
    yield opened
    await opened.close()


async def _bus_backend(request: pytest.FixtureRequest) -> AsyncIterator[BusBackend]:
    server = BUSES[request.param]
    backend = BusBackend(request.param, request.getfixturevalue(server) if server else None)
    yield backend
    if isinstance(backend.server, RabbitServer):  # it is shared by all tests
        await forget_groups(backend.server)
