"""Webhooks through real processes: service, Redis, module, and programs that take and send them."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from pipit.modules.webhooks import signing
from tests.conftest import StartServer, servers
from tests.live.modules import Module, account, modules, queue
from tests.live.people import group, people, say, unique
from tests.support import redis_server
from tests.support.client import connect
from tests.support.command import done
from tests.support.processes import free_port
from tests.support.receiver import Receiver, receiving
from tests.support.redis_server import RedisServer
from tests.support.server import Server

pytestmark = pytest.mark.skipif(bool(redis_server.LACKING), reason=redis_server.LACKING)

QUICK = {"webhooks_pause": 1, "webhooks_failures": 3, "webhooks_timeout": 1}


@dataclass
class Place:
    """A service with a message queue, and what starts the module beside it."""

    server: Server
    redis: RedisServer
    folder: Path
    start: Callable[..., Module]

    async def webhooks(self, targets: list[dict[str, Any]] | None = None, **more: Any) -> Module:
        """The running module, ready."""
        settings = {"webhooks_targets": json.dumps(targets or [])} | QUICK | more
        module = self.start("webhooks", self.folder, **queue(self.redis), **settings)
        await module.healthy()
        return module


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, RedisServer]]:
    folder = tmp_path_factory.mktemp("webhooks")
    with redis_server.running(folder / "redis") as redis, servers(folder) as start_one:
        yield start_one(limits_enabled=False, **queue(redis)), redis


@pytest.fixture
def place(service: tuple[Server, RedisServer], tmp_path: Path) -> Iterator[Place]:
    with modules() as start_one:
        yield Place(*service, tmp_path / "module", start_one)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


def target(receiver: Receiver, topic: str, name: str = "", **more: Any) -> dict[str, Any]:
    """A target's settings. Names are new for each test: a group that Redis knows goes on."""
    name = name or unique("t")
    return {"name": name, "url": receiver.url, "topics": [topic], "allow_private": True} | more


async def test_a_message_is_delivered_signed_and_with_an_id(
    place: Place, receiver: Receiver
) -> None:
    async with people(place.server, "ann") as (ann,):
        topic = await group(ann)
        other = await group(ann)
        one = target(receiver, topic)
        await place.webhooks([one])
        await say(ann, other, "not for you")
        seq = await say(ann, topic, "hello")
        await receiver.came(1)
        (event,) = receiver.events
        assert (event["event"], event["topic"], event["seq"]) == ("message.stored", topic, seq)
        assert (event["sender"], event["text"]) == (ann.user, "hello")
    headers = {name.lower(): value for name, value in receiver.headers[0].items()}
    assert headers["webhook-id"] == event["id"] == f"{topic}:{seq}"
    key = signing.key_of((place.folder / "webhooks" / f"{one['name']}.key").read_text().strip())
    stamp = int(headers["webhook-timestamp"])
    signed = signing.headers(key, event["id"], stamp, receiver.bodies[0])
    assert headers["webhook-signature"] == signed["webhook-signature"]


async def test_a_target_that_was_down_gets_everything_in_order(place: Place) -> None:
    port = free_port()
    away = Receiver(url=f"http://127.0.0.1:{port}/hook")
    async with people(place.server, "ann") as (ann,):
        topic = await group(ann)
        one = target(away, topic)
        module = await place.webhooks([one])
        for number in range(20):
            await say(ann, topic, str(number))
        open_ = f'pipit_webhooks_open{{target="{one["name"]}"}}'
        while (await module.figures()).get(open_) != 1:
            pass
        async with receiving(port) as back:
            await back.came(20)
            assert back.texts == [str(number) for number in range(20)]
        figures = await module.figures()
    assert figures[open_] == 0
    assert figures[f'pipit_webhooks_failed_total{{target="{one["name"]}"}}'] >= 3
    assert figures[f'pipit_webhooks_delivered_total{{target="{one["name"]}"}}'] == 20


async def test_what_a_killed_module_held_is_delivered_by_the_next(
    place: Place, receiver: Receiver
) -> None:
    receiver.answers = [503]
    async with people(place.server, "ann") as (ann,):
        topic = await group(ann)
        one = target(receiver, topic)
        module = await place.webhooks([one], webhooks_pause=60)
        for text in ("one", "two", "three"):
            await say(ann, topic, text)
        await receiver.came(1)
        module.kill()
        await place.webhooks([one])
        await receiver.came(4)
    assert receiver.texts == ["one", "one", "two", "three"]


async def test_a_target_that_stalls_delays_no_other(place: Place, receiver: Receiver) -> None:
    async with receiving() as slow, people(place.server, "ann") as (ann,):
        slow.stalled = True
        topic = await group(ann)
        await place.webhooks([target(slow, topic), target(receiver, topic)], webhooks_timeout=60)
        for number in range(5):
            await say(ann, topic, str(number))
        await receiver.came(5)
        assert len(slow.bodies) == 1


async def test_addresses_of_this_network_need_leave(place: Place, receiver: Receiver) -> None:
    async with people(place.server, "ann") as (ann,):
        topic = await group(ann)
        guarded = target(receiver, topic) | {"allow_private": False}
        module = await place.webhooks([guarded])
        await say(ann, topic, "secret")
        failed = f'pipit_webhooks_failed_total{{target="{guarded["name"]}"}}'
        while not (await module.figures()).get(failed):
            pass
    assert not receiver.bodies
    assert "127.0.0.1 is no public address" in module.log


async def test_what_a_target_refuses_is_tried_a_few_times_more_before_the_rest(
    place: Place, receiver: Receiver
) -> None:
    receiver.answers = [410, 404]
    async with people(place.server, "ann") as (ann,):
        topic = await group(ann)
        await place.webhooks([target(receiver, topic)])
        await say(ann, topic, "refused at first")
        await say(ann, topic, "next")
        await receiver.came(4)
    assert receiver.texts == [*["refused at first"] * 3, "next"]


# -- incoming -------------------------------------------------------------------------------------


@dataclass
class Hooked:
    """A module with an incoming hook for the group `topic`."""

    module: Module
    url: str
    topic: str

    async def post(self, data: str | bytes, url: str = "") -> tuple[int, dict[str, Any]]:
        """What a program is answered."""
        async with aiohttp.request("POST", url or self.url, data=data) as response:
            return response.status, await response.json()


async def hooked(place: Place, topic: str, **more: Any) -> Hooked:
    """A module with an incoming hook, logged in as a new account."""
    login = unique("hook")
    async with connect(place.server) as client:
        await client.signup(login)
    name = unique("h")
    hooks: dict[str, Any] = {"webhooks_incoming": json.dumps([{"name": name, "topic": topic}])}
    module = await place.webhooks(**hooks, **account(place.server, "webhooks", login), **more)
    shown = await done(place.folder, "module", "webhooks", "secrets", **hooks, **queue(place.redis))
    path = shown.split("/hooks/")[1].strip()
    return Hooked(module, f"{module.url}/hooks/{path}", topic)


async def test_a_program_posts_into_a_topic(place: Place) -> None:
    async with people(place.server, "ann") as (ann,):
        hook = await hooked(place, await group(ann))
        code, answer = await hook.post('{"text": "The door is open"}')
        assert (code, answer["topic"]) == (200, hook.topic)
        data = await ann.next("data", topic=hook.topic, seq=answer["seq"])
        assert (data["content"], data["head"]["auto"]) == ("The door is open", True)
        drafty = {"txt": "open", "fmt": [{"len": 4, "tp": "ST"}]}
        code, answer = await hook.post(json.dumps({"content": drafty}))
        data = await ann.next("data", topic=hook.topic, seq=answer["seq"])
        assert (data["content"], data["head"]["mime"]) == (drafty, "text/x-drafty")
        figures = await hook.module.figures()
    assert next(v for k, v in figures.items() if k.startswith("pipit_webhooks_posted_total")) == 2


async def test_a_program_is_told_what_was_wrong(place: Place) -> None:
    async with people(place.server, "ann") as (ann,):
        hook = await hooked(place, await group(ann))
    for data, code, why in (
        ("hello", 400, 'allowed: {"text": "…"}'),
        ("{}", 400, "either text or content must be there"),
        ('{"text": " "}', 400, "either text or content must be there"),
        ('{"text": 5}', 400, "Expected `str`"),
        ('{"tekst": "x"}', 400, "unknown field `tekst`"),
        (b'{"text": "\xff"}', 400, "allowed"),
        (json.dumps({"text": "x" * 70_000}), 413, "at most 65536 bytes"),
    ):
        answered, answer = await hook.post(data)
        assert (answered, why in answer["error"]) == (code, True), answer
    code, answer = await hook.post('{"text": "x"}', f"{hook.module.url}/hooks/guess")
    assert (code, answer["error"]) == (404, "there is no such hook")


async def test_a_program_that_posts_too_much_is_told_to_wait(place: Place) -> None:
    async with people(place.server, "ann") as (ann,):
        hook = await hooked(place, await group(ann), webhooks_posts_per_minute=2)
        codes = [(await hook.post('{"text": "x"}'))[0] for _ in range(3)]
    assert codes == [200, 200, 429]


async def test_a_topic_that_the_account_may_not_write_to_refuses(place: Place) -> None:
    async with people(place.server, "ann") as (ann,):
        closed = await group(ann, desc={"defacs": {"auth": "N", "anon": "N"}})
        hook = await hooked(place, closed)
        code, answer = await hook.post('{"text": "x"}')
    assert code == 502
    assert "permission denied" in answer["error"]


async def test_messages_of_hooks_are_not_told_to_targets(place: Place, receiver: Receiver) -> None:
    async with people(place.server, "ann") as (ann,):
        topic = await group(ann)
        targets = {"webhooks_targets": json.dumps([target(receiver, topic)])}
        hook = await hooked(place, topic, **targets)
        await hook.post('{"text": "from a program"}')
        await say(ann, topic, "from ann")
        await receiver.came(1)
    assert receiver.texts == ["from ann"]


async def test_a_hook_without_the_service_says_so_and_works_again(
    start_server: StartServer, place: Place
) -> None:
    port = free_port()
    server = start_server(server_port=port, **queue(place.redis))
    own = Place(server, place.redis, place.folder, place.start)
    async with people(server, "ann") as (ann,):
        hook = await hooked(own, await group(ann))
    server.stop()
    while (await hook.module.get("/healthz"))[0] == 200:
        pass
    code, answer = await hook.post('{"text": "x"}')
    assert (code, "service" in answer["error"]) == (503, True)
    start_server(data_dir=server.data_dir, server_port=port, **queue(place.redis))
    await hook.module.healthy()
    assert (await hook.post('{"text": "x"}'))[0] == 200


async def test_nothing_to_do_is_refused_with_the_keys(place: Place) -> None:
    with pytest.raises(RuntimeError, match=r"webhooks\.targets: found nothing, allowed: at least"):
        await place.webhooks()


async def test_a_hook_without_an_account_is_refused_with_the_key(place: Place) -> None:
    with pytest.raises(RuntimeError, match=r"webhooks\.login: found nothing, allowed: that of"):
        await place.webhooks(webhooks_incoming='[{"name": "one", "topic": "grpAAAAAAAAAAE"}]')
