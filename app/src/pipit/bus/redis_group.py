"""A group's work on Redis: what one process after another does, while it has the group's lease.

All processes share one consumer's name, so that a new one finds at once, and in order, what the
last one left unacknowledged.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
import redis.asyncio as aio
from redis.asyncio.lock import Lock
from redis.exceptions import RedisError, ResponseError

from pipit.bus.base import Handler
from pipit.bus.delivery import Delivery, Recent, reason
from pipit.bus.events import AnyEvent, decode, encode
from pipit.bus.tasks import end, happens
from pipit.core import clock

log = logging.getLogger(__name__)

EVENTS = "pipit:events"
WORKER = "worker"

LEASE_SECONDS = 4.0
"""How long a process that was killed keeps its group from others; renewed four times meanwhile."""

ASK_SECONDS = 0.5
"""How often a process that stands by asks for the lease."""

MOST_DELIVERIES = 10
"""So often an event is handed over that no process lives to settle."""

PAGE = 100
BLOCK_MS = 1000
MOST_DEAD = 10_000
"""Dead letters kept for a group; the oldest make room."""

RETRY = 1.0

Entry = tuple[bytes, dict[bytes, bytes]]
Ticket = tuple[str, bytes]
"""Stream and number of an event."""


def replayed_key(group: str) -> str:
    """The stream of dead letters that a group is to try again."""
    return f"pipit:replayed:{group}"


def dead_key(group: str) -> str:
    """The stream of a group's dead letters."""
    return f"pipit:dead:{group}"


class RedisGroup:
    """Works for a group whenever no other process does; made in the event loop, and closed."""

    def __init__(
        self, client: aio.Redis, name: str, handler: Handler, at_once: int, retries: Sequence[float]
    ) -> None:
        self._client = client
        self._name = name
        self._handler = handler
        self._at_once = at_once
        self._retries = retries
        self._streams = (EVENTS, replayed_key(name))
        self._recent = Recent()
        self._known = asyncio.Event()
        self._stop = asyncio.Event()
        self._away = False
        self._lease = Lock(client, f"pipit:lease:{name}", timeout=LEASE_SECONDS)
        self._task = asyncio.create_task(self._run(), name=f"bus-{name}")

    async def ready(self) -> None:
        """Waits until Redis knows the group."""
        await self._known.wait()

    async def close(self) -> None:
        """Lets handlers finish, for PATIENCE seconds; what they do not manage is left to others."""
        self._stop.set()
        await self._task
        with suppress(RedisError, OSError):
            await self._client.aclose()

    async def _run(self) -> None:
        while not self._stop.is_set():
            try:
                await self._make_group()
                if await self._take_lease():
                    await self._work()
            except Exception as fault:  # whatever it is, the group goes on
                if not self._away:
                    log.warning("%s waits for Redis: %r", self._name, fault)
                self._away = True
                await happens(self._stop, RETRY)

    async def _make_group(self) -> None:
        """A new group begins with what comes from now on, one that Redis lost with all there is."""
        start = "0" if self._known.is_set() else "$"
        for stream, first in zip(self._streams, (start, "0"), strict=True):
            try:
                await self._client.xgroup_create(stream, self._name, first, mkstream=True)
            except ResponseError as fault:
                if not str(fault).startswith("BUSYGROUP"):
                    raise
        self._known.set()
        if self._away:
            log.warning("%s goes on", self._name)
        self._away = False

    async def _work(self) -> None:
        """Handles events while the lease lasts. Raises RedisError, OSError."""
        delivery = Delivery(
            self._name, self._handler, self._settle, self._recent, self._at_once, self._retries
        )
        renewing = asyncio.create_task(self._renew_lease())
        consuming = asyncio.create_task(self._consume(delivery))
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait([renewing, consuming, stopping], return_when=asyncio.FIRST_COMPLETED)
        faults = [task.exception() for task in (renewing, consuming) if task.done()]
        await end(consuming)
        await delivery.halt(self._stop)  # the lease is kept meanwhile
        await end(renewing, stopping)
        await self._give_lease_back()
        for fault in filter(None, faults):
            raise fault

    async def _give_up_on_killers(self) -> None:
        """Events that ended one process after another, lest the group never goes on."""
        for stream in self._streams:
            pending: Any = await self._client.xpending_range(
                stream, self._name, "-", "+", count=self._at_once
            )
            for row in pending:
                if row["times_delivered"] >= MOST_DELIVERIES:
                    await self._give_up(stream, row["message_id"])

    async def _give_up(self, stream: str, number: bytes) -> None:
        found: Any = await self._client.xrange(stream, number, number)
        for _, fields in found:
            killed = RuntimeError(f"{MOST_DELIVERIES} processes ended before they had handled it")
            await self._settle(decode(fields[b"event"]), (stream, number), killed)

    async def _consume(self, delivery: Delivery[Ticket]) -> None:
        """What was left unacknowledged, then what comes. Raises RedisError, OSError."""
        await self._give_up_on_killers()
        await self._catch_up(delivery)
        latest: dict[Any, Any] = dict.fromkeys(self._streams, ">")
        while True:
            found: Any = await self._client.xreadgroup(
                self._name, WORKER, latest, count=PAGE, block=BLOCK_MS
            )
            if not found and delivery.idle:  # a reply may have been lost with a connection
                await self._catch_up(delivery)
            for stream, entries in found:
                for entry in entries:
                    await self._take(delivery, stream.decode(), entry)

    async def _catch_up(self, delivery: Delivery[Ticket]) -> None:
        """Takes what was handed over before and not acknowledged."""
        for stream in self._streams:
            await self._take_pending(delivery, stream)

    async def _take_pending(self, delivery: Delivery[Ticket], stream: str) -> None:
        after = b"0"
        while True:
            found: Any = await self._client.xreadgroup(
                self._name, WORKER, {stream: after}, count=PAGE
            )
            entries: list[Entry] = found[0][1] if found else []
            if not entries:
                return
            for entry in entries:
                await self._take(delivery, stream, entry)
            after = entries[-1][0]

    async def _take(self, delivery: Delivery[Ticket], stream: str, entry: Entry) -> None:
        number, fields = entry
        text = fields.get(b"event")
        if text is None:
            log.warning("%s lost an event: the stream holds too few for it", self._name)
            await self._acknowledge(stream, number)
            return
        try:
            event = decode(text)
        except msgspec.DecodeError as fault:
            await self._bury(stream, number, text, number.decode(), fault)
            return
        await delivery.put(event, (stream, number))

    async def _settle(self, event: AnyEvent, ticket: Ticket, error: Exception | None) -> None:
        stream, number = ticket
        if error is None:
            await self._acknowledge(stream, number)
            return
        await self._bury(stream, number, encode(event), event.key, error)

    async def _acknowledge(self, stream: str, number: bytes) -> None:
        await self._client.xack(stream, self._name, number)
        if stream != EVENTS:
            await self._client.xdel(stream, number)

    async def _bury(
        self, stream: str, number: bytes, text: bytes, key: str, error: Exception
    ) -> None:
        """Puts an event among the dead letters."""
        letter: Any = {"event": text, "key": key, "at": clock.now_ms(), "reason": reason(error)}
        await self._client.xadd(dead_key(self._name), letter, maxlen=MOST_DEAD)
        await self._acknowledge(stream, number)

    # -- the lease ---------------------------------------------------------------------------------

    async def _take_lease(self) -> bool:
        """Waits until no other process works for the group; False if the bus is closed first.

        One's own lease may be left from before the connection was lost.
        """
        if await self._lease.owned():
            return await self._lease.extend(LEASE_SECONDS, replace_ttl=True)
        while not await self._lease.acquire(blocking=False):
            if await happens(self._stop, ASK_SECONDS):
                return False
        return True

    async def _renew_lease(self) -> None:
        """Keeps it. Raises LockError when another process has it, RedisError, OSError."""
        while True:
            await asyncio.sleep(LEASE_SECONDS / 4)
            await self._lease.extend(LEASE_SECONDS, replace_ttl=True)

    async def _give_lease_back(self) -> None:
        with suppress(RedisError, OSError):
            await self._lease.release()
