"""Three gateways, 200 people who chat, 20 faults: gateways killed, frozen for longer than their
lease, cut off from each other, Redis restarted without its memory. Nothing acknowledged is lost,
nothing is doubled, everybody sees everything once and in the same order.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import aiohttp
import pytest

from tests.conftest import QUICK_HASH
from tests.live import people
from tests.live.chatter import Chat, Chatter, View
from tests.live.invariants import Entry, Row, faults
from tests.support.client import Client, connect
from tests.support.gateways import Gateways
from tests.support.mongod import Mongod
from tests.support.processes import free_port
from tests.support.proxy import Proxy, proxy
from tests.support.redis_server import RedisServer

NAMES = ("a", "b", "c")
PEOPLE, GROUPS, OUTSIDERS = 200, 10, 4
LEASE_SECONDS = 2
PAUSE = 4.0
"""Seconds between two messages of a person: 50 a second in all, a thousand deliveries."""

KINDS = ("kill", "kill", "freeze", "redis", "cut") * 4
PATIENCE = 30.0


@dataclass
class Stage:
    """Everything that takes part. `took`: seconds until each topic had an owner again."""

    gateways: Gateways
    proxies: dict[str, Proxy]
    chatters: list[Chatter] = field(default_factory=list)
    chats: list[Chat] = field(default_factory=list)
    took: dict[str, list[float]] = field(default_factory=dict)

    def somewhere(self) -> str:
        """The address of any gateway: what a proxy in front would choose."""
        return random.choice(list(self.gateways.running.values())).ws


@asynccontextmanager
async def set_up(mongod: Mongod, redis: RedisServer, folder: Path) -> AsyncIterator[Stage]:
    """Gateways that reach each other through proxies."""
    async with AsyncExitStack() as stack:
        settings = QUICK_HASH | {"cluster_lease_seconds": LEASE_SECONDS}
        gateways = Gateways(mongod, redis, folder, settings)
        proxies = {}
        for name in NAMES:
            listen = free_port()
            proxies[name] = await stack.enter_async_context(proxy(listen))
            gateways.own_settings[name] = {
                "cluster_listen": f"127.0.0.1:{listen}",
                "cluster_advertise": f"127.0.0.1:{proxies[name].port}",
            }
        await asyncio.to_thread(gateways.start, *NAMES)
        stage = Stage(gateways, proxies)
        try:
            await gateways.settled()
            yield stage
        finally:
            for name in list(gateways.running):
                gateways.thaw(name)
            await asyncio.to_thread(gateways.stop_all)


async def found(stage: Stage) -> None:
    """Makes the people, their groups of twenty, and a chat of two for each."""
    async with AsyncExitStack() as stack:
        server = stage.gateways["a"]
        clients = []
        for _ in range(PEOPLE + OUTSIDERS):
            client = await stack.enter_async_context(connect(server))
            await client.signup(people.unique("chatter"))
            clients.append(client)
        members, outsiders = clients[:PEOPLE], clients[PEOPLE:]
        for number in range(GROUPS):
            some = members[number::GROUPS]
            name = await people.group(*some)
            stage.chats.append(Chat({client.user: name for client in some}))
        for one, other in zip(members[::2], members[1::2], strict=True):
            assert (await one.request("sub", topic=other.user))["code"] == 200
            stage.chats.append(Chat({one.user: other.user, other.user: one.user}))
        for client in members + outsiders:
            stage.chatters.append(Chatter(client.user, client.token, stage.somewhere, PAUSE))
    for chatter in stage.chatters:
        for chat in stage.chats:
            if chatter.user in chat.names:
                chatter.joins(chat)


# -- faults ----------------------------------------------------------------------------------------


async def kill(stage: Stage) -> None:
    """kill -9; the others take over, and it comes back."""
    name = random.choice(NAMES)
    stage.gateways.kill(name)
    await stage.gateways.settled()
    await asyncio.to_thread(stage.gateways.start, name)


async def freeze(stage: Stage) -> None:
    """An owner halts for longer than its lease, loses what it had, and wakes up."""
    name = random.choice(NAMES)
    stage.gateways.freeze(name)
    try:
        await asyncio.sleep(LEASE_SECONDS * random.uniform(0.5, 1.0))
        await stage.gateways.settled(without=name)
    finally:
        stage.gateways.thaw(name)


async def redis(stage: Stage) -> None:
    """Redis is killed, and comes back without its memory: sooner, or later than the leases end."""
    stage.gateways.redis.kill()
    await asyncio.sleep(random.choice([0.0, LEASE_SECONDS * 1.5]))
    await asyncio.to_thread(stage.gateways.redis.start)


async def cut(stage: Stage) -> None:
    """The links to one gateway break."""
    stage.proxies[random.choice(NAMES)].cut()


FAULTS = {"kill": kill, "freeze": freeze, "redis": redis, "cut": cut}


async def suffer(stage: Stage, kind: str) -> None:
    """One fault, until all topics have owners and all people are back."""
    print(kind, end=" ", flush=True)
    began = monotonic()
    await FAULTS[kind](stage)
    await stage.gateways.settled()
    stage.took.setdefault(kind, []).append(monotonic() - began)
    await everybody_is_there(stage)
    await asyncio.sleep(random.uniform(0.2, 1.0))


async def everybody_is_there(stage: Stage) -> None:
    """Waits until all people are connected and attached to their conversations."""
    late = [asyncio.create_task(chatter.there.wait()) for chatter in stage.chatters]
    _, absent = await asyncio.wait(late, timeout=PATIENCE)
    assert not absent, f"{len(absent)} people did not come back within {PATIENCE} s"


# -- the end ---------------------------------------------------------------------------------------


async def come_to_rest(stage: Stage) -> None:
    """Nobody writes any more; waits until all have seen what was written."""
    for chatter in stage.chatters:
        chatter.writing = False
    late = monotonic() + PATIENCE
    while monotonic() < late:
        await everybody_is_there(stage)
        apart = [c for c in stage.chats if len({view.last for view in c.views.values()}) > 1]
        if not apart and not any(chatter.unanswered for chatter in stage.chatters):
            return
        await asyncio.sleep(0.2)


async def check(stage: Stage, chat: Chat) -> list[str]:
    """Two members read everything; the list of one who has read it all is right."""
    some = [chatter for chatter in stage.chatters if chatter.user in chat.names][:2]
    histories, rows = [], []
    for chatter in some:
        name = chat.names[chatter.user]
        async with connect(stage.gateways["b"]) as client:
            await client.login_token(chatter.token)
            await client.request("sub", topic="me")
            await client.request("sub", topic=name)
            histories.append(await history(client, name))
            last = len(histories[-1])
            await client.send("note", topic=name, what="read", seq=last)
            row = (await people.rows(client))[name]
            rows.append(Row(row["seq"], row.get("read", 0)))
    return faults(chat, histories, rows)


async def history(client: Client, topic: str) -> list[Entry]:
    """All of a conversation, oldest first."""
    entries: list[Entry] = []
    while not entries or entries[-1].seq > 1:
        before = {"before": entries[-1].seq} if entries else {}
        end = await client.request("get", topic=topic, what="data", data={"limit": 200} | before)
        if end["code"] == 204:
            break
        page = [await client.next("data") for _ in range(end["params"]["count"])]
        entries += [Entry(one["seq"], one["from"], one["content"]) for one in page]
    return entries[::-1]


@pytest.mark.timeout(400)
async def test_nothing_is_lost_doubled_or_moved_whatever_dies(
    mongod: Mongod, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with set_up(mongod, redis_server, tmp_path / "data") as stage:
        await found(stage)
        kinds = random.sample(KINDS, len(KINDS))
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
            asyncio.TaskGroup() as tasks,
        ):
            lives = [tasks.create_task(chatter.live(http)) for chatter in stage.chatters]
            await everybody_is_there(stage)
            for chatter in stage.chatters:
                chatter.writing = True
            for kind in kinds:
                await suffer(stage, kind)
            await come_to_rest(stage)
            wrong = [line for chat in stage.chats for line in await check(stage, chat)]
            for life in lives:
                life.cancel()
        report(stage)
        wrong += [line for chatter in stage.chatters for line in chatter.wrong]
        assert not wrong, "\n".join(wrong[:40])
        assert sum(len(chat.acked) for chat in stage.chats) >= PEOPLE


def report(stage: Stage) -> None:
    """How it went, for who reads the output (`-s`)."""
    acked = sum(len(chat.acked) for chat in stage.chats)
    sent = sum(len(chat.sent) for chat in stage.chats)
    comings = sum(chatter.comings for chatter in stage.chatters)
    took = {kind: f"{max(times):.1f} s" for kind, times in stage.took.items()}
    print(f"\n{sent} messages sent, {acked} acknowledged; {comings} connections; longest: {took}")


# -- the checker itself ----------------------------------------------------------------------------

KEPT = [Entry(1, "ann", "ann 1"), Entry(2, "bob", "bob 1"), Entry(3, "ann", "ann 2")]


def planted(sight: list[tuple[int, str]] | None = None) -> Chat:
    """A conversation of ann and bob in which all is well, but for what ann saw, perhaps."""
    chat = Chat({"ann": "grpA", "bob": "grpA"}, sent={"ann 1", "bob 1", "ann 2", "ann 3"})
    chat.acked = {1: "ann 1", 3: "ann 2"}
    chat.refused = {"ann 3"}
    for user in chat.names:
        view = chat.views[user] = View()
        for seq, content in (
            sight if sight and user == "ann" else [(e.seq, e.content) for e in KEPT]
        ):
            view.data({"seq": seq, "content": content})
    return chat


@pytest.mark.parametrize(
    ("histories", "fault"),
    [
        ([KEPT, KEPT], None),
        ([KEPT, KEPT[:2]], "readers differ"),
        ([KEPT[:2]], "lost or moved: 3"),
        ([[KEPT[0], KEPT[2]]], "not dense"),
        ([[*KEPT, Entry(4, "ann", "ann 2")]], "doubled"),
        ([[*KEPT, Entry(4, "ann", "ann 9")]], "nobody sent"),
        ([[Entry(1, "bob", "ann 1"), *KEPT[1:]]], "nobody sent"),
        ([[*KEPT, Entry(4, "ann", "ann 3")]], "refused, but kept"),
        ([[*KEPT, Entry(4, "bob", "bob 2")]], "never saw [4]"),
    ],
)
def test_the_checker_sees_what_is_wrong_with_a_history(
    histories: list[list[Entry]], fault: str | None
) -> None:
    found = faults(planted(), histories)
    assert any(fault in line for line in found) if fault else found == []


@pytest.mark.parametrize(
    ("sight", "fault"),
    [
        ([(1, "ann 1"), (3, "ann 2")], "saw 3 came after 1"),
        ([(1, "ann 1"), (2, "bob 1"), (2, "bob 1"), (3, "ann 2")], "saw 2 came after 2"),
        ([(1, "ann 1"), (3, "ann 2"), (2, "bob 1")], "saw 2 came after 3"),
        ([(1, "ann 1"), (2, "bob 1")], "never saw [3]"),
        ([(1, "ann 1"), (2, "bob 9"), (3, "ann 2")], "saw 2 'bob 9'"),
        ([(1, "ann 1"), (2, "bob 1"), (3, "ann 2"), (4, "ann 3")], "saw 4 'ann 3'"),
    ],
)
def test_the_checker_sees_what_is_wrong_with_what_a_member_saw(
    sight: list[tuple[int, str]], fault: str
) -> None:
    assert any(fault in line for line in faults(planted(sight), [KEPT]))


def test_the_checker_sees_wrong_counters() -> None:
    assert faults(planted(), [KEPT], [Row(3, 3)]) == []
    assert faults(planted(), [KEPT], [Row(3, 2)])
    assert faults(planted(), [KEPT], [Row(4, 4)])


def test_a_member_takes_note_of_what_is_not_meant_for_it() -> None:
    outsider = Chatter("eve", "", str, PAUSE)
    outsider._take("data", {"topic": "grpA", "seq": 1, "content": "ann 1"})
    assert outsider.wrong
