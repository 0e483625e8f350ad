"""The recorded conversations are held with each kind of database."""

from collections.abc import Iterator

import pytest

from tests.conftest import servers
from tests.support.server import Server


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, database: dict[str, object]
) -> Iterator[Server]:
    """A running server without limits, shared by the tests of a module."""
    with servers(tmp_path_factory.mktemp("server")) as start_one:
        yield start_one(limits_enabled=False, **database)
