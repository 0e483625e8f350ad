"""What users rely on when MongoDB fails: nothing lost, nothing doubled, it goes on by itself."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from msgspec import structs
from pymongo import MongoClient

from pipit.config.settings import Database
from pipit.store.base import OutOfOrder, Store, StoreError, Unavailable
from pipit.store.mongodb import MongoStore
from tests.contract.acks import Acks
from tests.contract.records import group, message, messages, people
from tests.support import mongod as servers
from tests.support.mongod import Mongod

pytestmark = pytest.mark.skipif(bool(servers.LACKING), reason=servers.LACKING)

ANSWER_SECONDS = 5.0
"""Clients wait so long for an answer, and so long it may take to resume."""

ALL = [(1, 1_000_000)]


@pytest.fixture
def own_mongod() -> Iterator[Mongod]:
    """A server that a test may kill."""
    with servers.standalone() as running:
        yield running


@asynccontextmanager
async def opened(*running: Mongod, replica_set: str = "") -> AsyncIterator[MongoStore]:
    host = ",".join(one.address for one in running)
    store = MongoStore(Database(type="mongodb", host=host, replica_set=replica_set))
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def numbers(store: Store, topic: str, user: str) -> list[int]:
    return [m.seq for m in await store.messages(topic, user, ALL, 10_000)]


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """What is done within is answered while clients wait."""
    async with asyncio.timeout(ANSWER_SECONDS):
        yield


async def resumed(store: Store) -> None:
    """Waits until the store answers again."""
    async with in_time():
        while True:
            try:
                return await store.ping()
            except Unavailable:
                continue


async def test_while_the_server_is_away_everything_is_unavailable_in_time(
    own_mongod: Mongod,
) -> None:
    async with opened(own_mongod) as store:
        acks = Acks(store)
        (owner,) = await people(store, 1)
        topic = await group(store, owner)
        await acks.store_all(*messages(topic, 1, 11))
        own_mongod.kill()
        acks.append(*messages(topic, 11, 14))
        async with in_time():
            asked = [
                store.load_user(owner),
                store.update_user(owner, token_gen=1),
                store.messages(topic, owner, ALL, 5),
                store.ping(),
            ]
            outcomes = await asyncio.gather(*asked, acks.settle(), return_exceptions=True)
        assert [type(one) for one in outcomes] == [Unavailable] * 4 + [type(None)]
        assert {why for _, _, why in acks.failed()} == {Unavailable}
        own_mongod.start()
        await resumed(store)
        acks.told.clear()
        await acks.store_all(*messages(topic, 11, 14))
        assert await numbers(store, topic, owner) == list(range(13, 0, -1))


async def test_a_message_that_was_given_up_does_not_appear_later(own_mongod: Mongod) -> None:
    """The server is frozen with the message on its way, and goes on after its sender was told."""
    async with opened(own_mongod) as store:
        acks = Acks(store)
        (owner,) = await people(store, 1)
        topic, other = await group(store, owner), await group(store, owner)
        await acks.store_all(*messages(topic, 1, 4), *messages(other, 1, 4))
        assert own_mongod.process
        own_mongod.process.send_signal(signal.SIGSTOP)
        try:
            acks.append(*(message(topic, seq, b'"given up"') for seq in (4, 5, 6)))
            async with in_time():
                await acks.settle()
        finally:
            own_mongod.process.send_signal(signal.SIGCONT)
        assert [(seq, why) for _, seq, why in acks.failed()] == [
            (seq, Unavailable) for seq in (4, 5, 6)
        ]
        await resumed(store)
        assert await numbers(store, topic, owner) == [3, 2, 1]
        acks.told.clear()
        await acks.store_all(*(message(topic, seq, b'"again"') for seq in (4, 5)))
        found = await store.messages(topic, owner, ALL, 10)
        assert [(m.seq, m.content) for m in found[:2]] == [(5, b'"again"'), (4, b'"again"')]
        assert len(found) == 5
        assert await numbers(store, other, owner) == [3, 2, 1]


async def test_what_waits_is_bounded(own_mongod: Mongod) -> None:
    async with opened(own_mongod) as store:
        acks = Acks(store)
        (owner,) = await people(store, 1)
        topic = await group(store, owner)
        assert own_mongod.process
        own_mongod.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(Unavailable, match="too many"):
                append_without_end(acks, topic)
            async with in_time():
                await acks.settle()
        finally:
            own_mongod.process.send_signal(signal.SIGCONT)
        assert acks.stored(topic) == []
        await resumed(store)
        acks.told.clear()
        await acks.store_all(message(topic, 1))


def append_without_end(acks: Acks, topic: str) -> None:
    for seq in range(1, 200):
        acks.append(message(topic, seq, b'"' + b"x" * 1_000_000 + b'"'))


async def test_a_user_with_rights_on_this_database_only_is_enough() -> None:
    """Also for finding what was given up, which looks at the server's connections."""
    with servers.standalone("--auth") as running:
        make_users(running)
        own = Database(type="mongodb", port=running.port, user="pipit", password="secret")
        store = MongoStore(own)
        await store.open()
        acks = Acks(store)
        (owner,) = await people(store, 1)
        topic = await group(store, owner)
        assert running.process
        running.process.send_signal(signal.SIGSTOP)
        acks.append(message(topic, 1, b'"given up"'))
        await acks.settle()
        running.process.send_signal(signal.SIGCONT)
        await resumed(store)
        acks.told.clear()
        await acks.store_all(message(topic, 1, b'"again"'))
        found = await store.messages(topic, owner, ALL, 9)
        assert [one.content for one in found] == [b'"again"']
        await store.close()
        with pytest.raises(StoreError, match="Authentication failed"):
            await MongoStore(structs.replace(own, password="wrong")).open()


def make_users(running: Mongod) -> None:
    """The first user may be made without any rights, from the same machine."""
    with running.client() as client:
        client.admin.command("createUser", "root", pwd="root", roles=["root"])
    with MongoClient[dict[str, object]](running.address, username="root", password="root") as root:
        role = {"role": "readWrite", "db": "im_database"}
        root.admin.command("createUser", "pipit", pwd="secret", roles=[role])


# -- several processes -----------------------------------------------------------------------------


async def test_a_second_writer_of_a_topic_is_refused(own_mongod: Mongod) -> None:
    async with opened(own_mongod) as one, opened(own_mongod) as other:
        first, second = Acks(one), Acks(other)
        (owner,) = await people(one, 1)
        topic, quiet = await group(one, owner), await group(one, owner)
        await first.store_all(*messages(topic, 1, 4))
        await other.load_topic(topic)
        await second.store_all(*messages(topic, 4, 6))
        # The first writer knows nothing of it, as after a long halt.
        first.append(*messages(topic, 4, 9), *messages(quiet, 1, 3))
        await first.settle()
        assert {why for _, _, why in first.failed()} == {OutOfOrder}
        assert first.stored(topic) == [1, 2, 3]
        assert first.stored(quiet) == [1, 2]
        assert await numbers(one, topic, owner) == [5, 4, 3, 2, 1]
        loaded = await one.load_topic(topic)
        assert loaded is not None
        assert loaded[0].seq == 5
        first.told.clear()
        await first.store_all(*messages(topic, 6, 8))
        assert await numbers(other, topic, owner) == list(range(7, 0, -1))


async def test_other_processes_see_at_once_what_was_acknowledged(own_mongod: Mongod) -> None:
    async with opened(own_mongod) as one, opened(own_mongod) as other:
        acks = Acks(one)
        me, peer = await people(one, 2)
        topic = await group(one, me, peer)
        for seq in range(1, 20):
            sent = message(topic, seq)
            await acks.store_all(sent)
            (contact,) = await other.contacts(peer)
            assert (contact.seq, contact.touched) == (seq, sent.ts)


# -- replica sets ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three_members() -> Iterator[list[Mongod]]:
    with servers.replica_set(3) as members:
        yield members


async def test_messages_survive_the_loss_of_the_primary(three_members: list[Mongod]) -> None:
    """Stepping down first, then killed: what is acknowledged is there, once, in order."""
    async with opened(*three_members, replica_set="pipit") as store:
        (owner,) = await people(store, 1)
        topics = [await group(store, owner) for _ in range(5)]
        talk = Talk(store, topics)
        talk.begin()
        await talk.stored(200)
        primary = servers.primary(three_members)
        with primary.client() as client:
            client.admin.command("replSetStepDown", 10, force=True)
        await talk.stored(talk.count + 200)
        primary = servers.primary(three_members)
        primary.kill()
        await talk.stored(talk.count + 200)
        primary.start()
        await talk.end()
        for topic in topics:
            found = await store.messages(topic, owner, ALL, 10_000)
            assert [m.seq for m in found] == list(range(len(found), 0, -1))
            assert [m.content for m in reversed(found)] == talk.acknowledged[topic]


class Talk:
    """Sends messages to topics, the next when the one before is answered; refused ones anew."""

    def __init__(self, store: Store, topics: list[str]) -> None:
        self.store = store
        self.acknowledged: dict[str, list[bytes]] = {topic: [] for topic in topics}
        self.count = 0
        self._sent = 0
        self._going = True
        self._under_way = 0
        self._news = asyncio.Event()
        store.on_committed(self._committed)

    def begin(self) -> None:
        for topic in self.acknowledged:
            self._send(topic)

    def _send(self, topic: str) -> None:
        self._sent += 1
        self._under_way += 1
        content = b"%d" % self._sent
        self.store.append(message(topic, len(self.acknowledged[topic]) + 1, content))

    def _committed(self, told, error) -> None:  # type: ignore[no-untyped-def]
        for one in told:
            self._under_way -= 1
            if error is None:
                self.acknowledged[one.topic].append(one.content)
                self.count += 1
            if self._going:
                self._send(one.topic)
        self._news.set()

    async def stored(self, count: int) -> None:
        """Waits until so many are acknowledged."""
        async with asyncio.timeout(60):
            while self.count < count:
                self._news.clear()
                await self._news.wait()

    async def end(self) -> None:
        """Waits for the last answers."""
        self._going = False
        while self._under_way:
            self._news.clear()
            await self._news.wait()
