"""While MongoDB does not answer, people are told in time, and never that they asked wrongly."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from tests.conftest import StartServer
from tests.live.people import unique
from tests.support import mongod as servers
from tests.support.client import Body, Client, basic, connect
from tests.support.mongod import Mongod

pytestmark = pytest.mark.skipif(bool(servers.LACKING), reason=servers.LACKING)

SECONDS = 5.0


@pytest.fixture
def own_mongod() -> Iterator[Mongod]:
    with servers.standalone() as running:
        yield running


async def test_every_request_gets_503_in_time_and_works_again_after(
    own_mongod: Mongod, start_server: StartServer
) -> None:
    server = start_server(
        limits_enabled=False, database_type="mongodb", database_port=own_mongod.port
    )
    async with connect(server) as alice, connect(server) as bob, connect(server) as late:
        name = unique("alice")
        await alice.signup(name)
        await bob.signup(unique("bob"))
        await alice.request("sub", topic=bob.user)
        await bob.request("sub", topic=alice.user)
        await alice.request("sub", topic="me")
        assert own_mongod.process
        own_mongod.process.send_signal(signal.SIGSTOP)
        try:
            async with asyncio.timeout(SECONDS):
                answers = await asyncio.gather(*requests(alice, bob, late, name))
        finally:
            own_mongod.process.send_signal(signal.SIGCONT)
        assert [answer["code"] for answer in answers] == [503] * len(answers), answers
        async with asyncio.timeout(SECONDS):
            while (await alice.request("pub", topic=bob.user, content="again"))["code"] != 202:
                pass
        await alice.request("get", topic=bob.user, what="data")
        assert (await alice.next("data"))["content"] == "again"


def requests(alice: Client, bob: Client, late: Client, name: str) -> list[asyncio.Task[Body]]:
    """Of every kind that needs the database, from three sessions."""
    secret = basic(name, "secret123")
    asked = [
        late.request("login", scheme="basic", secret=secret),
        bob.request("get", topic=alice.user, what="data"),
        alice.request("pub", topic=bob.user, content="given up"),
        alice.request("set", topic="me", desc={"public": {"fn": "Alice"}}),
    ]
    return [asyncio.ensure_future(one) for one in asked]
