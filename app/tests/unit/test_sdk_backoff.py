"""How long the SDK waits before it connects again."""

from itertools import islice

from pipit.sdk.backoff import delays


def test_the_longest_wait_doubles_up_to_thirty_seconds() -> None:
    longest = list(islice(delays(lambda low, high: high), 8))
    assert longest == [1, 2, 4, 8, 16, 30, 30, 30]


def test_the_whole_wait_is_random() -> None:
    assert list(islice(delays(lambda low, high: low), 3)) == [0, 0, 0]
    assert all(0 <= wait <= 30 for wait in islice(delays(), 100))
