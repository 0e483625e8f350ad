"""Ranges of message numbers, half open: [low, hi)."""

from collections.abc import Iterable

Span = tuple[int, int]
"""low (inclusive), hi (exclusive)."""


def join(spans: Iterable[Span]) -> list[Span]:
    """The same numbers as few spans as can be, in rising order, none touching another."""
    joined: list[Span] = []
    for low, hi in sorted(spans):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(hi, joined[-1][1]))
        else:
            joined.append((low, hi))
    return joined


def count(spans: Iterable[Span]) -> int:
    """How many numbers disjoint spans hold."""
    return sum(hi - low for low, hi in spans)


def clip(spans: Iterable[Span], low: int, hi: int) -> list[Span]:
    """The parts of the spans that lie within [low, hi)."""
    cut = ((max(a, low), min(b, hi)) for a, b in spans)
    return [(a, b) for a, b in cut if a < b]
