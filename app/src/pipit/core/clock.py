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
_SECONDS = [f"{second:02d}" for second in range(60)]
_FRACTIONS = ["Z", *(f".{ms:03d}".rstrip("0") + "Z" for ms in range(1, 1000))]


@lru_cache(maxsize=4096)
def _minute(number: int) -> str:
    return (EPOCH + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:")


def text(ms: int) -> str:
    """A time in milliseconds since 1970 as the wire writes it.

    Put together from parts: a list of 50 conversations has 100 of them, rarely two alike, and
    `strftime` for each would be a third of what it costs to answer a login.
    """
    minute, rest = divmod(ms, 60_000)
    second, fraction = divmod(rest, 1000)
    return _minute(minute) + _SECONDS[second] + _FRACTIONS[fraction]


def parse(stamp: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time. Raises ValueError for anything else."""
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None:
        raise ValueError(f"time {stamp!r} has no zone: want e.g. 2026-11-23T09:10:37.55Z")
    return (moment - EPOCH) // timedelta(milliseconds=1)
