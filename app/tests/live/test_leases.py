"""Leases in a real Redis: a slot has one owner at most, whatever becomes of Redis and gateways."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import redis
from redis.asyncio import Redis

from pipit.cluster.leases import Callbacks, Leases, now
from pipit.cluster.script import KEYS
from pipit.cluster.slots import SLOTS
from tests.support.redis_server import RedisServer

LEASE = 0.6
PATIENCE = 15.0


class Owners:
    """Gateways as far as leases go; `frozen` ones do nothing, as if stopped."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.living: list[Leases] = []

    def come(self, *names: str) -> None:
        for name in names:
            client = Redis.from_url(
                self.server.url, single_connection_client=True, socket_timeout=LEASE
            )
            leases = Leases(client, name, f"/run/{name}.sock", LEASE)
            self.living.append(leases)
            leases.start(Callbacks(lambda moved: None, self._hand_over, self._look))

    async def _hand_over(self, slots: set[int]) -> None:
        await asyncio.sleep(0)

    def _look(self) -> None:
        for leases in self.living:
            leases.look()

    async def die(self, leases: Leases) -> None:
        """Ends without a word, like a process that is killed."""
        self.living.remove(leases)
        leases._living = False
        leases.look()
        await asyncio.wait(leases._tasks)
        await leases.close()

    def check(self) -> int:
        """How many slots are owned. AssertionError if one has two owners."""
        owned = [slot for one in self.living if one.certain for slot in one.mine]
        assert len(owned) == len(set(owned))
        return len(owned)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits, and looks at every step that nothing has two owners."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.check()
                await asyncio.sleep(0.002)
        self.check()

    async def all_owned(self) -> None:
        await self.until(lambda: self.check() == SLOTS and all(one.mine for one in self.living))


@asynccontextmanager
async def owners(server: RedisServer, *names: str) -> AsyncIterator[Owners]:
    all = Owners(server)
    all.come(*names)
    try:
        await all.all_owned()
        yield all
    finally:
        for leases in all.living:
            await leases.stop()
            await leases.close()


async def test_nobody_claims_anything_before_a_whole_lease_has_passed(
    redis_server: RedisServer,
) -> None:
    began = now()
    async with owners(redis_server, "a", "b"):
        assert now() - began >= LEASE


async def test_who_joins_gets_its_share_from_the_others_at_once(redis_server: RedisServer) -> None:
    async with owners(redis_server, "a", "b") as all:
        before = [one.mine for one in all.living]
        all.come("c")
        await all.all_owned()
        assert all.living[2].mine == (before[0] | before[1]) - (
            all.living[0].mine | all.living[1].mine
        )
        assert all.living[0].mine < before[0]
        assert all.living[1].mine < before[1]


async def test_who_leaves_hands_over_and_who_dies_is_replaced(redis_server: RedisServer) -> None:
    async with owners(redis_server, "a", "b", "c", "d") as all:
        leaving = all.living.pop()
        await leaving.stop()
        await leaving.close()
        await all.all_owned()
        await all.die(all.living[0])
        await all.all_owned()


async def test_a_restarted_redis_without_memory_takes_nothing_away(
    redis_server: RedisServer,
) -> None:
    async with owners(redis_server, "a", "b", "c") as all:
        before, tokens = [one.mine for one in all.living], [one.token for one in all.living]
        redis_server.kill()
        await asyncio.to_thread(redis_server.start)
        await all.until(lambda: leases_known(redis_server) == SLOTS)
        await all.all_owned()
        assert [one.mine for one in all.living] == before
        await all.until(lambda: min(one.token for one in all.living) >= max(tokens))


def leases_known(server: RedisServer) -> int:
    """How many leases Redis knows of."""
    with redis.Redis.from_url(server.url) as client:
        return int(client.hlen(KEYS[2]))


async def test_a_flushed_redis_takes_nothing_away(redis_server: RedisServer) -> None:
    async with owners(redis_server, "a", "b") as all:
        before = [one.mine for one in all.living]
        async with Redis.from_url(redis_server.url) as redis:
            await redis.flushall()
        await all.until(lambda: leases_known(redis_server) == SLOTS)
        assert [one.mine for one in all.living] == before


async def test_without_redis_all_leases_end_and_come_back_with_it(
    redis_server: RedisServer,
) -> None:
    async with owners(redis_server, "a", "b") as all:
        redis_server.kill()
        await all.until(lambda: all.check() == 0)
        await asyncio.to_thread(redis_server.start)
        await all.all_owned()


async def test_one_that_was_frozen_owns_nothing_when_it_wakes_up(
    redis_server: RedisServer,
) -> None:
    async with owners(redis_server, "a", "b") as all:
        frozen = all.living[0]
        had, clock = frozen.mine, frozen.clock
        assert frozen.holds("sys") or all.living[1].holds("sys")
        ahead = LEASE * 2
        frozen.clock = lambda: clock() + ahead  # it looks at its clock before anything else
        assert had
        assert not frozen.certain
        assert not any(frozen.serves(slot) for slot in had)
        frozen.clock = clock
        await all.all_owned()
