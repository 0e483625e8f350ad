"""Passwords that a command makes up, or asks for."""

import getpass
import re
import sys

import pytest

from pipit.commands import passwords
from pipit.gateway.operations import OperationError


def test_they_can_be_read_out_and_are_never_the_same() -> None:
    made = {passwords.generated(4) for _ in range(100)}
    assert len(made) == 100
    assert all(
        re.fullmatch("([b-df-hj-np-tv-z][aeiou]){2}(-([a-z]{2}){2}){3}", one) for one in made
    )


@pytest.mark.parametrize("shortest", [1, 19, 20, 64])
def test_they_are_as_long_as_the_settings_ask(shortest: int) -> None:
    assert len(passwords.generated(shortest)) >= max(19, shortest)


def test_one_that_is_typed_in_two_ways_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    typed = iter(["chirp", "chirp", "chirp", "chrip"])
    monkeypatch.setattr(getpass, "getpass", lambda _: next(typed))
    assert passwords.asked(from_stdin=False) == "chirp"
    with pytest.raises(OperationError, match="differ"):
        passwords.asked(from_stdin=False)
