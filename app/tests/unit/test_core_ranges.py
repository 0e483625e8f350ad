"""Ranges of message numbers, against sets of numbers."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipit.core import ranges
from pipit.core.ranges import Span

numbers = st.integers(min_value=0, max_value=60)
spans = st.lists(st.tuples(numbers, st.integers(1, 12)).map(lambda s: (s[0], s[0] + s[1])))


def covered(some: Iterable[Span]) -> set[int]:
    return {number for low, hi in some for number in range(low, hi)}


@given(spans)
def test_joined_spans_hold_the_same_numbers_and_never_touch(some: list[Span]) -> None:
    joined = ranges.join(some)
    assert covered(joined) == covered(some)
    assert all(hi < low for (_, hi), (low, _) in pairwise(joined))
    assert ranges.count(joined) == len(covered(some))


@given(spans, numbers, numbers)
def test_clipped_spans_hold_the_numbers_within(some: list[Span], low: int, hi: int) -> None:
    clipped = ranges.clip(some, low, hi)
    assert covered(clipped) == {number for number in covered(some) if low <= number < hi}
    assert all(a < b for a, b in clipped)
