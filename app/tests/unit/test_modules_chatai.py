"""The assistant's parts: what is for it, what it sends, what it may spend, what it remembers."""

import json
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from openai.types.chat import ChatCompletionMessageParam

from pipit.bus.events import MessageStored
from pipit.config.modules import ChatAI
from pipit.core import clock
from pipit.modules.chatai import database
from pipit.modules.chatai.context import TooLong, conversation, latest_versions
from pipit.modules.chatai.ledger import DAY_MS, Ledger, Use
from pipit.modules.chatai.model import Model, ModelFailed, estimate
from pipit.modules.chatai.notebook import Notebook, Progress
from pipit.modules.chatai.place import place
from pipit.modules.chatai.questions import Question, command_of, mentions, question
from pipit.modules.chatai.writing import pauses
from pipit.sdk.packets import Message
from tests.support.llm import language_model
from tests.support.receiver import receiving

ME, ANN, BOB = "usrAAAAAAAAAAE", "usrAAAAAAAAAAI", "usrAAAAAAAAAAM"
WITH_ANN = "p2pAAAAAAAAAAEAAAAAAAAAAI"
OF_OTHERS = "p2pAAAAAAAAAAIAAAAAAAAAAM"
GROUP = "grpAAAAAAAAAAE"
MENTION = {"txt": "Robin?", "fmt": [{"len": 5}], "ent": [{"tp": "MN", "data": {"val": ME}}]}
THEN = datetime(2026, 1, 1, tzinfo=UTC)


def stored(topic: str, content: Any, head: Any = None, sender: str = ANN) -> MessageStored:
    raw = msgspec.Raw
    return MessageStored(
        1, topic, 5, sender, raw(json.dumps(head).encode()), raw(json.dumps(content).encode())
    )


# -- what is for the assistant --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (stored(WITH_ANN, "hello"), Question(ANN, 5, ANN, "hello", None)),
        (stored(WITH_ANN, " /ai on "), Question(ANN, 5, ANN, "/ai on", "on")),
        (stored(GROUP, "@robin, hello"), Question(GROUP, 5, ANN, "@robin, hello", None)),
        (stored(GROUP, MENTION), Question(GROUP, 5, ANN, "Robin?", None)),
        (stored(GROUP, "/AI Status"), Question(GROUP, 5, ANN, "/AI Status", "status")),
    ],
)
def test_it_is_asked_in_its_own_chats_and_by_name_in_groups(
    event: MessageStored, wanted: Question
) -> None:
    assert question(event, ME, "Robin") == wanted


@pytest.mark.parametrize(
    "event",
    [
        stored(OF_OTHERS, "@Robin hello"),
        stored("slf" + ANN[3:], "@Robin hello"),
        stored(GROUP, "hello"),
        stored(GROUP, "mail robin@Robinson.example, @Robins and x@robin"),
        stored(WITH_ANN, "mine", sender=ME),
        stored(WITH_ANN, "an edit", {"replace": ":4"}),
        stored(WITH_ANN, "a call", {"webrtc": "started"}),
        stored(WITH_ANN, "of a program", {"auto": True}),
        stored(WITH_ANN, " "),
        stored(WITH_ANN, None),
        stored(GROUP, {"txt": "x", "ent": ["nonsense", {"tp": "MN"}, {"tp": "MN", "data": 1}]}),
    ],
)
def test_all_else_is_none_of_its_business(event: MessageStored) -> None:
    assert question(event, ME, "Robin") is None


@pytest.mark.parametrize(
    ("text", "command"),
    [("/ai", ""), ("/ai on", "on"), ("/ai  OFF", "off"), ("/aim", None), ("say /ai on", None)],
)
def test_commands_begin_the_message(text: str, command: str | None) -> None:
    assert command_of(text) == command


def test_a_name_of_several_words_can_be_mentioned() -> None:
    assert mentions("Well, @Robin Goodfellow: what now?", ME, "Robin Goodfellow")


# -- what is sent ---------------------------------------------------------------------------------


def said(seq: int, text: str, sender: str = ANN, **head: Any) -> Message:
    return Message(ANN, seq, THEN, text, sender, head)


def asked(text: str, topic: str = ANN) -> Question:
    return Question(topic, 99, ANN, text, None)


def sent(question: Question, history: list[Message], **settings: Any) -> list[Any]:
    """The texts after the instructions."""
    messages = conversation(question, history, ME, ChatAI(name="Robin", **settings))
    assert messages[0]["role"] == "system"
    return [message["content"] for message in messages[1:]]


def test_questions_and_answers_are_sent_but_no_commands_notices_or_names() -> None:
    history = [
        said(1, "/ai on"),
        said(2, "I am on", ME, **{"x-ai-answers": "1", "x-ai-notice": True}),
        said(3, "first"),
        said(4, "answer", ME, **{"x-ai-answers": "3"}),
        said(99, "the question itself"),
    ]
    messages = conversation(asked("now"), history, ME, ChatAI())
    assert messages[1:] == [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "answer"},
        {"role": "user", "content": "now"},
    ]
    assert ANN not in json.dumps(messages)


def test_in_a_group_the_talk_of_the_others_is_not_sent() -> None:
    history = [said(1, "secret", BOB), said(2, "@Robin known", BOB), said(3, "also secret")]
    assert sent(asked("@Robin now", GROUP), history) == ["@Robin known", "@Robin now"]


def test_the_last_edit_counts_and_only_the_writers_own() -> None:
    history = [said(1, "old"), said(2, "other"), said(3, "new", replace=":1")]
    history.append(said(4, "forged", BOB, replace=":2"))
    assert [message.text for message in latest_versions(history)] == ["new", "other"]


def test_as_many_messages_are_sent_as_there_is_room_for() -> None:
    history = [said(number, f"{number:04}" * 100) for number in range(1, 20)]
    assert sent(asked("now"), history, context_messages=3) == [
        *(message.text for message in history[-3:]),
        "now",
    ]
    assert len(sent(asked("now"), history, context_tokens=500)) == 5
    assert sent(asked("now"), history, context_messages=0) == ["now"]


def test_a_question_that_is_too_long_is_refused() -> None:
    with pytest.raises(TooLong):
        sent(asked("x" * 4000), [], context_tokens=500)


def test_tokens_are_estimated_from_bytes() -> None:
    assert estimate("four") < estimate("four and more") < estimate("четыре и больше")


# -- what it may spend, and remembers -------------------------------------------------------------


@pytest.fixture
def db(tmp_path: Path) -> Iterator[apsw.Connection]:
    opened = database.connect(tmp_path / "data" / "chatai.db")
    yield opened
    opened.close()


USED = Use(bytes_out=1000, bytes_in=2000, tokens_in=300, tokens_out=100)


def test_the_ledger_has_a_request_before_it_leaves_and_what_it_took_after(
    db: apsw.Connection,
) -> None:
    ledger = Ledger(db, ChatAI(endpoint="http://x/v1", model="m", price_in=1.0, price_out=10.0))
    number = ledger.begin(ANN, 7, ANN, USED)
    (entry,) = ledger.entries()
    assert (entry.outcome, entry.tokens_out, entry.seq, entry.model) == ("open", 100, 7, "m")
    ledger.finish(number, Use(1100, 2200, 310, 50), "answered")
    (entry,) = ledger.entries()
    assert (entry.outcome, entry.bytes_out, entry.bytes_in) == ("answered", 1100, 2200)
    assert entry.cost == pytest.approx((310 * 1.0 + 50 * 10.0) / 1_000_000)


def test_the_ledger_is_read_by_topic_and_from_the_end(db: apsw.Connection) -> None:
    ledger = Ledger(db, ChatAI())
    for number in range(5):
        ledger.begin(GROUP if number % 2 else ANN, number, ANN, USED)
    assert [entry.seq for entry in ledger.entries()] == [0, 1, 2, 3, 4]
    assert [entry.seq for entry in ledger.entries(ANN, 2)] == [2, 4]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"topic_requests_per_day": 2}, "2 requests for this conversation"),
        ({"requests_per_day": 2}, "2 requests for all conversations together"),
        ({"topic_tokens_per_day": 800}, "800 tokens for this conversation"),
        ({"tokens_per_day": 800}, "800 tokens for all conversations together"),
        ({"topic_cost_per_day": 0.02, "price_in": 50}, "0.02 USD for this conversation"),
        ({"cost_per_day": 0.03, "price_in": 50}, "0.03 USD for all conversations together"),
    ],
)
def test_each_budget_ends_when_it_is_used_up(
    limits: dict[str, Any], said: str, db: apsw.Connection
) -> None:
    ledger = Ledger(db, msgspec.convert(limits, ChatAI))
    ledger.begin(ANN, 1, ANN, USED)
    assert ledger.over_budget(ANN) == ""
    ledger.begin(ANN, 2, ANN, USED)
    assert ledger.over_budget(ANN) == said
    assert (ledger.over_budget(GROUP) == "") is ("this conversation" in said)


def test_a_budget_begins_anew_with_the_day(
    db: apsw.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(db, ChatAI(requests_per_day=1))
    ledger.begin(ANN, 1, ANN, USED)
    assert ledger.over_budget(ANN)
    tomorrow = clock.now_ms() + DAY_MS
    monkeypatch.setattr(clock, "now_ms", lambda: tomorrow)
    assert not ledger.over_budget(ANN)


def test_a_budget_of_zero_is_none(db: apsw.Connection) -> None:
    ledger = Ledger(db, ChatAI(requests_per_day=0, tokens_per_day=0, topic_tokens_per_day=0))
    for number in range(5):
        ledger.begin(ANN, number, ANN, USED)
    assert ledger.over_budget(ANN) == ""


def test_what_was_answered_and_switched_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "chatai.db"
    notebook = Notebook(database.connect(path))
    assert notebook.begin(ANN, 5) == Progress(tries=1, answer=0, done=False)
    notebook.posted(ANN, 5, 6)
    notebook.switch(ANN, 5, ANN)
    notebook.switch(GROUP, 3, ANN)
    notebook.switch(GROUP, 0, ANN)
    again = Notebook(database.connect(path))
    assert again.begin(ANN, 5) == Progress(tries=2, answer=6, done=False)
    again.finished(ANN, 5)
    assert again.begin(ANN, 5).done
    assert (again.on_since(ANN), again.on_since(GROUP), again.on_since(BOB)) == (5, 0, 0)


def test_an_answer_is_shown_twice_in_its_first_seconds_and_seldom_in_a_long_one() -> None:
    times = list(takewhile(lambda second: second < 60, accumulate(pauses())))
    assert times[:2] == pytest.approx([0.7, 1.575])
    assert len(times) == 17
    assert times[-1] - times[-2] == pytest.approx(5.0)


async def test_where_an_endpoint_is_is_said_in_words() -> None:
    assert await place("http://127.0.0.1:11434/v1") == "127.0.0.1:11434, on this machine"
    assert await place("http://192.168.7.9/v1") == "192.168.7.9, on this network"
    assert await place("https://8.8.8.8/v1") == "8.8.8.8, outside this network"
    assert "cannot be found" in await place("https://model.invalid/v1")


# -- the model ------------------------------------------------------------------------------------


async def answer(url: str, model: str) -> tuple[str, Use]:
    """What a model says, and what it took."""
    client, use = Model(ChatAI(endpoint=url, model=model, api_key="key", timeout=1)), Use()
    try:
        question: ChatCompletionMessageParam = {"role": "user", "content": "hello there"}
        return "".join([piece async for piece in client.answer([question], use)]), use
    finally:
        await client.close()


async def test_an_answer_comes_with_what_it_took() -> None:
    async with language_model() as llm:
        said, use = await answer(llm.url, "echo")
        (request,) = llm.requests
    assert said == "You said: hello there"
    assert (use.tokens_in, use.tokens_out) == (2, 4)
    assert (request.key, request.body["max_tokens"]) == ("key", 800)
    assert 100 < use.bytes_out < 300
    assert 500 < use.bytes_in < 5000


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("error-400", r"it refused the request \(error 400\)"),
        ("error-401", "it does not accept our key"),
        ("error-429", "it is asked too much at the moment"),
        ("error-500", r"it has a fault \(error 500\)"),
        ("unheard-of", "it does not know the model"),
        ("hang", "it took too long"),
        ("hang-midway", "it took too long"),
        ("cut", "it cannot be reached"),
        ("malformed", "it answered nonsense"),
    ],
)
async def test_what_a_model_fails_at_is_said_in_a_few_words(model: str, why: str) -> None:
    async with language_model() as llm:
        with pytest.raises(ModelFailed, match=why):
            await answer(llm.url, model)
        assert len(llm.requests) == 1


async def test_an_endpoint_that_is_not_there_is_said(unused_tcp_port: int) -> None:
    with pytest.raises(ModelFailed, match="it cannot be reached"):
        await answer(f"http://127.0.0.1:{unused_tcp_port}/v1", "echo")


async def test_nothing_of_the_machine_is_told() -> None:
    async with receiving() as endpoint:
        endpoint.answers = [500]
        with pytest.raises(ModelFailed):
            await answer(endpoint.url, "echo")
        (headers,) = endpoint.headers
    told = " ".join([*headers, *headers.values()]).lower()
    assert not any(word in told for word in ("stainless", platform.machine(), "linux", "3.1"))


async def test_a_redirect_of_the_endpoint_is_not_followed() -> None:
    async with receiving() as endpoint:
        endpoint.answers = [307]
        with pytest.raises(ModelFailed, match=r"it refused the request \(error 307\)"):
            await answer(endpoint.url, "echo")
        assert len(endpoint.bodies) == 1
