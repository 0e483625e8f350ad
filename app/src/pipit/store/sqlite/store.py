"""The store's contract, method by method, on SQLite."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw

from pipit.core.ranges import Span
from pipit.core.tags import Query
from pipit.store.base import Committed, Unavailable
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
from pipit.store.sqlite import accounts, database, files, messages, outbox, tags, topics
from pipit.store.sqlite.readers import Readers
from pipit.store.sqlite.writer import Writer

T = TypeVar("T")

PAGE = 500
"""So many accounts `list_users` reads at once."""


class SqliteStore:
    """See pipit.store.base.Store for what each method does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._committed: Committed | None = None
        self._lock: int | None = None
        self._writer: Writer | None = None
        self._readers: Readers | None = None

    async def open(self) -> None:
        self._lock = database.lock(self.path)
        try:
            db = await asyncio.to_thread(database.open_for_writing, self.path)
            self._writer = Writer(db)
            self._writer.committed = self._committed
            self._readers = Readers(self.path)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        writer, readers, self._writer, self._readers = self._writer, self._readers, None, None
        if readers is not None:
            await readers.close()
        if writer is not None:
            await writer.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _write(self, work: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        if self._writer is None:
            raise Unavailable("the store is not open")
        return self._writer.change(work, *args)

    def _read(self, work: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        if self._readers is None:
            raise Unavailable("the store is not open")
        return self._readers.read(work, *args)

    def _read_small(self, work: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        if self._readers is None:
            raise Unavailable("the store is not open")
        return self._readers.read_small(work, *args)

    async def ping(self) -> None:
        beat = await self._write(database.beat)
        if await self._read(database.last_beat) < beat:
            raise Unavailable("the database does not show what was written")

    # -- accounts ----------------------------------------------------------------------------------

    async def create_user(
        self,
        user: User,
        login: LoginRecord | None = None,
        credentials: Iterable[CredentialRecord] = (),
    ) -> None:
        await self._write(accounts.create_user, user, login, list(credentials))

    async def load_user(self, user: str) -> User | None:
        return await self._read_small(accounts.load_user, user)

    async def load_users(self, users: Iterable[str]) -> dict[str, User]:
        return await self._read(accounts.load_users, list(users))

    async def update_user(self, user: str, **changes: Any) -> None:
        _check_names(changes, accounts.CHANGEABLE)
        await self._write(accounts.update_user, user, changes)

    async def delete_user(self, user: str, at: int) -> None:
        await self._write(accounts.delete_user, user, at)

    async def list_users(self) -> AsyncIterator[User]:
        after = (-(1 << 63), 0)
        while True:
            users, after = await self._read(accounts.list_users, after, PAGE)
            for user in users:
                yield user
            if len(users) < PAGE:
                return

    async def standings(self) -> list[tuple[str, int, str]]:
        return await self._read(accounts.standings)

    async def find_login(self, scheme: str, login: str) -> LoginRecord | None:
        return await self._read(accounts.find_login, scheme, login)

    async def login_of(self, user: str, scheme: str) -> LoginRecord | None:
        return await self._read(accounts.login_of, user, scheme)

    async def save_login(self, record: LoginRecord) -> None:
        await self._write(accounts.save_login, record)

    async def save_credential(self, record: CredentialRecord) -> None:
        await self._write(accounts.save_credential, record)

    async def credentials_of(self, user: str) -> list[CredentialRecord]:
        return await self._read(accounts.credentials_of, user)

    async def delete_credential(self, user: str, method: str, value: str) -> bool:
        return await self._write(accounts.delete_credential, user, method, value)

    async def find_credential(self, method: str, value: str) -> CredentialRecord | None:
        return await self._read(accounts.find_credential, method, value)

    # -- topics and subscriptions ------------------------------------------------------------------

    async def create_topic(self, topic: TopicRecord, subs: Iterable[Subscription]) -> None:
        await self._write(topics.create_topic, topic, list(subs))

    async def load_topic(self, name: str) -> tuple[TopicRecord, list[Member]] | None:
        return await self._read(topics.load_topic, name)

    def release_topic(self, name: str) -> None:
        """See Store; nothing is kept in memory."""

    async def update_topic(self, name: str, **changes: Any) -> None:
        _check_names(changes, topics.COUNTERS + topics.DESCRIPTION)
        await self._write(topics.update_topic, name, changes)

    async def delete_topic(self, name: str, at: int) -> None:
        await self._write(topics.delete_topic, name, at)

    async def save_subscriptions(self, subs: Iterable[Subscription]) -> None:
        await self._write(topics.save_subscriptions, list(subs))

    async def load_subscription(self, topic: str, user: str) -> Subscription | None:
        return await self._read_small(topics.load_subscription, topic, user)

    async def contacts(self, user: str, deleted_since: int | None = None) -> list[Contact]:
        return await self._read_small(topics.contacts, user, deleted_since)

    async def load_user_and_contacts(self, user: str) -> tuple[User, list[Contact]] | None:
        return await self._read_small(_user_and_contacts, user)

    async def contact(self, user: str, topic: str) -> Contact | None:
        return await self._read_small(topics.contact, user, topic)

    async def owned_topics(self, user: str) -> list[str]:
        return await self._read(topics.owned_topics, user)

    async def save_marks(self, marks: Iterable[Mark]) -> None:
        await self._write(topics.save_marks, list(marks))

    async def save_seen(self, seen: Iterable[tuple[str, int, str]]) -> None:
        await self._write(accounts.save_seen, list(seen))

    async def search(self, query: Query, limit: int) -> list[Found]:
        return await self._read(tags.search, query, limit)

    async def tag_holders(self, tags_: Iterable[str]) -> list[str]:
        return await self._read(tags.holders, list(tags_))

    # -- messages ----------------------------------------------------------------------------------

    def on_committed(self, committed: Committed) -> None:
        self._committed = committed
        if self._writer is not None:
            self._writer.committed = committed

    def append(self, message: Message) -> None:
        if self._writer is None:
            raise Unavailable("the store is not open")
        self._writer.append(message)

    async def messages(
        self, topic: str, user: str, spans: Sequence[Span], limit: int
    ) -> list[Message]:
        return await self._read(messages.page, topic, user, list(spans), limit)

    async def message(self, topic: str, seq: int) -> Message | None:
        return await self._read(messages.oldest, topic, [(seq, seq + 1)])

    async def oldest_message(self, topic: str, spans: Sequence[Span]) -> Message | None:
        return await self._read(messages.oldest, topic, list(spans))

    async def delete_messages(
        self, topic: str, del_id: int, user: str, spans: Sequence[Span]
    ) -> None:
        await self._write(messages.delete, topic, del_id, user, list(spans))

    async def deletions(
        self, topic: str, user: str, since: int, before: int, limit: int
    ) -> list[Deletion]:
        return await self._read(messages.deletions, topic, user, since, before, limit)

    # -- files -------------------------------------------------------------------------------------

    async def save_file(self, record: FileRecord) -> None:
        await self._write(files.save_file, record)

    async def load_file(self, file: str) -> FileRecord | None:
        return await self._read(files.load_file, file)

    async def link_files(self, uses: Sequence[FileUse]) -> None:
        await self._write(files.link_files, list(uses))

    async def file_uses(self, file: str) -> list[FileUse]:
        return await self._read(files.file_uses, file)

    async def file_bytes(self, user: str) -> int:
        return await self._read(files.file_bytes, user)

    async def files_of(self, user: str) -> list[FileRecord]:
        return await self._read(files.files_of, user)

    async def unused_files(self, before: int, limit: int) -> list[FileRecord]:
        return await self._read(files.unused_files, before, limit)

    async def delete_files(self, files_: Iterable[str]) -> None:
        await self._write(files.delete_files, list(files_))

    # -- the outbox --------------------------------------------------------------------------------

    async def put_outbox(self, events: Sequence[bytes]) -> None:
        await self._write(outbox.put, list(events))

    async def outbox(self, limit: int) -> list[tuple[int, bytes]]:
        return await self._read(outbox.oldest, limit)

    async def drop_outbox(self, numbers: Iterable[int]) -> None:
        await self._write(outbox.drop, list(numbers))

    async def outbox_size(self) -> int:
        return await self._read(outbox.size)


def _user_and_contacts(db: apsw.Connection, user: str) -> tuple[User, list[Contact]] | None:
    found = accounts.load_user(db, user)
    return (found, topics.contacts(db, user, None)) if found else None


def _check_names(changes: dict[str, Any], known: Sequence[str]) -> None:
    """Names go into SQL: only those of columns may."""
    for name in changes:
        if name not in known and name != "tags":
            raise TypeError(f"no field {name!r} to change; there are tags, {', '.join(known)}")
