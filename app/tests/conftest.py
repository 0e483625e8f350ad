"""Fixtures for tests against a real server; see tests/support for what they hand out."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import mongod as mongodb
from tests.support import rabbitmq
from tests.support import redis_server as redis
from tests.support.mongod import Mongod
from tests.support.rabbitmq import RabbitServer
from tests.support.redis_server import RedisServer
from tests.support.server import Server, start

StartServer = Callable[..., Server]

QUICK_HASH = {"accounts_hash_memory_kib": 8, "accounts_hash_time": 1}
"""Passwords are hashed in well under a millisecond: tests make many accounts."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server without limits, shared by the tests of a module."""
    with servers(tmp_path_factory.mktemp("server")) as start_one:
        yield start_one(limits_enabled=False)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers of the test's own: `start_server(accounts_signup="closed")`.

    With `data_dir=` it works on the data of an earlier one. Settings are those of Pipit, but for
    quick password hashes.
    """
    with servers(tmp_path) as start_one:
        yield start_one


@contextmanager
def servers(folder: Path) -> Iterator[StartServer]:
    """What starts servers; in the end those still running are stopped, which must go well.

    Their logs are printed: pytest shows them if a test fails.
    """
    started: list[Server] = []

    def start_one(data_dir: Path | None = None, **settings: object) -> Server:
        running = start(data_dir or folder / str(len(started)), **QUICK_HASH | settings)
        started.append(running)
        return running

    yield start_one
    for path in sorted({one.log_path for one in started}):
        print(f"--- {path}\n{path.read_text('utf-8', 'replace')}")
    problems = [problem for one in started if (problem := _stopped(one))]
    assert not problems, problems


def _stopped(one: Server) -> AssertionError | None:
    """Stops it if it still runs; what went wrong then."""
    try:
        if one.process.returncode is None:
            one.stop()
    except AssertionError as error:
        return error
    return None


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    if redis.LACKING:
        pytest.skip(redis.LACKING)
    with redis.running(tmp_path / "redis") as server:
        yield server


@pytest.fixture(scope="session")
def rabbit_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    """A RabbitMQ that all tests share, as it takes seconds to start."""
    if rabbitmq.LACKING:
        pytest.skip(rabbitmq.LACKING)
    with rabbitmq.running(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server


@pytest.fixture(scope="session")
def mongod() -> Iterator[Mongod]:
    """A MongoDB server that all tests share; TEST_MONGODB tells other processes its address.

    Each test uses a database of its own.
    """
    if mongodb.LACKING:
        pytest.skip(mongodb.LACKING)
    with mongodb.standalone() as running:
        os.environ["TEST_MONGODB"] = running.address
        yield running


@pytest.fixture(scope="module", params=["sqlite", "mongodb"])
def database(request: pytest.FixtureRequest) -> Iterator[dict[str, object]]:
    """Settings of a database of each kind in turn, empty for each module."""
    if request.param == "sqlite":
        yield {"database_type": "sqlite"}
        return
    server: Mongod = request.getfixturevalue("mongod")
    name = f"live_{uuid.uuid4().hex}"
    yield {"database_type": "mongodb", "database_port": server.port, "database_name": name}
    server.drop(name)
