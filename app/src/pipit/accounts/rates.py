"""How often something may be done: for each key so many at once, and as many again per period."""

import math
import time
from collections.abc import Callable, Hashable
from itertools import islice

from pipit.wire import status
from pipit.wire.status import Refused

SWEEP_FROM = 1024
MOST_KEYS = 100_000
"""Beyond this the keys seen first are forgotten, so that nobody fills the memory with new ones."""

_ROUNDING = 1e-6


class Rate:
    """A token bucket for each key, held as one number: when it is full again (GCRA, ITU-T I.371).

    Times are seconds of a clock that never goes back.
    """

    __slots__ = ("_clock", "_full_at", "_interval", "_slack", "_sweep_from")

    def __init__(
        self,
        amount: int,
        period: float,
        burst: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`amount` per `period` in the long run; at once `burst`, or as many."""
        self._interval = period / amount
        self._slack = ((burst or amount) - 1) * self._interval + _ROUNDING
        self._full_at: dict[Hashable, float] = {}
        self._sweep_from = SWEEP_FROM
        self._clock = clock

    def __len__(self) -> int:
        """How many keys are held in memory."""
        return len(self._full_at)

    def wait(self, key: Hashable) -> float:
        """Seconds until `take` will do it; 0.0 for at once."""
        return max(0.0, self._full_at.get(key, 0.0) - self._clock() - self._slack)

    def take(self, key: Hashable) -> float:
        """Counts one and returns 0.0, or, counting nothing, the seconds to wait."""
        now = self._clock()
        full_at = self._full_at.get(key, now)
        wait = full_at - now - self._slack
        if wait > 0:
            return wait
        self._full_at[key] = (full_at if full_at > now else now) + self._interval
        if len(self._full_at) > self._sweep_from:
            self._sweep(now)
        return 0.0

    def give_back(self, key: Hashable) -> None:
        """Uncounts one that was taken."""
        if key in self._full_at:
            self._full_at[key] -= self._interval

    def _sweep(self, now: float) -> None:
        live = {key: at for key, at in self._full_at.items() if at > now}
        excess = max(0, len(live) - MOST_KEYS)
        self._full_at = dict(islice(live.items(), excess, None))
        self._sweep_from = max(SWEEP_FROM, 2 * len(self._full_at))


def too_many(wait: float) -> Refused:
    """The refusal (429) that tells in how many seconds to try again."""
    return Refused(status.TOO_MANY, {"wait": math.ceil(wait)})
