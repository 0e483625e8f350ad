"""Passwords: argon2id hashes, computed in threads; argon2-cffi lets go of the GIL meanwhile."""

import asyncio
import base64
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from pipit.wire import status
from pipit.wire.status import Refused

T = TypeVar("T")

PATIENCE = 4.0
"""Seconds that a hash may have to wait: clients give up after 5 (protocol.md, section 11, 2)."""

FIRST_GUESS = 0.1
"""Seconds that a hash is taken to last until one was measured."""

LEARNING = 0.25
"""How much of its estimate the hasher takes from the latest measurement."""


class Hasher:
    """Hashes and verifies a few passwords at a time; others wait, but no longer than clients do."""

    def __init__(self, memory_kib: int, passes: int, workers: int) -> None:
        self._argon2 = PasswordHasher(passes, memory_kib, parallelism=1)
        self._dummy = _dummy_hash(self._argon2)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="password")
        self._workers = workers
        self._seconds = FIRST_GUESS
        self._under_way = 0

    async def hash(self, password: str) -> str:
        """The text to store for a password. Raises Refused (503) if too many wait."""
        return await self._run(lambda: self._argon2.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether a stored hash is that of the password. Raises Refused (503) if too many wait.

        None, for a login that nobody has, takes as long as a wrong password.
        """
        return await self._run(lambda: self._matches(stored or self._dummy, password))

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other settings than today's."""
        return self._argon2.check_needs_rehash(stored)

    def close(self) -> None:
        """Ends the threads; what waits is given up."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._argon2.verify(stored, password)
        except (Argon2Error, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if (self._under_way + 1) / self._workers * self._seconds > PATIENCE:
            raise Refused(status.UNAVAILABLE)
        self._under_way += 1
        try:
            result, seconds = await asyncio.get_running_loop().run_in_executor(
                self._pool, _timed, work
            )
        finally:
            self._under_way -= 1
        self._seconds += LEARNING * (seconds - self._seconds)
        return result


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def _dummy_hash(argon2: PasswordHasher) -> str:
    """A hash that no password has, encoded as the reference implementation does."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()
        for size in (argon2.salt_len, argon2.hash_len)
    )
    costs = f"m={argon2.memory_cost},t={argon2.time_cost},p={argon2.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${digest}"
