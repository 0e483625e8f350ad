"""A server with a real Redis: what becomes of its events, and of its chats when Redis is gone."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from pipit.bus.base import Bus
from pipit.bus.control import StandingChanged
from pipit.bus.events import AnyEvent, MessageStored
from pipit.bus.redis import RedisBus
from pipit.config.settings import MessageQueue
from tests.conftest import StartServer
from tests.live.people import people, say
from tests.support import redis_server as redis
from tests.support.client import Client, basic, connect
from tests.support.command import done, pipit
from tests.support.redis_server import RedisServer
from tests.support.server import Server

PASSWORD = "between us"


def settings(server: RedisServer, **more: object) -> dict[str, Any]:
    """Those of a server that uses it."""
    return {"message_queue_type": "redis", "message_queue_port": server.port} | more


@asynccontextmanager
async def subscribed(server: RedisServer) -> AsyncIterator[tuple[Bus, "asyncio.Queue[str]"]]:
    """A module, as a process of its own would be: the texts of the messages that it is told of."""
    bus = RedisBus(MessageQueue(port=server.port, password=server.password), retries=(0.0,))
    texts: asyncio.Queue[str] = asyncio.Queue()

    async def handle(event: AnyEvent) -> None:
        if isinstance(event, MessageStored):
            text = json.loads(bytes(event.content))
            if text == "poison":
                raise ValueError("this one cannot be handled")
            texts.put_nowait(text)

    await bus.open()
    try:
        await bus.subscribe("webhooks", handle)
        yield bus, texts
    finally:
        await bus.close()


async def figure(server: Server, name: str) -> float:
    """A figure of /metrics."""
    headers = {"Authorization": "Bearer secret"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"{server.url}/metrics") as reply,
    ):
        lines = (await reply.text()).splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(name))


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Asks again until it is so."""
    while not await condition():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def talk(one: Client, other: Client, texts: list[str]) -> None:
    """One says something, and the other hears it."""
    for text in texts:
        await say(one, other.user, text)
        assert (await other.next("data"))["content"] == text


async def test_chat_goes_on_without_redis_and_modules_hear_all_of_it_later(
    start_server: StartServer, redis_server: RedisServer
) -> None:
    server = start_server(**settings(redis_server, metrics_token="secret"))
    async with people(server, "ann", "bob") as (ann, bob), subscribed(redis_server) as (_, heard):
        for client, other in (ann, bob), (bob, ann):
            await client.request("sub", topic=other.user)
        texts = [str(number) for number in range(60)]
        await talk(ann, bob, texts[:20])
        redis_server.kill()
        await talk(ann, bob, texts[20:40])
        await until(lambda: is_above(server, "pipit_events_outbox", 0))
        assert await figure(server, "pipit_queue_up") == 0
        redis_server.start()
        await talk(ann, bob, texts[40:])
        assert [await heard.get() for _ in texts] == texts
        await until(lambda: is_up(server))
        assert await figure(server, "pipit_events_outbox") == 0


async def is_above(server: Server, name: str, value: float) -> bool:
    return await figure(server, name) > value


async def is_up(server: Server) -> bool:
    return await figure(server, "pipit_queue_up") == 1


async def test_events_outlive_a_killed_server(
    start_server: StartServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    queue = settings(redis_server, metrics_token="secret")
    server = start_server(data_dir=tmp_path / "data", **queue)
    async with subscribed(redis_server) as (_, heard):
        async with people(server, "ann") as (ann,):
            await ann.request("sub", topic="slf")
            redis_server.kill()
            before = await figure(server, "pipit_events_total")
            texts = [str(number) for number in range(20)]
            for text in texts:
                await say(ann, "slf", text)
            assert await figure(server, "pipit_events_total") == before + 20
            await until(lambda: is_above(server, "pipit_events_outbox", 19))
            server.kill()
        redis_server.start()
        start_server(data_dir=tmp_path / "data", **queue)
        assert [await heard.get() for _ in texts] == texts


async def test_a_suspension_elsewhere_ends_sessions_and_tokens_here(
    start_server: StartServer, redis_server: RedisServer
) -> None:
    server = start_server(**settings(redis_server))
    async with people(server, "ann", "bob") as (ann, bob), subscribed(redis_server) as (bus, _):
        bus.broadcast(StandingChanged(ann.user, 1, "susp"))
        await ann.closed()
        async with connect(server) as again:
            reply = await again.request("login", scheme="token", secret=ann.token)
            assert reply["code"] == 403
        assert (await bob.request("get", topic="me", what="desc"))["desc"]


async def test_a_password_change_keeps_the_session_that_made_it(
    start_server: StartServer, redis_server: RedisServer
) -> None:
    server = start_server(**settings(redis_server))
    async with people(server, "ann") as (ann,), connect(server) as phone:
        await phone.login_token(ann.token)
        secret = basic("", "another-one")
        reply = await ann.request("acc", user=ann.user, scheme="basic", secret=secret)
        assert reply["code"] == 200
        await phone.closed()
        assert (await ann.request("get", topic="me", what="desc"))["desc"]


async def test_dead_letters_are_looked_at_and_replayed_from_the_command_line(
    start_server: StartServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    folder, queue = tmp_path / "data", settings(redis_server)
    server = start_server(data_dir=folder, **queue)
    async with people(server, "ann") as (ann,), subscribed(redis_server) as (bus, heard):
        topic = (await ann.request("sub", topic="new1"))["topic"]
        await say(ann, topic, "poison")
        await say(ann, topic, "water")
        assert await heard.get() == "water"

        status = (await done(folder, "queue", "status", **queue)).splitlines()
        assert status[0] == "message queue: redis, connected"
        assert status[-1].split() == ["webhooks", "0", "1"]
        listed = await done(folder, "queue", "dead", "webhooks", **queue)
        assert f"{topic}:1" in listed
        assert "this one cannot be handled" in listed
        letter = json.loads(await done(folder, "queue", "dead", "webhooks", "--json", **queue))
        assert letter["event"]["content"] == "poison"

        outcome = await pipit(folder, "queue", "replay", "webhooks", "nonsense", **queue)
        assert (outcome.code, outcome.out) == (1, "0 events handed to the group again\n")
        again = await done(folder, "queue", "replay", "webhooks", f"{topic}:1", **queue)
        assert again == "1 event handed to the group again\n"
        await say(ann, topic, "wine")
        assert await heard.get() == "wine"
        await until(lambda: has_dead(bus, 1))
        assert await done(folder, "queue", "discard", "webhooks", "--all", **queue) == (
            "1 event forgotten\n"
        )
        wrong = await pipit(folder, "queue", "status", "nobody", **queue)
        assert (wrong.code, wrong.err) == (
            1,
            "pipit: no group is called 'nobody'; groups: webhooks\n",
        )


async def has_dead(bus: Bus, number: int) -> bool:
    return (await bus.status(["webhooks"]))[0].dead == number


async def test_the_command_says_that_redis_is_away(
    start_server: StartServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    queue = settings(redis_server)
    redis_server.kill()
    server = start_server(data_dir=tmp_path / "data", **queue)
    async with people(server, "ann"):
        outcome = await pipit(server.data_dir, "queue", "status", **queue)
    first, second = outcome.out.splitlines()
    assert outcome.code == 1
    assert first.startswith(f"message queue: redis, away: Redis at 127.0.0.1:{redis_server.port}: ")
    assert second.startswith("events waiting for it: ")
    outcome = await pipit(server.data_dir, "queue", "dead", "webhooks", **queue)
    assert outcome.code == 1
    assert outcome.err.startswith("pipit: Redis at 127.0.0.1")


@pytest.mark.skipif(bool(redis.LACKING), reason=redis.LACKING)
async def test_the_password_comes_from_a_file(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    with redis.running(tmp_path / "redis", PASSWORD) as guarded:
        queue = settings(guarded, message_queue_password_file=tmp_path / "secret")
        server = start_server(**queue)
        async with people(server, "ann") as (ann,), subscribed(guarded) as (_, heard):
            await ann.request("sub", topic="slf")
            await say(ann, "slf", "hello")
            assert await heard.get() == "hello"


async def test_a_queue_in_memory_has_nothing_to_show(server: Server) -> None:
    assert await done(server.data_dir, "queue", "status") == (
        "message queue: memory, connected\nevents waiting for it: 0; lost: 0\n"
    )


async def test_the_doctor_looks_at_the_queue(redis_server: RedisServer, tmp_path: Path) -> None:
    queue = settings(redis_server)
    assert "ok    message queue: redis at 127.0.0.1\n" in await diagnosis(tmp_path, queue)
    async with Redis(port=redis_server.port) as client:
        await client.config_set("appendonly", "no")
        await client.config_set("maxmemory", "100mb")
        await client.config_set("maxmemory-policy", "allkeys-lru")
    found = await diagnosis(tmp_path, queue)
    assert "warn  message queue: redis at 127.0.0.1: events are lost if it is killed" in found
    assert "maxmemory-policy noeviction" in found
    redis_server.kill()
    assert "FAIL  message queue: Redis at 127.0.0.1" in await diagnosis(tmp_path, queue)


async def diagnosis(folder: Path, queue: dict[str, Any]) -> str:
    return (await pipit(folder, "doctor", **queue)).out
