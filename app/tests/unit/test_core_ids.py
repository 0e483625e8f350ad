"""Names of users and topics."""

from hypothesis import given
from hypothesis import strategies as st

from pipit.core import ids

users = st.binary(min_size=8, max_size=8).filter(any).map(ids.user_id)


def test_new_names_are_well_formed_and_all_different() -> None:
    names = [make() for make in (ids.new_user_id, ids.new_group_name) for _ in range(200)]
    assert len(set(names)) == len(names)
    assert all(len(name) == 14 for name in names)
    assert all(ids.is_user_id(name) for name in names[:200])
    assert not any(ids.is_user_id(name) for name in names[200:])


@given(users)
def test_a_user_id_and_its_bytes_stand_for_each_other(user: str) -> None:
    assert ids.is_user_id(user)
    assert ids.user_id(ids.user_bytes(user)) == user


@given(st.text() | st.text().map("usr".__add__) | st.from_regex(r"usr[\w=+/-]{10,12}"))
def test_only_the_canonical_spelling_is_a_user_id(name: str) -> None:
    if ids.is_user_id(name):
        assert len(name) == 14
        assert ids.user_id(ids.user_bytes(name)) == name


def test_other_spellings_are_no_user_ids() -> None:
    user = ids.user_id(b"\x01" * 8)
    near = user[:-1] + chr(ord(user[-1]) + 1)  # the same bytes, but for unused bits
    zero = "usr" + "A" * 11
    for name in (
        "",
        "usr",
        "me",
        near,
        zero,
        user + "=",
        user + " ",
        user.upper(),
        "grp" + user[3:],
    ):
        assert not ids.is_user_id(name)


@given(users, users)
def test_both_sides_of_a_chat_name_it_alike(one: str, other: str) -> None:
    name = ids.p2p_name(one, other)
    assert name == ids.p2p_name(other, one)
    assert sorted(ids.p2p_users(name)) == sorted((one, other))
    assert ids.p2p_peer(name, one) == other
    assert ids.p2p_peer(name, other) == one


@given(users)
def test_names_made_of_others_keep_their_letters(user: str) -> None:
    assert ids.slf_name(user)[3:] == user[3:]
    group = "grp" + user[3:]
    assert ids.as_group(ids.as_channel(group)) == group
    assert ids.as_channel(group).startswith("chn")
