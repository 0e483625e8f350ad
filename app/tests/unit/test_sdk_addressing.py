"""Which messages in a group are for a bot."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pipit.sdk import Draft, Message
from pipit.sdk.addressing import Addressing
from pipit.sdk.incoming import pressed

BOT, ANN = "usrAAAAAAAAAAE", "usrAAAAAAAAAAI"
CALLED = Addressing(BOT, ("Weather Bot", "weather"))


def message(content: Any) -> Message:
    return Message("grpAAAAAAAAAAE", 1, datetime.now(UTC), content, ANN)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("weather, how is Oslo?", "how is Oslo?"),
        ("@Weather Bot: how is Oslo?", "how is Oslo?"),
        ("WEATHER /weather Oslo", "/weather Oslo"),
        (Draft("Does ").mention("W.", BOT).text(" know?").content, "Does W. know?"),
    ],
)
def test_it_is_called_by_name_and_by_mention(content: Any, text: str) -> None:
    assert CALLED.is_called(message(content))
    assert CALLED.strip(message(content).text) == text


def test_the_mention_that_the_web_app_makes_of_a_typed_name_counts() -> None:
    typed = {"txt": "ask @weather", "fmt": [{"at": 4, "len": 8}],
             "ent": [{"tp": "MN", "data": {"val": "weather"}}]}  # fmt: skip
    assert CALLED.is_called(message(typed))


@pytest.mark.parametrize(
    "content",
    [
        "weathered wood",
        "How is the weather?",
        "/weather Oslo",
        Draft().mention("Ann", ANN).text(" look").content,
        {"ent": [{"tp": "MN", "data": {"val": 7}}]},
        None,
    ],
)
def test_it_is_not_called_by_other_words(content: Any) -> None:
    assert not CALLED.is_called(message(content))


def test_a_pressed_button_tells_its_name_value_and_message() -> None:
    answer = {"mime": "text/x-drafty-fr", "val": {"seq": 4, "resp": {"choice": "yes"}}}
    content = {"txt": "Yes", "fmt": [{"at": -1}], "ent": [{"tp": "EX", "data": answer}]}
    assert pressed(message(content)) == ({"choice": "yes"}, 4)


@pytest.mark.parametrize("value", [None, 5, {"seq": "4", "resp": {}}, {"seq": 4}])
def test_an_attachment_that_is_no_answer_presses_nothing(value: Any) -> None:
    data = {"mime": "application/json", "val": value}
    assert pressed(message({"txt": "x", "ent": [{"tp": "EX", "data": data}]})) == ({}, 0)
