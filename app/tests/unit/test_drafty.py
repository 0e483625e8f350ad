"""Messages as plain text."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipit.core.drafty import plain_text

PICTURE = {"tp": "IM", "data": {"mime": "image/png", "name": "sunset.png"}}
FILE = {"tp": "EX", "data": {"name": "a.pdf"}}
LINK = {"tp": "LN", "data": {"url": "https://x.org"}}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Good morning\nall", "Good morning\nall"),
        (None, ""),
        ({"x": [1, "y"]}, '{"x":[1,"y"]}'),
        (7, "7"),
        ({"txt": "one two", "fmt": [{"at": 3, "len": 1, "tp": "BR"}]}, "one\ntwo"),
        ({"txt": "very much", "fmt": [{"len": 4, "tp": "ST"}]}, "very much"),
        ({"txt": " ", "fmt": [{"len": 1}], "ent": [PICTURE]}, "[picture: sunset.png]"),
        ({"txt": "Look   nice", "fmt": [{"at": 5, "len": 1}], "ent": [PICTURE]},
         "Look [picture: sunset.png] nice"),
        ({"txt": "Take this", "fmt": [{"at": -1}], "ent": [FILE]},
         "Take this\n[file: a.pdf]"),
        ({"txt": "here", "fmt": [{"len": 4}], "ent": [LINK]},
         "here (https://x.org)"),
        ({"txt": " ", "fmt": [{"len": 1}], "ent": [{"tp": "VC", "data": {}}]}, "[call]"),
    ],
)  # fmt: skip
def test_words_stay_and_what_is_no_text_is_named(content: Any, text: str) -> None:
    assert plain_text(content) == text


def test_a_reply_is_shown_without_what_it_quotes() -> None:
    content = {
        "txt": "Priya Which page?42",
        "fmt": [{"len": 5}, {"at": 5, "len": 1, "tp": "BR"}, {"len": 17, "tp": "QQ"}],
        "ent": [{"tp": "MN", "data": {"val": "usrAAAAAAAAAAE"}}],
    }
    assert plain_text(content) == "42"


def test_a_flag_and_a_composed_emoji_count_as_one_character() -> None:
    content = {"txt": "🇸🇪👩‍🚀 x", "fmt": [{"at": 2, "len": 1, "tp": "BR"}]}
    assert plain_text(content) == "🇸🇪👩‍🚀\nx"


NUMBERS = st.one_of(st.integers(), st.none(), st.booleans(), st.text(max_size=2))
STYLES = st.fixed_dictionaries(
    {},
    optional={
        "at": NUMBERS,
        "len": NUMBERS,
        "key": NUMBERS,
        "tp": st.one_of(st.sampled_from(["BR", "QQ", "ST", "IM"]), NUMBERS, st.lists(st.none())),
    },
)
ENTITIES = st.fixed_dictionaries(
    {"tp": st.one_of(st.sampled_from(["IM", "EX", "LN", "MN"]), NUMBERS)},
    optional={
        "data": st.one_of(NUMBERS, st.dictionaries(st.sampled_from(["url", "name"]), NUMBERS))
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {"txt": st.one_of(st.text(max_size=20), NUMBERS)},
    optional={
        "fmt": st.one_of(NUMBERS, st.lists(st.one_of(STYLES, NUMBERS), max_size=4)),
        "ent": st.one_of(NUMBERS, st.lists(st.one_of(ENTITIES, NUMBERS), max_size=4)),
    },
)


@given(DOCUMENTS)
def test_nonsense_raises_nothing_and_unformatted_text_stays(content: dict[str, Any]) -> None:
    text = plain_text(msgspec.json.decode(msgspec.json.encode(content)))
    assert isinstance(text, str)
    if isinstance(content["txt"], str) and not content.get("fmt"):
        assert text == content["txt"].strip()
