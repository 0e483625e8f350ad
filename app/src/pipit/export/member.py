"""Writes what is a member's into an archive, part by part."""

import re
from collections.abc import AsyncIterator, Callable
from math import ceil
from typing import Any

import msgspec

from pipit.accounts import basic
from pipit.core import access, ids
from pipit.export import pages, records
from pipit.export.archive import Archive
from pipit.export.conversations import Conversation, Names, conversations, messages
from pipit.export.index import index
from pipit.gateway.filestore import FileStore
from pipit.gateway.sniffing import extension
from pipit.store.base import Store
from pipit.store.records import FileRecord, Message, User

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
"""What not every file system takes in a name."""


class Export:
    """One member's data on its way out. `paths`: where each file is, "" if its bytes are lost."""

    def __init__(
        self, store: Store, files: FileStore, user: User, found: list[Conversation]
    ) -> None:
        self.store = store
        self.files = files
        self.user = user
        self.conversations = found
        self.names = Names(store)
        self.paths: dict[str, str] = {}

    @classmethod
    async def of(cls, store: Store, files: FileStore, user: User) -> "Export":
        """The export of what there is now; what comes later is left out."""
        return cls(store, files, user, await conversations(store, user.id))

    @property
    def steps(self) -> int:
        """How much there is to do: each message is read twice."""
        return 2 * sum(one.last for one in self.conversations)

    async def write(self, archive: Archive, step: Callable[[int], None]) -> None:
        """Writes everything; tells of its steps. Raises StoreError, OSError."""
        for conversation in self.conversations:
            await self._about(archive, conversation)
            await self._lines(archive, conversation, step)
            await self._pages(archive, conversation, step)
        uploads = [
            (record, self._copy(archive, record))
            for record in await self.store.files_of(self.user.id)
        ]
        login = await self.store.login_of(self.user.id, basic.SCHEME)
        profile = records.profile(self.user, login, await self.store.credentials_of(self.user.id))
        profile["uploads"] = [records.upload(record, path) for record, path in uploads]
        archive.put("profile.json", _json(profile))
        archive.put("index.html", index(self.user, profile, self.conversations, uploads))

    # -- a conversation ----------------------------------------------------------------------------

    async def _about(self, archive: Archive, conversation: Conversation) -> None:
        sub = conversation.contact.sub
        about = {
            "topic": records.topic_name(sub.topic, self.user.id, reader=sub.reader),
            "kind": conversation.kind,
            "title": conversation.title,
            "public": records.decoded(conversation.contact.public),
            "private": records.decoded(sub.private),
            "access": access.text(sub.mode),
            "read": sub.read,
            "received": sub.recv,
            "members": [] if sub.reader else await self._members(sub.topic),
        }
        archive.put(f"{conversation.folder}/about.json", _json(about))

    async def _members(self, topic: str) -> list[dict[str, Any]]:
        found = await self.store.load_topic(topic)
        members = [one for one in found[1] if one.sub.deleted is None] if found else []
        return [records.member(one) for one in members]

    async def _lines(
        self, archive: Archive, conversation: Conversation, step: Callable[[int], None]
    ) -> None:
        """The messages for programs, and the files that are in them."""
        found: dict[str, FileRecord] = {}
        with archive.part(f"{conversation.folder}/messages.jsonl") as part:
            async for message in messages(self.store, self.user.id, conversation):
                line = await self._line(conversation, message)
                part.write(msgspec.json.encode(line) + b"\n")
                for record in await self._files_in(message):
                    found[record.id] = record
                conversation.messages += 1
                step(1)
        step(conversation.last - conversation.messages)
        for record in found.values():
            self._copy(archive, record)

    async def _pages(
        self, archive: Archive, conversation: Conversation, step: Callable[[int], None]
    ) -> None:
        """The messages for people."""
        stream = messages(self.store, self.user.id, conversation)
        last = max(1, ceil(conversation.messages / pages.MESSAGES))
        for number in range(1, last + 1):
            title = conversation.title or conversation.kind
            turning = pages.turning(number, last)
            with archive.part(f"{conversation.folder}/{pages.page_name(number)}") as part:
                part.write((pages.opening(title) + turning).encode())
                async for message in _some(stream, pages.MESSAGES):
                    part.write((await self._article(conversation, message)).encode())
                    step(1)
                part.write((turning + pages.CLOSING).encode())
        step(conversation.last - conversation.messages)

    async def _line(self, conversation: Conversation, message: Message) -> records.Line:
        hidden = conversation.contact.sub.reader
        return records.line(message, None if hidden else await self.names.of(message.sender))

    async def _article(self, conversation: Conversation, message: Message) -> str:
        return pages.message(
            await self._line(conversation, message),
            records.decoded(message.head),
            records.decoded(message.content),
            own=message.sender == self.user.id,
            paths=self.paths,
        )

    # -- files -------------------------------------------------------------------------------------

    async def _files_in(self, message: Message) -> list[FileRecord]:
        """Files named in a message that were sent with it, or are the member's own."""
        found = []
        for name in dict.fromkeys(ids.FILE_URL_IN_JSON.findall(message.content)):
            record = await self.store.load_file(name.decode())
            if record is not None and await self._may_read(record, message):
                found.append(record)
        return found

    async def _may_read(self, record: FileRecord, message: Message) -> bool:
        if record.owner == self.user.id:
            return True
        uses = await self.store.file_uses(record.id)
        return any(use.target == message.topic and use.seq == message.seq for use in uses)

    def _copy(self, archive: Archive, record: FileRecord) -> str:
        """Where the file is in the archive, put there unless it is already; "" if it is lost."""
        if record.id not in self.paths:
            name = _UNSAFE.sub("_", record.name).strip(". ") or f"file{extension(record.mime)}"
            path = f"files/{record.id}/{name}"
            try:
                archive.copy(path, self.files.path(record.id), record.mime)
            except FileNotFoundError:
                path = ""
            self.paths[record.id] = path
        return self.paths[record.id]


async def _some(stream: AsyncIterator[Message], most: int) -> AsyncIterator[Message]:
    """The next ones of a stream."""
    for _ in range(most):
        message = await anext(stream, None)
        if message is None:
            return
        yield message


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
