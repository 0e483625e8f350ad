"""Leases of slots in Redis: who owns what, and whether that is certain right now.

A gateway owns a slot from the moment Redis grants it until it gives it back, or until its own
lease is over. Every word from a gateway renews its lease, counted from when it was *sent*, by a
clock that no one sets (CLOCK_BOOTTIME, which goes on while a process is stopped or a machine
sleeps). A process that was frozen finds its lease over when it looks, and it looks before it
writes or acknowledges anything (fencing.py).

Nothing depends on Redis's clock, nor on clocks that agree, as a Pi starts with a wrong one: who
wants the slots of a gateway that fell silent has seen the same beat of it for a whole lease by its
own clock, and Redis takes them away only if that is still its last beat.

What if Redis loses its memory (a restart, FLUSHALL, a fall-back to an older state)? Its run id, or
the lack of one, begins a new era, in which nothing is granted. Owners whose lease still holds say
so and stay owners; what nobody holds is claimed only by those who have known the era for a whole
lease. By then every lease of before is either said again or over. So there are never two owners:
while Redis is away, owners go on until their leases end, then nobody owns anything.

Tokens number the grants and only rise: gateways tell the highest that they have seen.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from pipit.cluster.script import KEYS, SCRIPT
from pipit.cluster.slots import SLOTS, shares, slot_of

log = logging.getLogger(__name__)

BEATS_PER_LEASE = 6
CERTAIN = 0.9
"""Of a lease its holder uses so much: clocks of two boards differ by far less than a tenth."""


def now() -> float:
    """Seconds of a clock that is never set and never stands still."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class Member:
    """A gateway, as last heard of. `beat` changes with each sign of life, first seen at `since`.

    `phase`: `new` while it may claim nothing yet, `ready`, `leaving`.
    """

    id: str
    beat: str
    since: float
    phase: str
    address: str

    @property
    def name(self) -> str:
        """As its settings call it; `id` is of one process."""
        return name_of(self.id)


def name_of(member: str) -> str:
    """The name of a member's gateway."""
    return member.rpartition(".")[0]


@dataclass(slots=True)
class Callbacks:
    """What others do about it. `moved` is told the former owners of slots that have another now, or
    of none where a slot is served again; `handing_over` returns when nothing of these slots is
    under way any more; `granted` is called when this gateway has changed anything in Redis.
    """

    moved: Callable[[dict[int, str]], None]
    handing_over: Callable[[set[int]], Awaitable[None]]
    granted: Callable[[], None]


class Leases:
    """This gateway among the others. `owners`: the member's id for each slot, "" for none."""

    def __init__(
        self,
        redis: Redis,
        name: str,
        address: str,
        seconds: float,
        clock: Callable[[], float] = now,
    ) -> None:
        self.redis = redis
        self.id = f"{name}.{secrets.token_hex(4)}"
        self.name = name
        self.address = address
        self.seconds = seconds
        self.clock = clock
        self.members: dict[str, Member] = {}
        self.owners = [""] * SLOTS
        self.handing_over: set[int] = set()
        self.phase = "new"
        self.until = 0.0
        self.token = 0
        self._tokens = [0] * SLOTS
        self._era, self._era_since, self._joined, self._version = "", 0.0, "", -1
        self._script = redis.register_script(SCRIPT)
        self._callbacks: Callbacks | None = None
        self._poke = asyncio.Event()
        self._living = True
        self._tasks: set[asyncio.Task[None]] = set()

    # -- questions ---------------------------------------------------------------------------------

    @property
    def certain(self) -> bool:
        """Whether what Redis granted last still holds, beyond doubt."""
        return self.clock() < self.until

    def holds(self, topic: str) -> bool:
        """Whether this gateway, and no other, may change a topic right now."""
        return self.owners[slot_of(topic)] == self.id and self.clock() < self.until

    def serves(self, slot: int) -> bool:
        """Whether this gateway takes new requests for a slot."""
        mine = self.owners[slot] == self.id and slot not in self.handing_over
        return mine and self.clock() < self.until

    @property
    def mine(self) -> set[int]:
        """The slots of this gateway."""
        return {slot for slot, owner in enumerate(self.owners) if owner == self.id}

    # -- living ------------------------------------------------------------------------------------

    def start(self, callbacks: Callbacks) -> None:
        """Begins to take part."""
        self._callbacks = callbacks
        self._begin(self._run())

    async def stop(self) -> None:
        """Hands everything over and leaves; what cannot be said in time the others find out."""
        self.phase = "leaving"
        try:
            async with asyncio.timeout(self.seconds):
                await self._hand_over(self.mine - self.handing_over)
                await self._say("leave")
        except (RedisError, OSError, TimeoutError) as fault:
            log.warning("left without a word: %s", str(fault) or "Redis did not answer in time")
        self._living = False
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Lets go of Redis."""
        await self.redis.aclose()

    def look(self) -> None:
        """Something has changed: asks Redis at once."""
        self._poke.set()

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        pause = self.seconds / BEATS_PER_LEASE
        while self._living:  # redis-py may swallow that the task is cancelled
            self._poke.clear()
            try:
                async with asyncio.timeout(self.seconds / 3):
                    await self._beat()
                    await self._take_share()
            except (RedisError, OSError, TimeoutError) as fault:
                log.warning("leases are not renewed: %s", str(fault) or "Redis does not answer")
            if not self.certain:
                self._lose_all()
            try:
                async with asyncio.timeout(pause):
                    await self._poke.wait()
            except TimeoutError:
                pass

    async def _beat(self) -> None:
        """Renews the leases. In a new era those that hold are said again; who was taken for dead
        begins anew, without any.
        """
        if await self._say("beat"):
            return
        if self._era == self._joined or not self.certain:
            self._lose_all()
        held = sorted(self.mine)
        leases = [word for slot in held for word in (slot, self._tokens[slot])]
        await self._say("join", *leases)
        self._joined = self._era

    def _lose_all(self) -> None:
        """This gateway owns nothing any more; what it knows of others does no harm."""
        if self.mine:
            log.warning("the leases of all topics are lost")
        self._settle(["" if owner == self.id else owner for owner in self.owners])
        self._version = -1

    async def _take_share(self) -> None:
        """Claims what is free and this gateway's; begins to hand over what is another's."""
        silent = self._silent()
        if silent:
            await self._say("evict", *(w for member in silent for w in (member.id, member.beat)))
        self._grow_up()
        staying = {m.name for m in self.members.values() if m.phase != "leaving"}
        if not staying:
            return
        share = shares(tuple(sorted(staying)))
        if self.phase == "ready":
            free = [s for s in range(SLOTS) if not self.owners[s] and share[s] == self.name]
            if free:
                await self._say("claim", *free)
        others = {slot for slot in self.mine if share[slot] != self.name} - self.handing_over
        if others:
            self._begin(self._hand_over(others))

    def _silent(self) -> list[Member]:
        """Those of whom nothing was heard for a whole lease."""
        due = self.clock() - self.seconds
        return [m for m in self.members.values() if m.since <= due and m.id != self.id]

    def _grow_up(self) -> None:
        """A gateway may claim once it has known the era for a whole lease, or met one that had."""
        if self.phase == "new":
            waited = self.clock() >= self._era_since + self.seconds
            if waited or any(member.phase == "ready" for member in self.members.values()):
                self.phase = "ready"
                self.look()

    async def _hand_over(self, slots: set[int]) -> None:
        """Lets go of slots; where Redis cannot be told they are this gateway's still."""
        assert self._callbacks is not None
        self.handing_over |= slots
        try:
            await self._callbacks.handing_over(slots)
            if slots:
                await self._say("release", *sorted(slots))
        except (RedisError, OSError) as fault:
            log.warning("slots could not be handed over: %s", fault)
        finally:
            self.handing_over -= slots
            self._callbacks.moved({})

    # -- Redis -------------------------------------------------------------------------------------

    async def _say(self, op: str, *more: str | int) -> bool:
        """Tells Redis, and takes over its answer. False if this gateway is no member.

        Answers come in the order of the questions, as there is one connection only. That each is
        the answer to its question, not to an earlier one that was given up, is looked at, since
        the lease counts from when it was asked.
        """
        sent, call = self.clock(), secrets.token_hex(8)
        known = f"{self._era} {self._version}"
        words = [op, call, self.id, self.address, self.phase, self.token, known, *more]
        reply = await self._script(keys=KEYS, args=words)
        present, era, version, members, table, answered = reply
        if answered.decode() != call:
            if self.redis.connection is not None:
                await self.redis.connection.disconnect()
            raise ConnectionError("Redis answered another question")
        self._meet(dict(_pairs(members)))
        if era.decode() != self._era:
            self._era, self._era_since, self._version = era.decode(), self.clock(), -1
            self.phase = "leaving" if self.phase == "leaving" else "new"
        if present:
            if not self.certain:  # it may have been noticed, and something left undone
                self._lose_all()
            self.until = sent + self.seconds * CERTAIN
            if f"{self._era} {version}" != known:
                self._version = version
                self._settle(self._read(table))
                if self._callbacks is not None and op != "beat":
                    self._callbacks.granted()
        return bool(present)

    def _meet(self, members: dict[str, str]) -> None:
        present = self.clock()
        met = {}
        for id, words in members.items():
            beat, phase, address = words.split(" ", 2)
            known = self.members.get(id)
            since = known.since if known is not None and known.beat == beat else present
            met[id] = Member(id, beat, since, phase, address)
        self.members = met

    def _read(self, table: Iterable[bytes]) -> list[str]:
        owners = [""] * SLOTS
        for slot, lease in _pairs(table):
            owner, token = lease.split()
            owners[int(slot)], self._tokens[int(slot)] = owner, int(token)
            self.token = max(self.token, int(token))
        return owners

    def _settle(self, owners: list[str]) -> None:
        """From now on these are the owners."""
        moved = {s: self.owners[s] for s in range(SLOTS) if owners[s] != self.owners[s]}
        self.owners = owners
        if moved and self._callbacks is not None:
            self._callbacks.moved(moved)


def _pairs(flat: Iterable[bytes]) -> Iterable[tuple[str, str]]:
    """Pairs of what Redis lists one behind the other."""
    words = [word.decode() for word in flat]
    return zip(words[::2], words[1::2], strict=True)
