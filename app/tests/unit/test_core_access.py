"""Access modes as letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipit.core import access

modes = st.integers(min_value=0, max_value=access.FULL)


@given(modes)
def test_a_mode_and_its_letters_stand_for_each_other(mode: int) -> None:
    assert access.parse(access.text(mode)) == mode


@given(modes.filter(bool).map(access.text).flatmap(st.permutations))
def test_letters_are_understood_in_any_order_and_written_in_one(letters: list[str]) -> None:
    written = access.text(access.parse("".join(letters)))
    assert sorted(written) == sorted(letters)
    assert list(written) == sorted(letters, key=access.LETTERS.index)


@given(st.text(alphabet="JRWPASDON+-x ", max_size=5))
def test_anything_else_is_refused(text: str) -> None:
    good = text == "N" or (bool(text) and set(text) <= set(access.LETTERS))
    if good:
        access.parse(text)
    else:
        with pytest.raises(ValueError, match="access mode"):
            access.parse(text)


@given(modes, modes)
def test_a_change_leads_from_the_old_mode_to_the_new(old: int, new: int) -> None:
    change = access.delta(old, new)
    assert (change == "") == (old == new)
    assert applied(old, change) == new


def applied(mode: int, change: str) -> int:
    """The mode after a change, as a client understands it: signed groups, or absolute letters."""
    if change and change[0] not in "+-":
        return access.parse(change)
    sign = ""
    for letter in change:
        if letter in "+-":
            sign = letter
            continue
        bit = access.parse(letter)
        mode = mode | bit if sign == "+" else mode & ~bit
    return mode


@given(modes)
def test_a_side_of_a_chat_can_always_approve_and_never_own(mode: int) -> None:
    held = access.for_p2p(mode)
    assert held & access.APPROVE
    assert not held & (access.OWNER | access.SHARE)
    assert held & ~access.APPROVE == mode & access.P2P_LIMIT & ~access.APPROVE
