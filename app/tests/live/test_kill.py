"""kill -9 under load, again and again on the same data: what was acknowledged is there, once.

Five people write to two groups and two chats of two, with several messages on their way each, until
the server is killed. It is started again, everybody reads everything, the checker compares that
with what was sent, acknowledged and delivered; and they go on.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from tests.conftest import StartServer
from tests.live.people import group, unique
from tests.support.client import Body, Client, Closed, connect
from tests.support.server import Server

ROUNDS = 10  # on each database
MOST_ACKS = 400  # in a round; where between 1 and this the server is killed is a matter of chance
KILL_SECONDS = 0.02  # at most so long after that, so that no phase of a commit is spared
WINDOW = 8  # messages that one person has on the way
PAGE = 200


class Entry(NamedTuple):
    """A message as a reader finds it. Its content begins with its sender and the sender's count."""

    seq: int
    sender: str
    content: str


@dataclass
class Chat:
    """What is known of a conversation. `names`: what its members call it, by user."""

    names: dict[str, str]
    sent: list[str] = field(default_factory=list)
    acked: dict[int, str] = field(default_factory=dict)
    delivered: list[Entry] = field(default_factory=list)


@dataclass
class Countdown:
    """Kills a server a moment after so many acknowledgements."""

    server: Server
    acks: int

    def count(self) -> None:
        self.acks -= 1
        if self.acks == 0:
            asyncio.get_running_loop().call_later(random.random() * KILL_SECONDS, self.server.kill)


def faults(chat: Chat, histories: Iterable[list[Entry]]) -> list[str]:
    """What is wrong with the histories that the members of a conversation read."""
    first, *others = histories
    found = [f"readers differ: {first} and {other}" for other in others if other != first]
    if [entry.seq for entry in first] != list(range(1, len(first) + 1)):
        found.append(f"seq is not dense from 1: {[entry.seq for entry in first]}")
    contents = [entry.content for entry in first]
    if len(set(contents)) != len(contents):
        found.append(f"doubled: {sorted(c for c in contents if contents.count(c) > 1)}")
    sent = set(chat.sent)
    found += [f"nobody sent {e}" for e in first if not (e.content in sent and is_by_sender(e))]
    stored = {entry.seq: entry.content for entry in first}
    found += [f"lost or moved: {seq} {c}" for seq, c in chat.acked.items() if stored.get(seq) != c]
    kept = set(first)
    found += [f"delivered, but not kept: {e}" for e in chat.delivered if e not in kept]
    return found + [f"out of order: {late}" for late in out_of_order(first)]


def is_by_sender(entry: Entry) -> bool:
    return entry.content.split()[0] == entry.sender


def out_of_order(history: list[Entry]) -> list[Entry]:
    """Messages that stand behind a later one of the same sender."""
    last: dict[str, int] = {}
    late = []
    for entry in history:
        number = int(entry.content.split()[1])
        if number < last.get(entry.sender, 0):
            late.append(entry)
        last[entry.sender] = number
    return late


@dataclass
class Person:
    """Somebody who writes. `number` counts what was written, in all rounds and chats."""

    token: str
    user: str
    number: int = 0

    def words(self) -> str:
        self.number += 1
        return f"{self.user} {self.number} {'x' * random.randrange(2000)}"


async def founding(server: Server) -> tuple[list[Person], list[Chat]]:
    """Makes the accounts and conversations."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connect(server)) for _ in range(5)]
        for client in clients:
            await client.signup(unique("person"))
        groups = [(await group(*some), some) for some in (clients, clients[:3])]
        chats = [Chat({client.user: name for client in some}) for name, some in groups]
        for one, other in (clients[0], clients[1]), (clients[2], clients[3]):
            await one.request("sub", topic=other.user)
            chats.append(Chat({one.user: other.user, other.user: one.user}))
        return [Person(client.token, client.user) for client in clients], chats


@asynccontextmanager
async def everybody(
    server: Server, people: list[Person], chats: list[Chat]
) -> AsyncIterator[list[Client]]:
    """All people, logged in and attached to their conversations."""
    async with AsyncExitStack() as stack:
        clients = []
        for person in people:
            client = await stack.enter_async_context(connect(server))
            await client.login_token(person.token)
            for name in names_of(person.user, chats):
                assert (await client.request("sub", topic=name))["code"] == 200
            clients.append(client)
        yield clients


def names_of(user: str, chats: list[Chat]) -> dict[str, Chat]:
    """A user's conversations by the names that the user has for them."""
    return {chat.names[user]: chat for chat in chats if user in chat.names}


async def history(client: Client, topic: str) -> list[Entry]:
    """All of a conversation, oldest first."""
    entries: list[Entry] = []
    while not entries or entries[-1].seq > 1:
        before = {"before": entries[-1].seq} if entries else {}
        page: Body = {"limit": PAGE} | before
        end = await client.request("get", topic=topic, what="data", data=page)
        if end["code"] == 204:
            break
        entries += [entry_of(await client.next("data")) for _ in range(end["params"]["count"])]
    return entries[::-1]


def entry_of(data: Body) -> Entry:
    return Entry(data["seq"], data["from"], data["content"])


async def check(clients: list[Client], chats: list[Chat]) -> None:
    """Everybody reads everything; AssertionError if anything is wrong."""
    for chat in chats:
        members = [client for client in clients if client.user in chat.names]
        read = [await history(client, chat.names[client.user]) for client in members]
        assert not faults(chat, read)


async def talk(client: Client, person: Person, chats: list[Chat], countdown: Countdown) -> None:
    """Writes until the connection breaks, and notes what is acknowledged and delivered."""
    mine = names_of(person.user, chats)
    waiting: dict[str, str] = {}

    async def write() -> None:
        name, words = random.choice(list(mine)), person.words()
        mine[name].sent.append(words)
        waiting[str(person.number)] = words
        await client.send("pub", id=str(person.number), topic=name, content=words, noecho=True)

    def note(body: Body) -> None:
        if "content" in body:
            mine[body["topic"]].delivered.append(entry_of(body))
        else:
            assert body["code"] == 202, body
            mine[body["topic"]].acked[body["params"]["seq"]] = waiting.pop(body["id"])
            countdown.count()

    with suppress(Closed, ConnectionError):
        while True:
            while len(waiting) < WINDOW:
                await write()
            note(await client.next("ctrl", "data"))
    await client.closed()
    assert countdown.acks <= 0, "closed before the server was killed"
    for kind, body in client.waiting:
        if kind in ("ctrl", "data"):
            note(body)


async def test_nothing_is_lost_doubled_or_moved_by_kill_9(
    start_server: StartServer, database: dict[str, object]
) -> None:
    server = start_server(limits_enabled=False, **database)
    people, chats = await founding(server)
    for _ in range(ROUNDS):
        async with everybody(server, people, chats) as clients:
            await check(clients, chats)
            countdown = Countdown(server, random.randint(1, MOST_ACKS))
            pairs = zip(clients, people, strict=True)
            await asyncio.gather(*(talk(c, p, chats, countdown) for c, p in pairs))
        server = start_server(data_dir=server.data_dir, limits_enabled=False, **database)
    async with everybody(server, people, chats) as clients:
        await check(clients, chats)
    assert sum(len(chat.acked) for chat in chats) >= ROUNDS


KEPT = [Entry(1, "ann", "ann 1"), Entry(2, "bob", "bob 1"), Entry(3, "ann", "ann 2")]


@pytest.mark.parametrize(
    ("histories", "fault"),
    [
        ([KEPT, KEPT], None),
        ([KEPT, KEPT[:2]], "readers differ"),
        ([[KEPT[0], KEPT[2]]], "not dense"),
        ([KEPT[:2]], "lost or moved"),
        ([[*KEPT, Entry(4, "ann", "ann 2")]], "doubled"),
        ([[*KEPT, Entry(4, "ann", "ann 9")]], "nobody sent"),
        ([[Entry(1, "bob", "ann 1"), *KEPT[1:]]], "nobody sent"),
        ([[*KEPT[:2], Entry(3, "ann", "ann 3")]], "delivered, but not kept"),
        ([[Entry(1, "ann", "ann 2"), KEPT[1], Entry(3, "ann", "ann 1")]], "out of order"),
    ],
)
def test_the_checker_sees_every_fault(histories: list[list[Entry]], fault: str | None) -> None:
    sent = ["ann 1", "bob 1", "ann 2", "ann 3"]
    chat = Chat({}, sent, acked={1: "ann 1", 3: "ann 2"}, delivered=[KEPT[2]])
    found = faults(chat, histories)
    assert any(fault in line for line in found) if fault else found == []
