"""The demo's script, messages and pictures."""

import base64
import struct
import zlib
from datetime import datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipit.core.drafty import plain_text
from pipit.demo import script
from pipit.demo.cast import CAST
from pipit.demo.drafting import Draft
from pipit.demo.pictures import EMBLEMS, SCENES, emblem, picture
from pipit.demo.portraits import portrait
from pipit.demo.story import STORY

NOW = datetime(2026, 11, 25, 12, 0)
MOST_IN_PROFILE = 4096
"""Characters of base64 that a profile holds itself (protocol.md, 9.3)."""


def read(text: str, now: datetime = NOW) -> list[script.Line]:
    return script.read(text, now, Random(1))


def test_a_script_says_who_says_what_and_when() -> None:
    lines = read(
        "@ 1 mon 15:40\n"
        "ann: Which page?\n"
        "bob > ann: 42\n"
        "  and 43\n"
        "  | Really.\n"
        "@ 20 minutes ago\n"
        "ann = What page?\n"
        "bob [wheel]: Look: a wheel\n"
    )
    assert [(one.speaker, one.text) for one in lines] == [
        ("ann", "Which page?"),
        ("bob", "42 and 43\nReally."),
        ("ann", "What page?"),
        ("bob", "Look: a wheel"),
    ]
    assert (lines[1].answers, lines[2].edits, lines[3].picture) == (0, 0, "wheel")
    assert lines[0].at == datetime(2026, 11, 16, 15, 40).timestamp() * 1000
    assert lines[2].at == datetime(2026, 11, 25, 11, 40).timestamp() * 1000


@pytest.mark.parametrize(
    "text",
    ["ann: no time", "@ 1 mon 15:40\nno speaker", "@ 1 tue 9:00\n", "@ 1 tue 10:00\n@ 1 mon 10:00"],
)
def test_a_line_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"line|before"):
        read(text)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), st.integers())
def test_the_story_can_be_told_on_any_day_at_any_time(now: datetime, seed: int) -> None:
    logins = {person.login for person in CAST}
    for conversation in STORY:
        lines = script.read(conversation.script, now, Random(seed))
        moments = [line.at for line in lines]
        assert moments == sorted(moments)
        assert moments[-1] <= now.timestamp() * 1000
        assert {line.speaker for line in lines} <= set(conversation.members) <= logins
        assert {*conversation.readers, *conversation.unread} <= logins


def test_the_same_seed_gives_the_same_moments() -> None:
    text = STORY[0].script
    one, same, other = (script.read(text, NOW, Random(seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other
    assert [line.text for line in one] == [line.text for line in other]


def test_a_draft_holds_the_words_and_who_is_mentioned() -> None:
    draft = Draft()
    draft.quote("Ann", "usrA", "Which page, please, and which line of it?")
    draft.say("42, @Bob\nor @Nobody", {"Bob": "usrB"})
    content = draft.content
    assert isinstance(content, dict)
    assert plain_text(content) == "42, @Bob\nor @Nobody"
    assert content["txt"].startswith("Ann Which page, please, and which…42")
    assert [entity["data"]["val"] for entity in content["ent"]] == ["usrA", "usrB"]


def test_plain_words_stay_plain_text() -> None:
    draft = Draft()
    draft.say("just @ words", {})
    assert draft.content == "just @ words"


@pytest.mark.parametrize("text", [line.text for one in STORY for line in read(one.script)])
def test_no_character_of_the_story_is_counted_in_two_ways(text: str) -> None:
    """Python counts code points, clients graphemes (UAX 29)."""
    assert not set(text) & set("\u200d\ufe0f\u0301") | {c for c in text if "🇦" <= c <= "🇿"}


@pytest.mark.parametrize(
    "png", [*(portrait(one.look) for one in CAST), *(emblem(name) for name in EMBLEMS)]
)
def test_faces_fit_into_a_profile(png: bytes) -> None:
    width, height = size(png)
    assert width == height
    assert len(base64.b64encode(png)) <= MOST_IN_PROFILE


@pytest.mark.parametrize("name", SCENES)
def test_pictures_are_whole(name: str) -> None:
    drawn = picture(name)
    assert size(drawn.png) == (drawn.width, drawn.height)


def size(png: bytes) -> tuple[int, int]:
    """The width and height of a PNG whose chunks and lines were checked."""
    at, found, lines = 8, (0, 0), b""
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        body = png[at + 8 : at + 8 + length]
        [check] = struct.unpack_from(">I", png, at + 8 + length)
        assert check == zlib.crc32(kind + body)
        if kind == b"IHDR":
            found = struct.unpack_from(">II", body)
        lines += body if kind == b"IDAT" else b""
        at += 12 + length
    width, height = found
    assert len(zlib.decompress(lines)) == height * (1 + 3 * width)
    return width, height
