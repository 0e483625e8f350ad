"""Password hashing: right and wrong ones, beside the event loop, and not more than can be done."""

import asyncio
import threading
from collections.abc import Iterator

import argon2
import pytest

from pipit.accounts import basic
from pipit.accounts.passwords import Hasher
from pipit.wire import status
from pipit.wire.status import Refused


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    one = Hasher(memory_kib=8, passes=1, workers=1)
    yield one
    one.close()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hashing takes until this is set."""
    released = threading.Event()
    original = argon2.PasswordHasher.hash

    def hash_when_released(self: argon2.PasswordHasher, password: str) -> str:
        assert released.wait(60)
        return original(self, password)

    monkeypatch.setattr(argon2.PasswordHasher, "hash", hash_when_released)
    return released


async def test_a_password_fits_its_own_hash_only(hasher: Hasher) -> None:
    stored = await hasher.hash("pässword 1")
    assert stored.startswith("$argon2id$")
    assert await hasher.verify(stored, "pässword 1")
    assert not await hasher.verify(stored, "pässword 2")
    assert stored != await hasher.hash("pässword 1")


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"])
async def test_nothing_fits_a_broken_hash(hasher: Hasher, stored: str) -> None:
    assert not await hasher.verify(stored, "")
    assert not await hasher.verify(stored, "password")


async def test_a_login_that_nobody_has_costs_as_much_as_one_with_a_wrong_password(
    hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    original = argon2.PasswordHasher.verify

    def recording(self: argon2.PasswordHasher, stored: str, password: str) -> bool:
        verified.append(argon2.extract_parameters(stored))
        return original(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", recording)
    assert not await hasher.verify(None, "password")
    assert not await hasher.verify(await hasher.hash("other"), "password")
    assert len(verified) == 2
    assert verified[0] == verified[1]


async def test_a_hash_of_other_settings_is_outdated(hasher: Hasher) -> None:
    costlier = Hasher(memory_kib=16, passes=2, workers=1)
    stored = await hasher.hash("password")
    assert not hasher.outdated(stored)
    assert costlier.outdated(stored)
    assert await costlier.verify(stored, "password")
    costlier.close()


async def test_the_event_loop_goes_on_while_a_password_is_hashed(
    hasher: Hasher, held: threading.Event
) -> None:
    hashing = asyncio.create_task(hasher.hash("password"))
    await asyncio.sleep(0)
    held.set()  # never reached if hashing held up the loop
    assert (await hashing).startswith("$argon2id$")


async def test_what_would_take_too_long_is_refused_at_once_and_later_taken_again(
    hasher: Hasher, held: threading.Event
) -> None:
    waiting = [asyncio.create_task(hasher.hash("password")) for _ in range(500)]
    await asyncio.sleep(0)
    held.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    refused = [one for one in results if isinstance(one, Refused)]
    assert 0 < len(refused) < len(results)
    assert {one.status for one in refused} == {status.UNAVAILABLE}
    assert sum(isinstance(one, str) for one in results) == len(results) - len(refused)
    assert await hasher.hash("password")


@pytest.mark.parametrize(
    "login", ["abc", "x" * 32, "zoë", "юни-1", "a.b_c", "अनिता", "anna+home", "o'neill", "山田太郎"]
)
def test_names_of_any_script_are_logins(login: str) -> None:
    basic.check_login(login, 3)


@pytest.mark.parametrize(
    "login",
    ["", "ab", "x" * 33, "a b c", "a@b.c", "abc!", "abc$", "a,bc", "a;bc", "a\0bc", "abc😀"],
)
def test_what_is_no_login_is_refused_with_a_sentence(login: str) -> None:
    with pytest.raises(ValueError, match=r"^login .*: "):
        basic.check_login(login, 3)


def test_a_password_may_hold_colons_and_a_login_is_in_lower_case() -> None:
    assert basic.split("ZoË:pa:ss".encode()) == ("zoë", "pa:ss")


@pytest.mark.parametrize("secret", [None, b"", b"nocolon", b"\xff:password"])
def test_what_is_no_login_and_password_is_malformed(secret: bytes | None) -> None:
    with pytest.raises(Refused) as caught:
        basic.split(secret)
    assert caught.value.status == status.MALFORMED
