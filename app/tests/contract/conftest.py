"""Stores and buses, one of each backend in turn."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pipit.bus.base import Bus
from pipit.store.base import Store
from tests.contract.acks import Acks
from tests.contract.backends import BUSES, STORES, StoreBackend


@pytest.fixture(params=STORES)
def backend_name(request: pytest.FixtureRequest) -> str:
    """The kind of store."""
    return str(request.param)


@pytest.fixture
def backend(backend_name: str) -> StoreBackend:
    """How to make and break it."""
    return STORES[backend_name]


@pytest.fixture
async def store(backend: StoreBackend, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty, open store on the data of `tmp_path`."""
    opened = backend.make(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def acks(store: Store) -> Acks:
    """What the store tells of appended messages."""
    return Acks(store)


@pytest.fixture(params=BUSES)
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    """An open bus that tries each event three times."""
    opened = BUSES[request.param]()
    await opened.open()
    yield opened
    await opened.close()
