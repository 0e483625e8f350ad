"""Tokens: what they say, what ends them, and that nobody makes one without the key."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipit.accounts.levels import ANONYMOUS, AUTHENTICATED
from pipit.accounts.service import Accounts, Identity
from pipit.accounts.standing import Standing
from pipit.accounts.tokens import GENERATIONS, TOKEN_BYTES, Claim, Tokens
from pipit.config import Settings
from pipit.core import ids
from pipit.wire import status
from pipit.wire.status import Refused

KEY = bytes(range(32))
USER = ids.new_user_id()
NOW = 1_795_000_000
CLAIM = Claim(USER, NOW + 60, 3, AUTHENTICATED)

users = st.binary(min_size=8, max_size=8).map(ids.user_id)
claims = st.builds(
    Claim,
    user=users,
    expires=st.integers(NOW + 1, 2**40 - 1),
    generation=st.integers(0, GENERATIONS - 1),
    level=st.sampled_from([10, 20, 30]),
    unconfirmed=st.booleans(),
)


def refusal(token: bytes | None, now: int = NOW) -> status.Status:
    with pytest.raises(Refused) as caught:
        Tokens(KEY).read(token, now)
    return caught.value.status


def accounts() -> Accounts:
    """Accounts with neither store nor bus: tokens need none."""
    return Accounts(Settings(), cast(Any, None), cast(Any, None), KEY)


@given(claims)
def test_a_token_says_what_was_signed(claim: Claim) -> None:
    token = Tokens(KEY).sign(claim)
    assert Tokens(KEY).read(token, NOW) == claim
    assert len(token) == TOKEN_BYTES == 48


@given(claims, st.integers(0, TOKEN_BYTES * 8 - 1))
def test_a_token_with_any_bit_changed_is_refused(claim: Claim, bit: int) -> None:
    changed = int.from_bytes(Tokens(KEY).sign(claim)) ^ 1 << bit
    assert refusal(changed.to_bytes(TOKEN_BYTES)) == status.AUTH_FAILED


@given(st.binary(min_size=TOKEN_BYTES, max_size=200))
def test_garbage_is_no_token(garbage: bytes) -> None:
    assert refusal(garbage) == status.AUTH_FAILED


@pytest.mark.parametrize("token", [None, b"", b"\0\0\0", Tokens(KEY).sign(CLAIM)[:-1]])
def test_what_is_too_short_is_malformed(token: bytes | None) -> None:
    assert refusal(token) == status.MALFORMED


def test_another_installations_token_is_refused() -> None:
    assert refusal(Tokens(bytes(32)).sign(CLAIM)) == status.AUTH_FAILED


def test_a_token_ends_with_its_time() -> None:
    token = Tokens(KEY).sign(CLAIM)
    assert Tokens(KEY).read(token, CLAIM.expires - 1) == CLAIM
    assert refusal(token, CLAIM.expires) == status.AUTH_FAILED


def test_a_token_holds_on_a_clock_that_was_reset_to_1970() -> None:
    assert Tokens(KEY).read(Tokens(KEY).sign(CLAIM), 30) == CLAIM


def test_a_token_tells_who_somebody_is_without_a_store() -> None:
    service = accounts()
    for who in (Identity(USER, AUTHENTICATED), Identity(USER, ANONYMOUS)):
        token, expires = service.token(who)
        assert service.by_token(token) == who
        assert expires % 1000 == 0


def test_older_tokens_end_when_the_accounts_generation_moves_on() -> None:
    service = accounts()
    old, _ = service.token(Identity(USER, AUTHENTICATED))
    service.standings.put(USER, Standing(1, "ok"))
    new, _ = service.token(Identity(USER, AUTHENTICATED))
    assert service.by_token(new).user == USER
    with pytest.raises(Refused) as caught:
        service.by_token(old)
    assert caught.value.status == status.AUTH_FAILED


def test_tokens_outlive_as_many_generations_as_a_token_can_count() -> None:
    service = accounts()
    service.standings.put(USER, Standing(GENERATIONS + 5, "ok"))
    token, _ = service.token(Identity(USER, AUTHENTICATED))
    assert service.by_token(token).user == USER


@pytest.mark.parametrize(
    ("state", "expected"), [("susp", status.DENIED), ("del", status.USER_NOT_FOUND)]
)
def test_a_token_of_an_account_that_was_ended_is_refused(
    state: str, expected: status.Status
) -> None:
    service = accounts()
    token, _ = service.token(Identity(USER, AUTHENTICATED))
    service.standings.put(USER, Standing(1, state))
    with pytest.raises(Refused) as caught:
        service.by_token(token)
    assert caught.value.status == expected
