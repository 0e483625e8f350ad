"""How long to wait before the next attempt to connect."""

import random
from collections.abc import Callable, Iterator

FIRST_SECONDS = 1.0
MOST_SECONDS = 30.0


def delays(pick: Callable[[float, float], float] = random.uniform) -> Iterator[float]:
    """Seconds to wait before each attempt, without end: 0 to 1, 0 to 2, 0 to 4, … 0 to 30.

    The whole wait is random ("full jitter"), so that the clients of a server that comes back do
    not arrive together: of the kinds compared by M. Brooker, "Exponential Backoff And Jitter" (AWS
    Architecture Blog, 2015), it took the least work.
    """
    most = FIRST_SECONDS
    while True:
        yield pick(0.0, most)
        most = min(most * 2, MOST_SECONDS)
