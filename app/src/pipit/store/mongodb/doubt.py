"""Messages that were given up before the server said what became of them.

Their senders were told that they were not stored, and will send them again: stored after all, they
would be seen twice. So nobody is shown them, and before anything else is stored they are looked for
and erased. What is under way to a server that was frozen can be carried out once it goes on, later
than any look; so messages have a client of their own, closed when it fails, and the look waits
until the server has no connection of that client any more.
"""

import asyncio
import logging
import time
from collections.abc import Iterable

from pymongo import DeleteOne

from pipit.config.settings import Database
from pipit.store.mongodb import database
from pipit.store.mongodb.batch import Entry
from pipit.store.mongodb.database import Db
from pipit.store.mongodb.documents import END, message_id

log = logging.getLogger(__name__)

LOOK_AGAIN = 0.05
"""Seconds between two looks at the server's connections."""

ENOUGH = 10.0
"""Seconds after which a connection that the server still has counts as dead: the network between
was cut, and what it had not passed on by then is not carried out any more.
"""


class Line:
    """The client that messages are stored through, and those whose fate is not known."""

    def __init__(self, place: Database) -> None:
        self._place = place
        self._client, self._name = database.connect(place)
        self.name = self._name
        self._old: list[str] = []
        self._lost: list[Entry] = []
        self._closing: list[asyncio.Task[None]] = []
        self._reached_at: float | None = None
        self._settling = asyncio.Lock()

    @property
    def db(self) -> Db:
        """The database, through this client."""
        return database.database(self._client, self._place.name)

    async def close(self) -> None:
        """Ends the connections."""
        await asyncio.gather(database.disconnect(self._client), *self._closing)

    def end(self, topic: str) -> int:
        """From this number on, messages of a topic may be there that must not be seen."""
        lost = (entry.message.seq for entry in self._lost if entry.message.topic == topic)
        return min(lost, default=END)

    def give_up(self, entries: Iterable[Entry]) -> None:
        """From now on these count as not stored."""
        self._lost += entries
        self._old.append(self._name)
        self._reached_at = None
        self._closing.append(asyncio.create_task(database.disconnect(self._client)))
        self._client, self._name = database.connect(self._place)

    async def settle(self) -> None:
        """Erases what was given up and stored nevertheless. Raises PyMongoError."""
        async with self._settling:
            if not self._lost:
                return
            while await self._is_old_one_there():  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN)  # the server tells nobody of this
            found = await self.db.messages.bulk_write(
                [DeleteOne(_exactly(entry)) for entry in self._lost], ordered=False
            )
            log.warning(
                "the database is back; of %d messages given up it had %d, erased now",
                len(self._lost), found.deleted_count,
            )  # fmt: skip
            self._lost.clear()
            self._old.clear()
            self._closing = [task for task in self._closing if not task.done()]

    async def _is_old_one_there(self) -> bool:
        connections = {"$currentOp": {"idleConnections": True, "allUsers": False}}
        ours = {"$match": {"appName": {"$in": self._old}}}
        found = await self._client.admin.aggregate([connections, ours, {"$limit": 1}])
        there = bool(await found.to_list())
        now = time.monotonic()
        self._reached_at = self._reached_at or now
        return there and now - self._reached_at < ENOUGH


def _exactly(entry: Entry) -> dict[str, object]:
    """That message, not another writer's of the same number."""
    message = entry.message
    return {
        "_id": message_id(entry.key, message.seq),
        "ts": message.ts,
        "sender": message.sender,
        "content": message.content,
    }
