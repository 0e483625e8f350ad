"""One transaction for all that waits: what can be stored is, what cannot leaves no trace."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import apsw

from pipit.store.base import Duplicate, StoreError, Unavailable
from pipit.store.records import Message
from pipit.store.sqlite.appending import (
    NotTogether,
    Outcome,
    TopicIds,
    append_singly,
    append_together,
)
from pipit.store.sqlite.database import STORAGE_FAULTS
from pipit.store.sqlite.sql import roll_back

log = logging.getLogger(__name__)

TAKEN = {
    "users.id": "user",
    "tags.tag": "alias",
    "logins.scheme, logins.login": "login",
    "credentials.method, credentials.value": "credential",
}
"""The columns that SQLite names when a value is there already, and what that is to the caller."""


@dataclass(slots=True, eq=False)
class Change:
    """`work(db, *args)`, done wholly or not at all, and how it went."""

    work: Callable[..., Any]
    args: tuple[Any, ...]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def settle(self) -> None:
        """Tells who asked; in the event loop."""
        if self.future.done():  # nobody waits any more
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def commit(
    db: apsw.Connection, topics: TopicIds, batch: list[Message | Change]
) -> tuple[list[Outcome | Change], StoreError | None]:
    """Commits a batch, or failing that, what in it can be.

    Returns how each went, and why if nothing could be committed at all.
    """
    try:
        try:
            return _transaction(db, topics, batch, append_together), None
        except NotTogether:
            return _transaction(db, topics, batch, append_singly), None
    except STORAGE_FAULTS as fault:
        error: StoreError = Unavailable(f"the database cannot store: {fault}")
    except Exception as fault:
        log.exception("a batch of changes failed")
        error = StoreError(f"not stored: {fault!r}")
    return list(_failed(batch, error)), error


def _transaction(
    db: apsw.Connection,
    topics: TopicIds,
    batch: list[Message | Change],
    append: Callable[[apsw.Connection, TopicIds, list[Message], set[str]], list[Outcome]],
) -> list[Outcome | Change]:
    done: list[Outcome | Change] = []
    broken: set[str] = set()
    db.execute("BEGIN IMMEDIATE")
    try:
        for part in _runs(batch):
            if isinstance(part, Change):
                done.append(_do(db, part))
            else:
                done += append(db, topics, part, broken)
        db.execute("COMMIT")
        return done
    except BaseException:
        topics.clear()  # some may be of topics that are not made after all
        raise
    finally:
        roll_back(db)


def _runs(batch: list[Message | Change]) -> Iterator[list[Message] | Change]:
    """The batch in its order, messages that follow each other as one list."""
    run: list[Message] = []
    for item in batch:
        if isinstance(item, Message):
            run.append(item)
            continue
        if run:
            yield run
            run = []
        yield item
    if run:
        yield run


def _do(db: apsw.Connection, change: Change) -> Change:
    change.error = None
    db.execute("SAVEPOINT change")
    try:
        change.result = change.work(db, *change.args)
    except STORAGE_FAULTS:
        raise  # the whole transaction is lost
    except Exception as fault:
        change.error = _refusal(fault) if isinstance(fault, apsw.ConstraintError) else fault
        db.execute("ROLLBACK TO change")
    db.execute("RELEASE change")
    return change


def _refusal(fault: apsw.ConstraintError) -> StoreError:
    """What a broken rule of the schema means to the caller."""
    what = TAKEN.get(str(fault).removeprefix("UNIQUE constraint failed: "))
    return Duplicate(what) if what else StoreError(f"not stored: {fault}")


def _failed(batch: list[Message | Change], error: StoreError) -> Iterator[Outcome | Change]:
    for item in batch:
        if isinstance(item, Message):
            yield Outcome([item], error)
        else:
            item.error = error
            yield item
