"""Three gateways are one service: whichever a client comes to, everything is as with one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from pipit.cluster.slots import shares, slot_of
from pipit.config.settings import Database
from pipit.store.mongodb import MongoStore
from pipit.store.records import Message
from pipit.topics.names import me_name
from tests.conformance import player
from tests.conftest import QUICK_HASH
from tests.live.people import group, history, rows, say, unique
from tests.support import nginx
from tests.support import redis_server as redis
from tests.support.client import API_KEY, Client, connect
from tests.support.command import done
from tests.support.gateways import Gateways, health, running
from tests.support.mongod import Mongod
from tests.support.server import Server

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def gateways(mongod: Mongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    """Three of them, who have shared out the topics among themselves."""
    if redis.LACKING:
        pytest.skip(redis.LACKING)
    folder = tmp_path_factory.mktemp("gateways")
    with (
        redis.running(folder / "redis") as queue,
        running(Gateways(mongod, queue, folder / "data", QUICK_HASH), *NAMES) as three,
    ):
        asyncio.run(three.settled())
        yield three
        mongod.drop(three.database)


@pytest.fixture(scope="module")
def proxy(gateways: Gateways, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """nginx in front of them; each connection comes to another one."""
    if nginx.LACKING:
        pytest.skip(nginx.LACKING)
    servers = {
        name: server.url.removeprefix("http://") for name, server in gateways.running.items()
    }
    with nginx.running(tmp_path_factory.mktemp("proxy") / "nginx", servers) as address:
        yield address


@asynccontextmanager
async def spread(gateways: Gateways, *names: str) -> AsyncIterator[list[Client]]:
    """New people, each connected to another gateway and on `me`."""
    async with AsyncExitStack() as stack:
        clients = []
        for number, name in enumerate(names):
            server = gateways[NAMES[number % len(NAMES)]]
            client = await stack.enter_async_context(connect(server))
            await client.signup(unique(name))
            await client.request("sub", topic="me")
            clients.append(client)
        yield clients


async def differences(url: str) -> str:
    """What differs from the recorded conversations, "" if nothing."""
    outcomes = await player.judge_all(url, player.scenarios())
    return "\n\n".join(filter(None, outcomes.values()))


async def test_a_gateway_of_three_answers_as_recorded(gateways: Gateways) -> None:
    before = health(gateways["a"])["cluster"]["forwarded"]
    assert await differences(gateways["a"].ws) == ""
    assert health(gateways["a"])["cluster"]["forwarded"] > before


async def test_devices_spread_over_three_gateways_are_answered_as_recorded(proxy: str) -> None:
    assert await differences(f"ws://{proxy}/v0/channels") == ""


async def test_a_group_has_one_order_wherever_its_members_are(gateways: Gateways) -> None:
    async with spread(gateways, "ann", "bob", "cem", "dee", "eve", "fay") as clients:
        name = await group(*clients)
        await asyncio.gather(*(say(c, name, f"{i}") for c in clients for i in range(20)))
        read = [await history(client, name) for client in clients]
        assert len(read[0]) == 120
        assert all(one == read[0] for one in read)


async def test_who_comes_and_goes_is_seen_from_another_gateway(gateways: Gateways) -> None:
    async with spread(gateways, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        await bob.next("pres", what="on", src=ann.user)
        await bob.request("leave", topic="me")
        await ann.next("pres", what="off", src=bob.user)
        await bob.request("sub", topic="me")
        await ann.next("pres", what="on", src=bob.user)
        assert (await rows(bob))[ann.user]["online"] is True
        assert (await rows(ann))[bob.user]["online"] is True


async def test_marks_are_the_same_on_devices_at_other_gateways(gateways: Gateways) -> None:
    async with spread(gateways, "ann", "bob") as (ann, bob), connect(gateways["c"]) as second:
        await second.login_token(bob.token)
        await second.request("sub", topic="me")
        for client, peer in (ann, bob.user), (bob, ann.user):
            await client.request("sub", topic=peer)
        seq = await say(ann, bob.user, "hello")
        await second.next("pres", what="msg", src=ann.user, seq=seq)
        await bob.next("data", seq=seq)
        await bob.send("note", topic=ann.user, what="read", seq=seq)
        await ann.next("info", what="read", seq=seq)
        await second.next("pres", what="read", src=ann.user, seq=seq)
        assert (await rows(second))[ann.user]["read"] == seq


async def test_a_new_profile_is_seen_everywhere(gateways: Gateways) -> None:
    async with spread(gateways, "ann", "bob", "cem") as (ann, bob, cem):
        name = await group(ann, bob, cem)
        await ann.request("set", topic="me", desc={"public": {"fn": "Ann New"}})
        await cem.next("pres", topic=name, what="upd", src=ann.user)
        reply = await cem.request("get", topic=name, what="sub")
        assert {"fn": "Ann New"} in [row.get("public") for row in reply["sub"]]


async def test_a_deleted_user_is_gone_from_groups_of_other_gateways(gateways: Gateways) -> None:
    async with spread(gateways, "ann", "bob", "cem") as (ann, bob, cem):
        name = await group(ann, bob, cem)
        own = await group(bob, ann)
        await bob.request("sub", topic=ann.user)
        await bob.request("del", what="user")
        await bob.closed()
        await ann.next("pres", topic="me", what="gone", src=bob.user)
        await ann.next("pres", topic="me", what="gone", src=own)
        await cem.next("pres", topic=name, what="acs", src=bob.user)


async def test_a_password_changed_at_one_gateway_ends_sessions_at_all(gateways: Gateways) -> None:
    async with spread(gateways, "ann") as (ann,), connect(gateways["b"]) as second:
        await second.login_token(ann.token)
        await ann.request("acc", user=ann.user, scheme="basic", secret="OmFub3RoZXI0NTY=")
        await second.next("ctrl", code=205, text="evicted")
        await second.closed()
        async with connect(gateways["c"]) as third:
            reply = await third.request("login", scheme="token", secret=ann.token)
            assert reply["code"] == 401


async def test_who_is_suspended_on_the_command_line_is_out_everywhere(gateways: Gateways) -> None:
    async with spread(gateways, "ann", "bob") as (ann, bob), connect(gateways["c"]) as second:
        await second.login_token(ann.token)
        await done(gateways.folder, "user", "suspend", ann.user)
        for client in (ann, second):
            await client.next("ctrl", code=205, text="evicted")
            await client.closed()
        assert (await bob.request("get", topic="me", what="sub"))["code"] == 204


async def test_a_file_uploaded_at_one_gateway_is_served_by_another(gateways: Gateways) -> None:
    async with spread(gateways, "ann", "bob") as (ann, bob), aiohttp.ClientSession() as http:
        name = await group(ann, bob)
        form = aiohttp.FormData({"id": "1"})
        form.add_field("file", b"some text", filename="notes.txt", content_type="text/plain")
        async with http.post(f"{gateways['a'].url}/v0/file/u/", data=form, headers=key(ann)) as up:
            url = (await up.json())["ctrl"]["params"]["url"]
        reply = await ann.request("pub", topic=name, content="see", extra={"attachments": [url]})
        assert reply["code"] == 202
        async with http.get(f"{gateways['b'].url}{url}", headers=key(bob)) as down:
            assert (down.status, await down.read()) == (200, b"some text")


def key(client: Client) -> dict[str, str]:
    return {"X-Tinode-APIKey": API_KEY, "X-Tinode-Auth": f"Token {client.token}"}


async def test_long_polling_stays_with_its_gateway_behind_nginx(proxy: str) -> None:
    url = f"http://{proxy}/v0/channels/lp"
    async with aiohttp.ClientSession(headers={"X-Tinode-APIKey": API_KEY}) as http:
        for _ in range(len(NAMES)):
            async with http.post(url) as begun:
                sid = (await begun.json(content_type=None))["ctrl"]["params"]["sid"]
            hello = '{"hi":{"id":"1","ver":"0.25"}}'
            async with http.post(url, params={"sid": sid}, data=hello) as sent:
                assert sent.status == 200
            async with http.get(url, params={"sid": sid}) as polled:
                assert (await polled.json(content_type=None))["ctrl"]["code"] == 200


async def test_gateways_come_and_go_and_nobody_notices(gateways: Gateways) -> None:
    before = gateways.shares()
    async with spread(gateways, *["person"] * 12) as clients:
        name = await group(*clients)
        spoken = asyncio.create_task(speak(clients, name, 60))
        await asyncio.to_thread(gateways.start, "d")
        with_four = await gateways.settled()
        assert all(with_four[name] <= before[name] for name in NAMES)
        await asyncio.to_thread(gateways.stop, "d")
        assert await gateways.settled() == before
        taken = await spoken
        for client in clients:
            assert await history(client, name) == taken
            assert not client.ws.closed


async def speak(clients: list[Client], name: str, times: int) -> list[str]:
    """All say so many words, one after the other; those that were taken, in order."""
    taken = {}
    for number in range(times):
        for client in clients:
            words = f"{client.user} {number}"
            reply = await client.request("pub", topic=name, content=words, noecho=True)
            assert reply["code"] in (202, 503), reply
            if reply["code"] == 202:
                taken[reply["params"]["seq"]] = words
    return [taken[seq] for seq in sorted(taken)]


def test_a_second_gateway_of_the_same_name_is_refused(gateways: Gateways) -> None:
    with pytest.raises(RuntimeError, match="another gateway called the same"):
        gateways.start("a")
    assert health(gateways["a"])["cluster"]["name"] == "a"


async def test_a_topic_that_somebody_else_wrote_to_is_loaded_anew(gateways: Gateways) -> None:
    """The store has the last word: an owner that does not know of a message is no owner."""
    async with spread(gateways, "ann", "bob", "cem") as clients:
        ann, bob, cem = clients
        name = await group(*clients)
        seq = await say(ann, name, "hello")
        await write_behind_its_back(gateways, Message(name, seq + 1, 1, bob.user, b'"psst"'))
        refused = await cem.request("pub", topic=name, content="lost", noecho=True)
        assert refused["code"] == 503
        await say_at_last(cem, name)
        for client in clients:
            await client.next("data", topic=name, seq=seq + 1, content="psst")
            assert await history(client, name) == ["hello", "psst", "at last"]


async def write_behind_its_back(gateways: Gateways, message: Message) -> None:
    """Stores a message as a gateway would that takes itself for the owner."""
    place = Database(type="mongodb", port=gateways.mongod.port, name=gateways.database)
    store, stored = MongoStore(place), asyncio.get_running_loop().create_future()
    store.on_committed(lambda messages, error: stored.set_result(error))
    await store.open()
    await store.load_topic(message.topic)
    store.append(message)
    assert await stored is None
    await store.close()


async def test_a_killed_gateways_topics_have_an_owner_within_five_seconds(
    gateways: Gateways,
) -> None:
    async with spread(gateways, "ann", "bob") as (ann, bob):
        groups = [await group(ann, bob) for _ in range(12)]
        gateways.kill("c")
        async with asyncio.timeout(5):
            await asyncio.gather(*(say_at_last(ann, name) for name in groups))
        for name in groups:
            await bob.next("data", topic=name, content="at last")
    await asyncio.to_thread(gateways.start, "c")
    await gateways.settled()


async def test_presence_goes_on_when_the_owner_of_me_is_killed(gateways: Gateways) -> None:
    async with AsyncExitStack() as stack:
        ann = await person_of(stack, "c", gateways["a"])
        bob = await person_of(stack, "c", gateways["b"])
        await ann.request("sub", topic=bob.user)
        await bob.request("sub", topic=ann.user)
        seq = await say(ann, bob.user, "hello")
        ann.waiting.clear()
        gateways.kill("c")
        await ann.next("pres", what="on", src=bob.user)
        assert (await rows(ann))[bob.user]["online"] is True
        assert (await rows(bob))[ann.user]["seq"] == seq
        ann.waiting.clear()
        await bob.request("leave", topic="me")
        await ann.next("pres", what="off", src=bob.user)
        ann.waiting.clear()
        await bob.request("sub", topic="me")
        await ann.next("pres", what="on", src=bob.user)
    await asyncio.to_thread(gateways.start, "c")
    await gateways.settled()


async def person_of(stack: AsyncExitStack, owner: str, server: Server) -> Client:
    """Somebody new at a gateway, on a `me` that another one owns."""
    while True:
        client = await stack.enter_async_context(connect(server))
        await client.signup(unique("person"))
        if shares(NAMES)[slot_of(me_name(client.user))] == owner:
            await client.request("sub", topic="me")
            return client


async def say_at_last(client: Client, name: str) -> None:
    """Says something, again while it is refused for the moment."""
    while True:
        reply = await client.request("pub", topic=name, content="at last", noecho=True)
        if reply["code"] == 202:
            return
        assert reply["code"] == 503, reply


async def test_without_redis_chat_waits_and_goes_on_by_itself(gateways: Gateways) -> None:
    async with spread(gateways, "ann", "bob") as (ann, bob):
        name = await group(ann, bob)
        gateways.redis.kill()
        await gateways.ownerless()
        reply = await ann.request("pub", topic=name, content="too early")
        assert reply["code"] == 503
        await asyncio.to_thread(gateways.redis.start)
        await gateways.settled()
        await say_at_last(ann, name)
        await bob.next("data", topic=name, content="at last")
        assert await history(bob, name) == ["at last"]


def test_the_data_folder_is_shared(gateways: Gateways) -> None:
    folder: Path = gateways.folder
    assert (folder / "keys" / "cluster.key").stat().st_mode & 0o777 == 0o600
