"""kill -9 of MongoDB under load, again and again: the service goes on by itself, everybody is
answered, what was acknowledged is there once, what was refused is not there at all.
"""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.conftest import StartServer
from tests.live.test_kill import (
    WINDOW,
    Chat,
    Person,
    check,
    entry_of,
    everybody,
    founding,
    history,
    names_of,
)
from tests.support import mongod as servers
from tests.support.client import Body, Client
from tests.support.mongod import Mongod

pytestmark = pytest.mark.skipif(bool(servers.LACKING), reason=servers.LACKING)

ROUNDS = 10
MOST_ACKS = 200  # before the kill in each round
ACKS_AFTER = 50  # once it is back
SECONDS = 5.0  # within which every request is answered, and storing goes on


@pytest.fixture
def own_mongod() -> Iterator[Mongod]:
    with servers.standalone() as running:
        yield running


@dataclass
class Load:
    """What all who write have heard so far."""

    acked: int = 0
    refused: set[str] = field(default_factory=set)
    going: bool = True
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, acked: int) -> None:
        while self.acked < acked:
            self.news.clear()
            await self.news.wait()


async def test_nothing_is_lost_doubled_or_shown_late_when_mongod_is_killed(
    own_mongod: Mongod, start_server: StartServer
) -> None:
    settings = {"database_type": "mongodb", "database_port": own_mongod.port}
    server = start_server(limits_enabled=False, **settings)
    people, chats = await founding(server)
    load = Load()
    async with everybody(server, people, chats) as clients:
        for _ in range(ROUNDS):
            load.going = True
            writers = [
                asyncio.create_task(talk(client, person, chats, load))
                for client, person in zip(clients, people, strict=True)
            ]
            await load.until(load.acked + random.randint(1, MOST_ACKS))
            own_mongod.kill()
            own_mongod.start()
            async with asyncio.timeout(SECONDS):
                await load.until(load.acked + ACKS_AFTER)
            load.going = False
            await asyncio.gather(*writers)
    async with everybody(server, people, chats) as readers:
        await check(readers, chats)
        for chat in chats:
            reader = next(one for one in readers if one.user in chat.names)
            kept = {entry.content for entry in await history(reader, chat.names[reader.user])}
            assert not kept & load.refused


async def talk(client: Client, person: Person, chats: list[Chat], load: Load) -> None:
    """Writes, with some messages on the way; every one is answered in time."""
    mine = names_of(person.user, chats)
    waiting: dict[str, str] = {}
    while load.going or waiting:
        while load.going and len(waiting) < WINDOW:
            name, words = random.choice(list(mine)), person.words()
            mine[name].sent.append(words)
            waiting[str(person.number)] = words
            await client.send("pub", id=str(person.number), topic=name, content=words, noecho=True)
        async with asyncio.timeout(SECONDS):
            body = await client.next("ctrl", "data", where=lambda body: is_mine(body, waiting))
        if "content" in body:
            mine[body["topic"]].delivered.append(entry_of(body))
            continue
        words = waiting.pop(body["id"])
        if body["code"] == 202:
            mine[body["topic"]].acked[body["params"]["seq"]] = words
            load.acked += 1
        else:
            assert body["code"] == 503, body
            load.refused.add(words)
        load.news.set()


def is_mine(body: Body, waiting: dict[str, str]) -> bool:
    return "content" in body or body.get("id") in waiting
