"""The store's contract, method by method, on MongoDB."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from pymongo import AsyncMongoClient

from pipit.config.settings import Database
from pipit.core import ranges
from pipit.core.ranges import Span
from pipit.core.tags import Query
from pipit.store.base import Committed, StoreError, Unavailable
from pipit.store.mongodb import (
    accounts,
    contacts,
    deleting,
    files,
    messages,
    opening,
    outbox,
    subscriptions,
    tags,
    topics,
)
from pipit.store.mongodb.appending import Appender
from pipit.store.mongodb.counters import QUIET_SECONDS
from pipit.store.mongodb.database import Db, Doc, connect, database, disconnect, operation
from pipit.store.mongodb.documents import check_names
from pipit.store.mongodb.doubt import Line
from pipit.store.records import (
    Contact,
    CredentialRecord,
    Deletion,
    FileRecord,
    FileUse,
    Found,
    LoginRecord,
    Mark,
    Member,
    Message,
    Subscription,
    TopicRecord,
    User,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

PAGE = 500
"""So many accounts `list_users` reads at once."""

AGAIN = 5.0
"""Seconds until erasing is tried again after a fault."""


class MongoStore:
    """See pipit.store.base.Store for what each method does.

    Changes of the same account or topic take turns; those of others do not wait for each other.
    """

    def __init__(self, place: Database) -> None:
        self.place = place
        self._committed: Committed | None = None
        self._client: AsyncMongoClient[Doc] | None = None
        self._line: Line | None = None
        self._appender: Appender | None = None
        self._erasing: asyncio.Task[None] | None = None
        self._counting: asyncio.Task[None] | None = None
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def open(self) -> None:
        await self._connect(opening.get_ready)
        self._counting = asyncio.create_task(self._count())
        self._erase_soon()

    async def _connect(self, get_ready: opening.GetReady) -> None:
        self._client, _ = connect(self.place)
        try:
            await get_ready(self._client, self.place)
        except BaseException:
            await self.close()
            raise
        self._line = Line(self.place)
        self._appender = Appender(self._line)
        self._appender.committed = self._committed

    async def close(self) -> None:
        appender, self._appender = self._appender, None
        if appender is not None:
            await appender.close()
        chores = [chore for chore in (self._erasing, self._counting) if chore is not None]
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
        if self._line is not None:
            await self._line.close()
        client, self._client = self._client, None
        if client is not None:
            await disconnect(client)

    @property
    def _db(self) -> Db:
        if self._client is None:
            raise Unavailable("the store is not open")
        return database(self._client, self.place.name)

    @property
    def _messages(self) -> Appender:
        if self._appender is None:
            raise Unavailable("the store is not open")
        return self._appender

    async def _do(self, work: Callable[..., Awaitable[T]], *args: Any) -> T:
        """What `work(db, *args)` gives. Raises Unavailable."""
        with operation():
            return await work(self._db, *args)

    async def _in_turn(
        self, names: str | Iterable[str], work: Callable[..., Awaitable[T]], *args: Any
    ) -> T:
        """The same, after all that was asked before for these accounts and topics."""
        async with AsyncExitStack() as turns:
            with operation():
                for name in sorted({names} if isinstance(names, str) else set(names)):
                    await turns.enter_async_context(self._turn(name))
                await self._messages.settled()
                return await work(self._db, *args)

    def _turn(self, name: str) -> asyncio.Lock:
        lock = self._turns.get(name)
        if lock is None:
            lock = self._turns[name] = asyncio.Lock()
        return lock

    def _erase_soon(self) -> None:
        if self._erasing is None or self._erasing.done():
            self._erasing = asyncio.create_task(self._erase())

    async def _erase(self) -> None:
        """Erases what is left to erase, a part at a time."""
        more = True
        while more:
            try:
                more = await self._do(deleting.erase_some)
            except StoreError as fault:
                log.warning("erasing waits: %s", fault)
                await asyncio.sleep(AGAIN)

    async def _count(self) -> None:
        """Writes the counters of topics that have become quiet, now and then."""
        while True:
            await asyncio.sleep(QUIET_SECONDS / 2)
            with contextlib.suppress(StoreError):  # it was told of already, and is tried again
                await self._messages.write_counters()

    async def ping(self) -> None:
        await self._do(opening.beat)

    # -- accounts ----------------------------------------------------------------------------------

    async def create_user(
        self,
        user: User,
        login: LoginRecord | None = None,
        credentials: Iterable[CredentialRecord] = (),
    ) -> None:
        await self._in_turn(user.id, accounts.create_user, user, login, list(credentials))

    async def load_user(self, user: str) -> User | None:
        return await self._do(accounts.load_user, user)

    async def load_users(self, users: Iterable[str]) -> dict[str, User]:
        return await self._do(accounts.load_users, list(users))

    async def update_user(self, user: str, **changes: Any) -> None:
        check_names(changes, accounts.USER)
        await self._in_turn(user, accounts.update_user, user, changes)

    async def delete_user(self, user: str, at: int) -> None:
        await self._in_turn(user, accounts.delete_user, user, at)
        self._erase_soon()

    async def list_users(self) -> AsyncIterator[User]:
        after: User | None = None
        while users := await self._do(accounts.list_users, after, PAGE):
            for user in users:
                yield user
            after = users[-1]

    async def standings(self) -> list[tuple[str, int, str]]:
        return await self._do(accounts.standings)

    async def find_login(self, scheme: str, login: str) -> LoginRecord | None:
        return await self._do(accounts.find_login, scheme, login)

    async def login_of(self, user: str, scheme: str) -> LoginRecord | None:
        return await self._do(accounts.login_of, user, scheme)

    async def save_login(self, record: LoginRecord) -> None:
        await self._in_turn(record.user, accounts.save_login, record)

    async def save_credential(self, record: CredentialRecord) -> None:
        await self._in_turn(record.user, accounts.save_credential, record)

    async def credentials_of(self, user: str) -> list[CredentialRecord]:
        return await self._do(accounts.credentials_of, user)

    async def delete_credential(self, user: str, method: str, value: str) -> bool:
        return await self._in_turn(user, accounts.delete_credential, user, method, value)

    async def find_credential(self, method: str, value: str) -> CredentialRecord | None:
        return await self._do(accounts.find_credential, method, value)

    # -- topics and subscriptions ------------------------------------------------------------------

    async def create_topic(self, topic: TopicRecord, subs: Iterable[Subscription]) -> None:
        await self._in_turn(topic.name, topics.create_topic, topic, list(subs))
        self._messages.forget(topic.name)

    async def load_topic(self, name: str) -> tuple[TopicRecord, list[Member]] | None:
        return await self._in_turn(name, self._load_topic, name)

    async def _load_topic(self, db: Db, name: str) -> tuple[TopicRecord, list[Member]] | None:
        found = await topics.load_topic(db, name, self._messages.end(name))
        if found is None:
            return None
        doc, topic, members = found
        await deleting.finish_pending(db, doc)
        self._messages.know(name, doc["key"], topic.seq)
        self._messages.counters.loaded(name, topic.seq, topic.touched, doc.get("busy"))
        return topic, members

    def release_topic(self, name: str) -> None:
        self._messages.forget(name)
        self._messages.counters.release(name)

    async def update_topic(self, name: str, **changes: Any) -> None:
        check_names(changes, topics.TOPIC)
        await self._in_turn(name, topics.update_topic, name, changes)
        if "seq" in changes:
            self._messages.forget(name)

    async def delete_topic(self, name: str, at: int) -> None:
        await self._in_turn(name, self._delete_topic, name, at)
        self._erase_soon()

    async def _delete_topic(self, db: Db, name: str, at: int) -> None:
        self._messages.block(name)
        try:
            await deleting.delete_topic(db, name, at)
        finally:
            self._messages.forget(name)

    async def save_subscriptions(self, subs: Iterable[Subscription]) -> None:
        subs = list(subs)
        await self._in_turn((sub.topic for sub in subs), subscriptions.save_subscriptions, subs)

    async def load_subscription(self, topic: str, user: str) -> Subscription | None:
        return await self._do(subscriptions.load_subscription, topic, user)

    async def contacts(self, user: str, deleted_since: int | None = None) -> list[Contact]:
        return await self._do(contacts.contacts, user, deleted_since, self._messages.counters)

    async def load_user_and_contacts(self, user: str) -> tuple[User, list[Contact]] | None:
        return await self._do(contacts.user_and_contacts, user, self._messages.counters)

    async def contact(self, user: str, topic: str) -> Contact | None:
        return await self._do(contacts.contact, user, topic, self._messages.counters)

    async def owned_topics(self, user: str) -> list[str]:
        return await self._do(topics.owned_topics, user)

    async def save_marks(self, marks: Iterable[Mark]) -> None:
        await self._do(subscriptions.save_marks, list(marks))

    async def save_seen(self, seen: Iterable[tuple[str, int, str]]) -> None:
        await self._do(accounts.save_seen, list(seen))

    async def search(self, query: Query, limit: int) -> list[Found]:
        return await self._do(tags.search, query, limit)

    async def tag_holders(self, tags_: Iterable[str]) -> list[str]:
        return await self._do(tags.holders, list(tags_))

    # -- messages ----------------------------------------------------------------------------------

    def on_committed(self, committed: Committed) -> None:
        self._committed = committed
        if self._appender is not None:
            self._appender.committed = committed

    def append(self, message: Message) -> None:
        self._messages.append(message)

    async def messages(
        self, topic: str, user: str, spans: Sequence[Span], limit: int
    ) -> list[Message]:
        return await self._do(messages.page, topic, user, self._committed_of(topic, spans), limit)

    async def message(self, topic: str, seq: int) -> Message | None:
        return await self.oldest_message(topic, [(seq, seq + 1)])

    async def oldest_message(self, topic: str, spans: Sequence[Span]) -> Message | None:
        return await self._do(messages.oldest, topic, self._committed_of(topic, spans))

    def _committed_of(self, topic: str, spans: Iterable[Span]) -> list[Span]:
        """The parts of spans without messages that were given up."""
        return ranges.clip(ranges.join(spans), 1, self._messages.end(topic))

    async def delete_messages(
        self, topic: str, del_id: int, user: str, spans: Sequence[Span]
    ) -> None:
        await self._in_turn(topic, deleting.delete_messages, topic, del_id, user, list(spans))
        self._erase_soon()

    async def deletions(
        self, topic: str, user: str, since: int, before: int, limit: int
    ) -> list[Deletion]:
        return await self._do(messages.deletions, topic, user, since, before, limit)

    # -- files -------------------------------------------------------------------------------------

    async def save_file(self, record: FileRecord) -> None:
        await self._do(files.save_file, record)

    async def load_file(self, file: str) -> FileRecord | None:
        return await self._do(files.load_file, file)

    async def link_files(self, uses: Sequence[FileUse]) -> None:
        """Before the messages that wait: a crash between the two loses no file of a message."""
        db, linked = self._db, list(uses)
        await self._messages.first(lambda: files.link_files(db, linked))

    async def file_uses(self, file: str) -> list[FileUse]:
        return await self._do(files.file_uses, file)

    async def file_bytes(self, user: str) -> int:
        return await self._do(files.file_bytes, user)

    async def files_of(self, user: str) -> list[FileRecord]:
        return await self._do(files.files_of, user)

    async def unused_files(self, before: int, limit: int) -> list[FileRecord]:
        return await self._do(files.unused_files, before, limit)

    async def delete_files(self, files_: Iterable[str]) -> None:
        await self._do(files.delete_files, list(files_))

    # -- the outbox --------------------------------------------------------------------------------

    async def put_outbox(self, events: Sequence[bytes]) -> None:
        await self._in_turn("outbox", outbox.put, list(events))

    async def outbox(self, limit: int) -> list[tuple[int, bytes]]:
        return await self._do(outbox.oldest, limit)

    async def drop_outbox(self, numbers: Iterable[int]) -> None:
        await self._do(outbox.drop, list(numbers))

    async def outbox_size(self) -> int:
        return await self._do(outbox.size)
