"""`python -m bench.scaling.stores`: what each action costs in MongoDB, and the service for it.

The same on SQLite shows what the service has more to do with MongoDB. Half a minute; needs mongod.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, count, cycle, islice
from pathlib import Path
from random import Random

import uvloop
from pymongo import AsyncMongoClient

from bench import engines, proc
from bench.server import data_folder
from pipit.config.settings import Database
from pipit.core import access, ids
from pipit.store.base import Store, StoreError
from pipit.store.mongodb import MongoStore
from pipit.store.records import Mark, Message, Subscription, TopicRecord, User
from pipit.store.sqlite import SqliteStore

CONTACTS = 50
MESSAGES, LONE, MARKS, LOGINS = 40_000, 2_000, 10_000, 400
IN_FLIGHT = 20
BATCH = 100
WORDS = 14
PUBLIC = b'{"fn":"Thirza Merriweather","note":"Gone fishing"}'

Doc = dict[str, object]


def texts(seed: int = 1) -> list[bytes]:
    """Messages of 14 words, about 84 letters, of a language of 5,000 words."""
    chance = Random(seed)
    letters = "etaoinshrdlucmfwypvbgk"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 8))) for _ in range(5000)]
    return [f'"{" ".join(chance.choices(words, k=WORDS))}"'.encode() for _ in range(MESSAGES)]


@dataclass
class Talk:
    """Messages to topics in turn, so many under way."""

    store: Store
    topics: Sequence[str]

    def __post_init__(self) -> None:
        self._numbers = {topic: count(1) for topic in self.topics}
        self._next, self._texts = cycle(self.topics), cycle(texts())
        self._left = self._waiting = 0
        self._done = asyncio.Event()
        self.store.on_committed(self._committed)

    async def go_on(self, messages: int, in_flight: int = IN_FLIGHT) -> None:
        """Stores so many more."""
        self._left = self._waiting = messages
        self._done.clear()
        self._send(in_flight)
        await self._done.wait()

    def _send(self, most: int) -> None:
        for _ in range(min(most, self._left)):
            self._left -= 1
            topic = next(self._next)
            number, text = next(self._numbers[topic]), next(self._texts)
            sender = ids.p2p_users(topic)[number % 2]
            self.store.append(Message(topic, number, 1_700_000_000_000 + number, sender, text))

    def _committed(self, messages: Sequence[Message], error: StoreError | None) -> None:
        if error is not None:
            raise error
        self._waiting -= len(messages)
        self._send(len(messages))
        if not self._waiting:
            self._done.set()


@dataclass
class Meter:
    """CPU of this process and of mongod, and bytes of its journal, for each of many actions."""

    pid: int | None = None
    client: AsyncMongoClient[Doc] | None = None

    async def of(self, name: str, number: int, work: Callable[[], Awaitable[None]]) -> None:
        """Prints what one of so many costs."""
        ours, theirs, journal = time.process_time(), self._mongod(), await self._journal()
        await work()
        ours, theirs = time.process_time() - ours, self._mongod() - theirs
        journal = await self._journal() - journal
        costs = [f"service {1e6 * ours / number:.0f} µs"]
        if self.pid is not None:
            costs.append(f"mongod {1e6 * theirs / number:.0f} µs")
            costs.append(f"journal {journal / number:.0f} bytes")
        print(f"  {name}: {', '.join(costs)}", flush=True)

    def _mongod(self) -> float:
        """In steps of 10 ms, as its threads come and go."""
        if self.pid is None:
            return 0.0
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        user, system = int(fields[11]), int(fields[12])  # proc(5), fields 14 and 15
        return (user + system) / os.sysconf("SC_CLK_TCK")

    async def _journal(self) -> int:
        if self.client is None:
            return 0
        status = await self.client.admin.command("serverStatus")
        return int(status["wiredTiger"]["log"]["log bytes written"])


async def measure(make: Callable[[], Store], meter: Meter) -> list[str]:
    """Prints the figures of a store; gives the users that it then has."""
    users = [ids.new_user_id() for _ in range(CONTACTS + 1)]
    topics = [ids.p2p_name(one, other) for one, other in combinations(users, 2)]
    store = make()
    await store.open()
    await _settle_in(store, users, topics)
    await store.close()
    store = make()
    await store.open()
    talk = Talk(store, topics)
    quiet = len(topics)
    await meter.of("first message of a quiet topic", quiet, lambda: talk.go_on(quiet))
    await meter.of("further message", MESSAGES, lambda: talk.go_on(MESSAGES))
    await meter.of("message with a commit of its own", LONE, lambda: talk.go_on(LONE, 1))
    await meter.of("topic becomes quiet", quiet, store.close)
    store = make()
    await store.open()
    await meter.of("mark", MARKS, lambda: _mark(store, topics))
    await meter.of("login", LOGINS, lambda: _log_in(store, users))
    await store.close()
    return users


async def _settle_in(store: Store, users: Sequence[str], topics: Sequence[str]) -> None:
    for user in users:
        await store.create_user(User(user, 1, 1, public=PUBLIC), None, [])
    for topic in topics:
        subs = [
            Subscription(topic, user, access.ME, access.ME, 1, 1) for user in ids.p2p_users(topic)
        ]
        await store.create_topic(TopicRecord(topic, 1, 1, 1), subs)


async def _mark(store: Store, topics: Sequence[str]) -> None:
    made = (
        Mark(topic, user, number, number)
        for number in count(1)
        for topic in topics
        for user in ids.p2p_users(topic)
    )
    for _ in range(MARKS // BATCH):
        await store.save_marks(list(islice(made, BATCH)))


async def _log_in(store: Store, users: Sequence[str]) -> None:
    for user in islice(cycle(users), LOGINS):
        found = await store.load_user_and_contacts(user)
        assert found
        assert len(found[1]) == CONTACTS


async def _on_mongodb(mongod: engines.Engine) -> None:
    port = int(str(mongod.settings["database_port"]))
    place = Database(type="mongodb", host="127.0.0.1", port=port)
    client: AsyncMongoClient[Doc] = AsyncMongoClient(place.host, port)
    meter = Meter(mongod.pid, client)
    users = await measure(lambda: MongoStore(place), meter)
    await meter.of("of it account and subscriptions", LOGINS, lambda: _read(client, users))
    await client.admin.command("fsync")
    for collection in ("messages", "subscriptions", "topics", "users"):
        found = await client[place.name].command("collStats", collection)
        disk = found["storageSize"] + found["totalIndexSize"]
        print(
            f"  {collection}: {found['count']:,}; of each {found['avgObjSize']} bytes in memory,"
            f" {disk / found['count']:.0f} on disk with its indexes"
        )
    await client.close()


async def _read(client: AsyncMongoClient[Doc], users: Sequence[str]) -> None:
    for user in islice(cycle(users), LOGINS):
        await client["im_database"].users.find_one({"_id": user})
        query = {"_id": {"$gte": {"user": user}, "$lt": {"user": user + "~"}}}
        assert len(await client["im_database"].subscriptions.find(query).to_list()) == CONTACTS


def main() -> None:
    """Starts a mongod, measures, ends it."""
    print(proc.machine())
    with data_folder() as folder:
        print("SQLite")
        uvloop.run(measure(lambda: SqliteStore(folder / "pipit.db"), Meter()))
    with engines.mongodb() as mongod:
        print("MongoDB")
        uvloop.run(_on_mongodb(mongod))


if __name__ == "__main__":
    main()
