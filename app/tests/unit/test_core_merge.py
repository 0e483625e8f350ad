"""How changes of public, private and aux join what is there."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipit.core.merge import ERASE, merge

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just(ERASE)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
objects = st.dictionaries(st.sampled_from("abcde"), values)


def text(value: Any) -> bytes | None:
    """A stored value: JSON text, or nothing."""
    return json.dumps(value).encode() if value is not None else None


def parsed(stored: bytes | None) -> Any:
    return json.loads(stored) if stored is not None else None


@given(values)
def test_null_changes_nothing(old: Any) -> None:
    assert merge(text(old), None) == text(old)


@given(values)
def test_the_sign_of_erasure_erases_all(old: Any) -> None:
    assert merge(text(old), ERASE) is None


@given(values, values.filter(lambda v: v is not None and v != ERASE and not isinstance(v, dict)))
def test_what_is_no_object_takes_the_place_of_the_old(old: Any, change: Any) -> None:
    assert parsed(merge(text(old), change)) == change


@given(values, objects)
def test_an_object_changes_its_keys_only(old: Any, change: dict[str, Any]) -> None:
    before = old if isinstance(old, dict) else {}
    after = parsed(merge(text(old), change))
    assert after != {}, "an empty object is nothing"
    after = after or {}
    for key in before.keys() | change.keys():
        wanted = change.get(key)
        if wanted is None:
            wanted = before.get(key)
        if wanted == ERASE:
            assert key not in after
        elif key in before or change.get(key) is not None:
            assert after[key] == wanted
    assert after.keys() <= before.keys() | change.keys()
