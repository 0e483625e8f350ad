"""Everything from one database to another, of whatever kind: `pipit copy-store`.

Each kind of row is read in the source's own order, a batch at a time, and written so that writing
it twice does no harm. The target notes how far it is; so a copy that was broken off goes on from
there, and nothing else uses a target that is not finished. In the end both sides are read, counted
and summed up.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from pipit.store.base import StoreError
from pipit.store.records import (
    CredentialRecord,
    Deletion,
    FileRecord,
    FileUse,
    LoginRecord,
    TopicRecord,
    User,
)

KINDS = (
    "accounts", "topics", "subscriptions", "messages", "deletions", "hidden", "files", "outbox",
)  # fmt: skip
"""What there is to copy, in this order. Rows of subscriptions and messages are the records."""

BATCH = 1000


class Account(Struct):
    """A row of `accounts`: also a deleted one's tombstone."""

    user: User
    logins: list[LoginRecord]
    credentials: list[CredentialRecord]


class Topic(Struct):
    """A row of `topics`. `cleared`: the last deletion that concerned everybody."""

    record: TopicRecord
    cleared: int


class TopicDeletion(Struct):
    """A row of `deletions`."""

    topic: str
    deletion: Deletion


class Hidden(Struct):
    """A row of `hidden`: numbers [low, hi) that one user does not see."""

    topic: str
    user: str
    low: int
    hi: int


class Upload(Struct):
    """A row of `files`."""

    file: FileRecord
    uses: list[FileUse]


class Event(Struct):
    """A row of `outbox`."""

    number: int
    event: bytes


class Mark(Struct):
    """How far an unfinished copy is: `after` is the source's key of the last row of a kind."""

    source: str
    kind: str
    after: Any = None


class Side(Protocol):
    """One of the two databases, used by nobody else meanwhile. Methods raise StoreError."""

    name: str
    """The database, for people."""

    async def open(self) -> None:
        """Gets ready, as a store does; what was left to be erased is erased."""

    async def close(self) -> None:
        """Lets go of it."""

    async def mark(self) -> Mark | None:
        """How far the copy is that it is the target of."""

    async def set_mark(self, mark: Mark | None) -> None:
        """Notes it; None: the copy is finished."""

    async def count(self, kind: str) -> int:
        """How many rows there are."""

    async def read(self, kind: str, after: Any, limit: int) -> tuple[list[Struct], Any]:
        """The next rows after a key (None: the first ones), and the key of the last of them; None
        as the key where there are no more.
        """

    async def write(self, kind: str, rows: Sequence[Any]) -> None:
        """Adds or replaces rows."""

    async def finish(self) -> None:
        """Does what can be done only once all rows are there."""


class Sum(Struct, frozen=True):
    """A kind's number of rows, and the sum of their checksums, whatever their order."""

    rows: int = 0
    checksum: int = 0


Say = Callable[[str, int, int], None]
"""Is told what is done, how many rows of it are, and of how many."""


async def copy(source: Side, target: Side, say: Say) -> dict[str, Sum]:
    """Copies all there is, and proves it: the sums by kind. Both are open. Raises StoreError."""
    mark = await _begin(source, target)
    for kind in KINDS[KINDS.index(mark.kind) :]:
        await _copy(source, target, Mark(source.name, kind, mark.after), say)
        mark.after = None
    await target.finish()
    sums = {kind: await _compare(source, target, kind, say) for kind in KINDS}
    await target.set_mark(None)
    return sums


async def _begin(source: Side, target: Side) -> Mark:
    mark = await target.mark()
    if mark is None:
        for kind in KINDS:
            if await target.count(kind):
                raise StoreError(f"{target.name} is not empty: it holds {kind}")
        mark = Mark(source.name, KINDS[0])
        await target.set_mark(mark)
    elif mark.source != source.name:
        raise StoreError(f"{target.name} is an unfinished copy of {mark.source}")
    return mark


async def _copy(source: Side, target: Side, mark: Mark, say: Say) -> None:
    total, done = await source.count(mark.kind), 0
    while True:
        rows, mark.after = await source.read(mark.kind, mark.after, BATCH)
        if mark.after is None:
            return
        await target.write(mark.kind, rows)
        await target.set_mark(mark)
        done += len(rows)
        say(f"copying {mark.kind}", done, total)


async def _compare(source: Side, target: Side, kind: str, say: Say) -> Sum:
    there = await _sum(source, kind, say)
    here = await _sum(target, kind, say)
    if here != there:
        raise StoreError(
            f"the copy of {kind} differs: {there.rows} rows in {source.name}, {here.rows} in"
            f" {target.name}, checksums {there.checksum:032x} and {here.checksum:032x};"
            " did something else use the databases meanwhile?"
        )
    return here


async def _sum(side: Side, kind: str, say: Say) -> Sum:
    total = await side.count(kind)
    count = checksum = 0
    after: Any = None
    while True:
        rows, after = await side.read(kind, after, BATCH)
        if after is None:
            return Sum(count, checksum)
        for row in rows:
            encoded = msgspec.msgpack.encode(row)
            digest = hashlib.blake2b(encoded, digest_size=16).digest()
            checksum = (checksum + int.from_bytes(digest)) % (1 << 128)
        count += len(rows)
        say(f"checking {kind}", count, total)
