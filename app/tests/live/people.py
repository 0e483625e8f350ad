"""People for tests: accounts logged in over the test client, their groups and what they say."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests.support.client import Body, Client, connect
from tests.support.server import Server


def unique(stem: str) -> str:
    return stem + secrets.token_hex(4)


@asynccontextmanager
async def people(server: Server, *names: str) -> AsyncIterator[list[Client]]:
    """New accounts, each logged in over a connection of its own and on `me`."""
    async with AsyncExitStack() as stack:
        clients = []
        for name in names:
            client = await stack.enter_async_context(connect(server))
            await client.signup(unique(name))
            await client.request("sub", topic="me")
            clients.append(client)
        yield clients


async def group(owner: Client, *members: Client, **settings: Any) -> str:
    """A new group with everybody in it and attached; its name."""
    reply = await owner.request("sub", topic="new1", set=settings)
    assert reply["code"] == 200, reply
    for member in members:
        assert (await member.request("sub", topic=reply["topic"]))["code"] == 200
    return str(reply["topic"])


async def say(client: Client, topic: str, content: str, **fields: Any) -> int:
    reply = await client.request("pub", topic=topic, content=content, noecho=True, **fields)
    assert reply["code"] == 202, reply
    return int(reply["params"]["seq"])


async def history(client: Client, topic: str) -> list[str]:
    """The contents that one may read in a topic, oldest first. What came live before is dropped."""
    client.waiting = [(kind, body) for kind, body in client.waiting if kind != "data"]
    end = await client.request("get", topic=topic, what="data")
    if end["code"] == 204:
        return []
    taken = [await client.next("data", topic=topic) for _ in range(end["params"]["count"])]
    return [data["content"] for data in reversed(taken)]


async def rows(client: Client) -> dict[str, Body]:
    """The rows of `me`, by topic."""
    reply = await client.request("get", topic="me", what="sub")
    return {row["topic"]: row for row in reply.get("sub", [])}
