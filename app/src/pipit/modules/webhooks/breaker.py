"""A circuit breaker: how long to leave alone what fails."""

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Closed: all goes well; after a failure the next try waits, longer with each.

    Open, after `most` failures in a row: `pause` seconds without a try. Then half open: one try,
    which closes it or opens it again. Times are seconds of a clock that never goes back.
    """

    most: int
    pause: float
    failures: int = 0
    retry_at: float = 0.0

    @property
    def open(self) -> bool:
        """Whether it gave up for a while, or is about to probe."""
        return self.failures >= self.most

    def wait(self, now: float) -> float:
        """Seconds until the next try; 0.0 for at once."""
        return max(0.0, self.retry_at - now)

    def succeeded(self) -> None:
        """Closes it."""
        self.failures = 0
        self.retry_at = 0.0

    def failed(self, now: float) -> None:
        """Waits double with each failure, up to `pause`."""
        self.failures += 1
        self.retry_at = now + self.pause * 2.0 ** min(0, self.failures - self.most)
