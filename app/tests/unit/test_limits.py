"""Limits: what is let through, for how long one has to wait, and who is not concerned."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipit.accounts.rates import MOST_KEYS, Rate
from pipit.config import settings
from pipit.gateway.limits import Limits, network
from pipit.topics.session import Session
from pipit.wire import status
from pipit.wire.status import Refused

HOME, SCHOOL, ELSEWHERE = "192.0.2.1", "192.0.2.2", "198.51.100.7"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def seconds(value: float) -> Any:
    return pytest.approx(value, abs=1e-5)


def limits(clock: Clock, **changes: int | bool) -> Limits:
    return Limits(settings.Limits(**changes), clock)  # type: ignore[arg-type]


def fail(guarded: Limits, address: str, account: str, reason: status.Status) -> None:
    with pytest.raises(Refused) as caught, guarded.guess(address, account):
        raise Refused(reason)
    assert caught.value.status == reason


def wait_of(guarded: Limits, address: str, account: str) -> int:
    """Seconds that an attempt is told to wait; 0 if it is let through (it succeeds then)."""
    try:
        with guarded.guess(address, account):
            return 0
    except Refused as refused:
        return int(refused.params["wait"])


def test_so_many_at_once_then_one_per_interval(clock: Clock) -> None:
    rate = Rate(3, 60, clock=clock)
    assert [rate.take("a") for _ in range(3)] == [0, 0, 0]
    assert rate.take("a") == seconds(20)
    clock.now += 20
    assert rate.take("a") == 0
    assert rate.take("a") == seconds(20)
    assert rate.take("b") == 0


def test_the_burst_may_be_larger_than_what_lasts(clock: Clock) -> None:
    rate = Rate(1, 1, burst=5, clock=clock)
    assert [rate.take("a") for _ in range(6)] == [*[0] * 5, seconds(1)]


def test_a_refused_attempt_costs_nothing(clock: Clock) -> None:
    rate = Rate(1, 10, clock=clock)
    rate.take("a")
    for _ in range(100):
        assert rate.take("a") == rate.wait("a") == seconds(10)


def test_what_is_given_back_may_be_taken_again(clock: Clock) -> None:
    rate = Rate(1, 10, clock=clock)
    rate.take("a")
    rate.give_back("a")
    assert rate.take("a") == 0
    rate.give_back("never taken")
    assert rate.take("never taken") == 0


@given(st.lists(st.floats(0, 5), max_size=200), st.integers(1, 20), st.integers(1, 20))
def test_never_more_than_the_burst_and_what_time_has_brought(
    pauses: list[float], per_second: int, burst: int
) -> None:
    clock = Clock()
    start = clock.now
    rate = Rate(per_second, 1, burst=burst, clock=clock)
    taken = 0
    for pause in pauses:
        clock.now += pause
        taken += rate.take("a") == 0
        assert taken <= burst + (clock.now - start) * per_second + 0.01


def test_keys_that_may_do_all_again_are_forgotten(clock: Clock) -> None:
    rate = Rate(10, 1, clock=clock)
    for key in range(20_000):
        clock.now += 0.01
        rate.take(key)
    assert len(rate) < 5_000


def test_the_memory_is_bounded_however_many_keys_there_are(clock: Clock) -> None:
    rate = Rate(1, 3600, clock=clock)
    for key in range(3 * MOST_KEYS):
        rate.take(key)
    assert len(rate) <= 2 * MOST_KEYS


def test_wrong_passwords_are_slowed_down_for_the_account_wherever_they_come_from(
    clock: Clock,
) -> None:
    guarded = limits(clock, login_failures_per_hour_per_account=2)
    fail(guarded, HOME, "alice", status.AUTH_FAILED)
    fail(guarded, SCHOOL, "alice", status.AUTH_FAILED)
    assert wait_of(guarded, ELSEWHERE, "alice") == 1800
    assert wait_of(guarded, ELSEWHERE, "bob") == 0
    clock.now += 1800
    assert wait_of(guarded, ELSEWHERE, "alice") == 0


def test_wrong_passwords_are_slowed_down_for_the_address_whatever_the_account(
    clock: Clock,
) -> None:
    guarded = limits(clock, login_failures_per_hour_per_address=2)
    fail(guarded, HOME, "alice", status.AUTH_FAILED)
    fail(guarded, HOME, "bob", status.AUTH_FAILED)
    assert wait_of(guarded, HOME, "carol") == 1800
    assert wait_of(guarded, SCHOOL, "carol") == 0


def test_who_was_here_before_gets_in_while_others_guess(clock: Clock) -> None:
    guarded = limits(clock, login_failures_per_hour_per_account=2)
    assert wait_of(guarded, HOME, "alice") == 0
    for _ in range(2):
        fail(guarded, ELSEWHERE, "alice", status.AUTH_FAILED)
    assert wait_of(guarded, ELSEWHERE, "alice") > 0
    assert wait_of(guarded, HOME, "alice") == 0


def test_guessing_from_a_familiar_address_is_slowed_down_too(clock: Clock) -> None:
    guarded = limits(clock, login_failures_per_hour_per_account=2)
    assert wait_of(guarded, HOME, "alice") == 0
    for _ in range(2):
        fail(guarded, HOME, "alice", status.AUTH_FAILED)
    assert wait_of(guarded, HOME, "alice") > 0


def test_right_passwords_and_our_own_troubles_are_not_counted(clock: Clock) -> None:
    guarded = limits(clock, login_failures_per_hour_per_account=2)
    for _ in range(10):
        assert wait_of(guarded, HOME, "alice") == 0
        fail(guarded, HOME, "alice", status.UNAVAILABLE)
        fail(guarded, HOME, "alice", status.DENIED)


def test_attempts_under_way_count_as_failed(clock: Clock) -> None:
    guarded = limits(clock, login_failures_per_hour_per_account=2)
    with guarded.guess(HOME, "alice"), guarded.guess(HOME, "alice"):
        assert wait_of(guarded, HOME, "alice") > 0
    assert wait_of(guarded, HOME, "alice") == 0


def test_packets_are_counted_for_each_session(clock: Clock) -> None:
    guarded = limits(clock, packets_per_second_per_session=10, packet_burst_per_session=3)
    one, other = Session("s1", HOME), Session("s2", HOME)
    assert [guarded.packet(one) for _ in range(4)] == [0, 0, 0, seconds(0.1)]
    assert guarded.packet(other) == 0
    clock.now += 0.1
    assert guarded.packet(one) == 0


def test_sign_ups_and_uploads_are_counted(clock: Clock) -> None:
    guarded = limits(clock, signups_per_hour_per_address=1, uploads_per_minute_per_user=1)
    assert (guarded.signup(HOME), guarded.signup(SCHOOL)) == (0, 0)
    assert guarded.signup(HOME) == seconds(3600)
    assert (guarded.upload("usrA"), guarded.upload("usrB")) == (0, 0)
    assert guarded.upload("usrA") == seconds(60)


def test_connections_of_an_address_are_counted_until_they_end(clock: Clock) -> None:
    guarded = limits(clock, connections_per_address=2)
    assert [guarded.connect(HOME) for _ in range(3)] == [True, True, False]
    assert guarded.connect(SCHOOL)
    guarded.disconnect(HOME)
    assert guarded.connect(HOME)


def test_switched_off_they_refuse_nothing(clock: Clock) -> None:
    ones = {name: 1 for name in settings.Limits.__struct_fields__ if name != "enabled"}
    guarded = limits(clock, enabled=False, **ones)
    for _ in range(5):
        fail(guarded, HOME, "alice", status.AUTH_FAILED)
        assert guarded.packet(Session("s", HOME)) == guarded.signup(HOME) == 0
        assert guarded.upload("usrA") == 0
        assert guarded.connect(HOME)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "", True),
    ],
)
def test_an_ipv6_household_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (network(one) == network(other)) is same
