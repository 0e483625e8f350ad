"""How topics are shared out among gateways."""

from collections import Counter

import pytest

from pipit.cluster.slots import SLOTS, shares, slot_of


def test_who_comes_takes_only_what_is_its_share() -> None:
    before, after = shares(("a", "b", "c")), shares(("a", "b", "c", "d"))
    moved = [slot for slot in range(SLOTS) if before[slot] != after[slot]]
    assert moved
    assert all(after[slot] == "d" for slot in moved)


def test_who_goes_leaves_only_what_it_had() -> None:
    before, after = shares(("a", "b", "c")), shares(("a", "c"))
    assert all(after[slot] == before[slot] for slot in range(SLOTS) if before[slot] != "b")


@pytest.mark.parametrize("names", [("a", "b"), ("a", "b", "c"), ("pi1", "pi2", "pi3", "pi4")])
def test_shares_are_about_equal(names: tuple[str, ...]) -> None:
    counts = Counter(shares(names))
    assert sorted(counts) == sorted(names)
    assert max(counts.values()) < 1.4 * SLOTS / len(names)


def test_every_gateway_finds_a_topic_in_the_same_slot() -> None:
    assert [slot_of(name) for name in ("sys", "grpAAAAAAAAAAA", "meAAAAAAAAAAA")] == [34, 131, 44]
