"""Time on the wire: UTC with at most milliseconds, `2026-11-23T09:10:37.55Z`.

The JS client turns only strings of 20 to 24 characters into dates (protocol.md, section 11, 14), so
trailing zeros of the fraction are cut and there is never an offset.
"""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache


def now_ms() -> int:
    """Milliseconds since 1970 by the wall clock."""
    return time.time_ns() // 1_000_000


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTIONS = ["Z", *(f".{ms:03d}".rstrip("0") + "Z" for ms in range(1, 1000))]


@lru_cache(maxsize=1024)
def _minute(number: int) -> str:
    return (EPOCH + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:")


@lru_cache(maxsize=8192)
def _second(number: int) -> str:
    minute, second = divmod(number, 60)
    return f"{_minute(minute)}{second:02d}"


def text(ms: int) -> str:
    """A time in milliseconds since 1970 as the wire writes it.

    Put together from parts: a list of 50 conversations has 150 of them, rarely two alike. This
    takes 0.22 µs each, 0.51 µs without `_second`, and `strftime` for each would be a third of what
    it costs to answer a login.
    """
    return _second(ms // 1000) + _FRACTIONS[ms % 1000]


def parse(stamp: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time. Raises ValueError for anything else."""
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None:
        raise ValueError(f"time {stamp!r} has no zone: want e.g. 2026-11-23T09:10:37.55Z")
    return (moment - EPOCH) // timedelta(milliseconds=1)
