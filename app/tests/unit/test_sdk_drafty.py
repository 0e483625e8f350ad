"""Rich text written by the SDK: what is written reads back, and offsets are those of the apps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipit.sdk import Draft, File, plain_text
from pipit.sdk.drafty import MOST_BUTTONS, addresses, entities

USER = "usrAAAAAAAAAAE"
PICTURE = File("/v0/file/s/one.png", "sunset.png", "image/png", 70)
PAPER = File("/v0/file/s/two.pdf", "rules.pdf", "application/pdf", 900)


def test_text_without_any_style_stays_text() -> None:
    assert Draft("Hello").text(" all").content == "Hello all"


def test_every_style_covers_its_words() -> None:
    draft = Draft("a ").bold("b").italic("c").struck("d").line().link("here", "https://x.org")
    draft.mention("Ann", USER).hashtag("chess")
    assert draft.content == {
        "txt": "a bcd hereAnn#chess",
        "fmt": [
            {"at": 2, "len": 1, "tp": "ST"},
            {"at": 3, "len": 1, "tp": "EM"},
            {"at": 4, "len": 1, "tp": "DL"},
            {"at": 5, "len": 1, "tp": "BR"},
            {"at": 6, "len": 4, "key": 0},
            {"at": 10, "len": 3, "key": 1},
            {"at": 13, "len": 6, "key": 2},
        ],
        "ent": [
            {"tp": "LN", "data": {"url": "https://x.org"}},
            {"tp": "MN", "data": {"val": USER}},
            {"tp": "HT", "data": {"val": "chess"}},
        ],
    }


def test_code_keeps_its_lines() -> None:
    draft = Draft().code("x = 1\ny = 2")
    assert plain_text(draft.content) == "x = 1\ny = 2"
    assert isinstance(draft.content, dict)
    assert {"at": 0, "len": 11, "tp": "CO"} in draft.content["fmt"]


def test_an_emoji_of_several_code_points_counts_as_one() -> None:
    content = Draft("👩‍🚀🇸🇪").bold("!").content
    assert isinstance(content, dict)
    assert content["fmt"] == [{"at": 2, "len": 1, "tp": "ST"}]


def test_what_is_quoted_is_left_out_of_the_plain_text() -> None:
    draft = Draft().quote("Ann", USER, "Which page?").text("42")
    assert plain_text(draft.content) == "42"


def test_pictures_and_files_are_named_and_their_addresses_are_known() -> None:
    content = Draft("Look ").image(PICTURE, 640, 480).attach(PAPER).content
    assert plain_text(content) == "Look [picture: sunset.png]\n[file: rules.pdf]"
    assert addresses(content) == [PICTURE.url, PAPER.url]
    assert entities(content, "IM") == [
        {
            "mime": "image/png",
            "ref": PICTURE.url,
            "name": "sunset.png",
            "size": 70,
            "width": 640,
            "height": 480,
        }
    ]


def test_more_buttons_than_the_web_app_shows_are_refused() -> None:
    draft = Draft()
    for number in range(MOST_BUTTONS):
        draft.button(str(number), "choice", str(number))
    with pytest.raises(ValueError, match="8 buttons"):
        draft.link_button("more", "https://x.org")


@given(st.lists(st.tuples(st.sampled_from(["text", "bold", "italic", "code"]), st.text("aé👍\n "))))
def test_what_is_written_reads_back(parts: list[tuple[str, str]]) -> None:
    draft = Draft()
    for style, text in parts:
        getattr(draft, style)(text if style in ("text", "code") else text.replace("\n", " "))
    written = "".join(
        text if style in ("text", "code") else text.replace("\n", " ") for style, text in parts
    )
    assert plain_text(draft.content).strip() == written.strip()


@pytest.mark.parametrize("content", [None, 7, "text", {"ent": 5}, {"ent": [1, {"tp": "IM"}]}])
def test_nothing_is_found_in_what_is_no_drafty(content: object) -> None:
    assert addresses(content) == []
