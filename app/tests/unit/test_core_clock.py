"""Time on the wire."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipit.core import clock

times = st.integers(min_value=0, max_value=253_402_300_799_999)  # to the end of the year 9999


@given(times)
@example(16_319)
def test_a_time_comes_back_to_the_millisecond(ms: int) -> None:
    assert clock.parse(clock.text(ms)) == ms


@given(times)
def test_a_time_has_the_form_that_clients_turn_into_a_date(ms: int) -> None:
    stamp = clock.text(ms)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,2}[1-9])?Z", stamp)
    assert 20 <= len(stamp) <= 24


@given(times, times)
def test_later_times_are_greater(one: int, other: int) -> None:
    assert (clock.parse(clock.text(one)) < clock.parse(clock.text(other))) == (one < other)


def test_zones_and_finer_fractions_are_understood() -> None:
    assert clock.parse("2026-11-23T10:10:37.550999+01:00") == clock.parse("2026-11-23T09:10:37.55Z")


@given(st.text())
def test_anything_else_is_a_value_error(stamp: str) -> None:
    try:
        clock.parse(stamp)
    except ValueError:
        return
    assert re.search(r"\d", stamp)


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-11-23", "2026-11-23T09:10:37", "1e9"])
def test_a_time_needs_a_zone(stamp: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        clock.parse(stamp)


def test_now_is_now() -> None:
    assert clock.parse("2020-01-01T00:00:00Z") < clock.now_ms()
