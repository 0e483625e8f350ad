"""How far a long command is, on standard error: one line that changes, or a line now and then."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

TERMINAL_SECONDS = 0.1
LOG_SECONDS = 10.0
"""Where standard error is no terminal."""


class Progress:
    """Counts steps of something; told at most every few seconds, and at its end."""

    def __init__(self, what: str, total: int) -> None:
        self.what = what
        self.total = total
        self.done = 0
        self._terminal = sys.stderr.isatty()
        self._pause = TERMINAL_SECONDS if self._terminal else LOG_SECONDS
        self._next = time.monotonic() + self._pause

    def step(self, steps: int = 1) -> None:
        """So many more are done."""
        self.done += steps
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._pause
            self.show()

    def show(self) -> None:
        """Tells how far it is."""
        percent = 100 * self.done // self.total if self.total else 100
        text = f"{self.what}: {self.done:,} of {self.total:,} ({percent} %)"
        start, end = ("\r", "\x1b[K") if self._terminal else ("", "\n")
        print(start + text, end=end, file=sys.stderr, flush=True)


@contextmanager
def progress(what: str, total: int) -> Iterator[Progress]:
    """Progress that tells its end, unless something is raised, and ends its line."""
    shown = Progress(what, total)
    try:
        yield shown
        shown.show()
    finally:
        if sys.stderr.isatty():
            print(file=sys.stderr)
