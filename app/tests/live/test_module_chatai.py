"""The assistant through real processes: service, Redis, module, and a language model's server."""

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import apsw
import pytest
from redis import Redis

from tests.conftest import StartServer, servers
from tests.live.modules import Module, account, modules, queue
from tests.live.people import group, people, say, unique
from tests.support import redis_server
from tests.support.client import Body, Client, connect
from tests.support.command import done, pipit
from tests.support.redis_server import RedisServer
from tests.support.server import Server

pytestmark = pytest.mark.skipif(bool(redis_server.LACKING), reason=redis_server.LACKING)

NAME = "Robin"


@dataclass
class Place:
    """What the tests share: the service, the message queue, the language model's address."""

    server: Server
    redis: RedisServer
    llm: str
    start: StartServer

    def kill_and_start_again(self) -> None:
        """The service, on the same port and data."""
        self.server.kill()
        port = urlsplit(self.server.url).port
        self.server = self.start(
            self.server.data_dir, server_port=port, limits_enabled=False, **queue(self.redis)
        )

    async def asked(self, words: str) -> list[Body]:
        """The requests whose last message has these words."""
        async with aiohttp.request("GET", self.llm.removesuffix("/v1") + "/requests") as response:
            bodies = [request["body"] for request in await response.json()]
        return [body for body in bodies if words in body["messages"][-1]["content"]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("chatai")
    with redis_server.running(folder / "redis") as redis, servers(folder) as start_one:
        server = start_one(limits_enabled=False, **queue(redis))
        command = [sys.executable, "-m", "tests.support.llm"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as llm:
            assert llm.stdout
            yield Place(server, redis, llm.stdout.readline().split()[-1], start_one)
            llm.kill()


@dataclass
class Assistant:
    """The assistant's process and account."""

    place: Place
    folder: Path
    login: str
    user: str
    start_one: Callable[..., Module]
    settings: dict[str, Any]
    module: Module | None = None

    async def start(self, model: str, **more: Any) -> Module:
        """Starts it, or starts it again."""
        self.settings = {
            "chatai_endpoint": self.place.llm,
            "chatai_model": model,
            "chatai_name": NAME,
            **queue(self.place.redis),
            **account(self.place.server, "chatai", self.login),
            **more,
        }
        self.module = self.start_one("chatai", self.folder, **self.settings)
        await self.module.healthy()
        return self.module

    async def ledger(self) -> list[dict[str, Any]]:
        """What the owner sees."""
        shown = await done(self.folder, "module", "chatai", "ledger", "--json")
        return [json.loads(line) for line in shown.splitlines() if line.startswith("{")]


@pytest.fixture
async def assistant(place: Place, tmp_path: Path) -> AsyncIterator[Assistant]:
    login = unique("robin")
    async with connect(place.server) as client:
        await client.signup(login)
    with modules() as start_one:
        yield Assistant(place, tmp_path / "module", login, client.user, start_one, {})
    async with connect(place.server) as client:
        await client.login(login)
        await client.request("del", what="user", hard=True)


@asynccontextmanager
async def chatting(assistant: Assistant, on: bool = True) -> AsyncIterator[Client]:
    """Somebody in a chat with the assistant, which is switched on."""
    async with people(assistant.place.server, "ann") as (ann,):
        await ann.request("sub", topic=assistant.user)
        if on:
            assert "I am on" in await told(ann, assistant.user, "/ai on")
        yield ann


async def told(client: Client, topic: str, text: str) -> str:
    """What the assistant answers in the end."""
    seq = await say(client, topic, text)
    return str((await answers(client, topic, seq))[-1]["content"])


async def answers(client: Client, topic: str, seq: int) -> list[Body]:
    """All versions of the assistant's answer to a message, up to the one that is whole."""
    found = []
    while True:
        data = await client.next("data", topic=topic, where=lambda body: answers_to(body) == seq)
        data["content"] = plain(data["content"])
        found.append(data)
        if not data["content"].endswith(" …"):
            return found


def answers_to(data: Body) -> int:
    return int(data.get("head", {}).get("x-ai-answers", 0))


def plain(content: Any) -> str:
    """The text with line breaks as dots, which is what Drafty has there."""
    return content if isinstance(content, str) else str(content["txt"])


async def test_nothing_is_sent_before_consent_and_what_is_sent_is_in_the_ledger(
    assistant: Assistant,
) -> None:
    place = assistant.place
    await assistant.start("echo", chatai_price_in=1000, chatai_price_out=2000)
    word = unique("word")
    async with chatting(assistant, on=False) as ann:
        notice = await told(ann, assistant.user, f"Hello {word}")
        assert "switched off" in notice
        assert f"echo at {place.llm.split('/')[2]}, on this machine" in notice
        assert not await place.asked(word)
        assert "on this machine" in await told(ann, assistant.user, "/ai on")
        assert await told(ann, assistant.user, f"And now {word}") == f"You said: And now {word}"
        (request,) = await place.asked(word)
        assert "Hello" not in json.dumps(request["messages"][1:])
        line = await told(ann, assistant.user, "/ai ledger")
        assert re.search(rf"message \d+ of ann\w+, to echo at {place.llm}: bytes \d+ out", line)
        assert "switched me" not in await told(ann, assistant.user, "/ai off")
        assert "switched off" in await told(ann, assistant.user, f"Still there, {word}?")
        assert len(await place.asked(word)) == 1
        (entry,) = await assistant.ledger()
    assert (entry["user"], entry["topic"], entry["model"]) == (ann.user, ann.user, "echo")
    assert (entry["endpoint"], entry["outcome"]) == (place.llm, "answered")
    assert entry["bytes_out"] > 100
    assert entry["bytes_in"] > 100
    assert entry["tokens_out"] == 5
    assert entry["cost"] == pytest.approx(entry["tokens_in"] / 1000 + 0.01)


async def test_in_a_group_administrators_decide_and_only_what_mentions_it_is_sent(
    assistant: Assistant,
) -> None:
    await assistant.start("echo")
    secret, asked = unique("secret"), unique("asked")
    async with people(assistant.place.server, "ann", "bob") as (ann, bob):
        topic = await group(ann, bob)
        await ann.request("set", topic=topic, sub={"user": assistant.user, "mode": "JRWP"})
        assert "Only an administrator" in await told(bob, topic, "/ai on")
        assert "switched off" in await told(bob, topic, f"@{NAME} {asked}?")
        assert "what mentions me" in await told(ann, topic, "/ai on")
        await say(bob, topic, f"{secret} between ourselves")
        mention = {"txt": f"@{NAME} {asked}", "fmt": [{"len": 6}]}
        mention["ent"] = [{"tp": "MN", "data": {"val": assistant.user}}]
        reply = await bob.request(
            "pub", topic=topic, content=mention, head={"mime": "text/x-drafty"}, noecho=True
        )
        (*_, answer) = await answers(bob, topic, reply["params"]["seq"])
        assert answer["content"] == f"You said: @{NAME} {asked}"
        again = await told(ann, topic, f"@{NAME.lower()}: and {asked} again?")
        assert again.startswith("You said:")
        assert not await assistant.place.asked(secret)
        history = [json.dumps(one["messages"]) for one in await assistant.place.asked(asked)]
        assert len(history) == 2
        assert not any(secret in messages for messages in history)
        assert f"You said: @{NAME} {asked}" in history[1]


async def test_it_is_not_in_groups_that_nobody_took_it_into(assistant: Assistant) -> None:
    module = await assistant.start("echo")
    async with people(assistant.place.server, "ann") as (ann,):
        topic = await group(ann)
        await say(ann, topic, "/ai on")
        await say(ann, topic, f"@{NAME} hello")
        handled = 'pipit_module_events_total{group="chatai"}'
        while (await module.figures())[handled] < 2:
            pass
        members = await ann.request("get", topic=topic, what="sub")
    assert [row["user"] for row in members["sub"]] == [ann.user]


async def test_a_long_answer_grows_before_the_readers_eyes(assistant: Assistant) -> None:
    await assistant.start("slow")
    async with chatting(assistant) as ann:
        seq = await say(ann, assistant.user, "one two three four five six seven eight")
        first, *edits = await answers(ann, assistant.user, seq)
        assert "replace" not in first["head"]
        assert {edit["head"]["replace"] for edit in edits} == {f":{first['seq']}"}
        assert edits
        shown = [version["content"].removesuffix(" …") for version in (first, *edits)]
        assert all(longer.startswith(shorter) for shorter, longer in pairwise(shown))
        assert shown[-1] == "You said: one two three four five six seven eight"


async def test_earlier_questions_and_answers_are_sent_along_as_far_as_there_is_room(
    assistant: Assistant,
) -> None:
    await assistant.start("echo", chatai_context_messages=2)
    word = unique("word")
    async with chatting(assistant) as ann:
        for text in ("first", "second", f"third {word}"):
            await told(ann, assistant.user, text)
    (request,) = await assistant.place.asked(word)
    said = [message["content"] for message in request["messages"][1:]]
    assert said == ["second", "You said: second", f"third {word}"]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("error-500", "it has a fault (error 500)"),
        ("hang", "it took longer than 1 s"),
        ("hang-midway", "You said: …\n(The answer breaks off: it took longer than 1 s.)"),
    ],
)
async def test_what_fails_becomes_one_friendly_line(
    model: str, said: str, assistant: Assistant
) -> None:
    await assistant.start(model, chatai_timeout=1)
    async with chatting(assistant) as ann:
        answer = await told(ann, assistant.user, "hello there")
        assert said.replace("\n", " ") in answer
        (entry,) = await assistant.ledger()
        assert entry["outcome"] in answer


async def test_a_budget_that_is_used_up_is_said_and_nothing_more_is_sent(
    assistant: Assistant,
) -> None:
    await assistant.start("echo", chatai_topic_requests_per_day=1)
    said = "1 requests for this conversation"
    async with chatting(assistant) as ann:
        assert (await told(ann, assistant.user, "one")).startswith("You said")
        assert said in await told(ann, assistant.user, "two")
        assert said in await told(ann, assistant.user, "/ai status")
        assert len(await assistant.ledger()) == 1


@pytest.mark.parametrize(("end", "outcome"), [("kill", "open"), ("stop", "interrupted")])
async def test_an_answer_that_was_interrupted_is_finished_in_the_same_message(
    end: str, outcome: str, assistant: Assistant
) -> None:
    module = await assistant.start("hang-midway")
    async with chatting(assistant) as ann:
        seq = await say(ann, assistant.user, "hello there")
        first = await ann.next("data", where=lambda body: answers_to(body) == seq)
        assert first["content"] == "You said: …"
        assert not getattr(module, end)()
        await assistant.start("echo")
        *_, last = await answers(ann, assistant.user, seq)
        assert last["content"] == "You said: hello there"
        assert last["head"]["replace"] == f":{first['seq']}"
        assert [entry["outcome"] for entry in await assistant.ledger()] == [outcome, "answered"]


async def test_an_answer_that_is_interrupted_again_and_again_says_so(
    assistant: Assistant,
) -> None:
    module = await assistant.start("hang-midway")
    async with chatting(assistant) as ann:
        seq = await say(ann, assistant.user, "hello there")
        first = await ann.next("data", where=lambda body: answers_to(body) == seq)
        module.kill()
        module = await assistant.start("hang")
        while len(await assistant.ledger()) < 2:
            pass
        module.kill()
        await assistant.start("echo")
        *_, last = await answers(ann, assistant.user, seq)
    assert "I was interrupted" in last["content"]
    assert last["head"]["replace"] == f":{first['seq']}"
    assert len(await assistant.ledger()) == 2


async def test_an_answer_outlives_a_kill_of_the_service(assistant: Assistant) -> None:
    await assistant.start("slow")
    async with chatting(assistant) as ann:
        seq = await say(ann, assistant.user, "one two three four five six seven eight")
        first = await ann.next("data", where=lambda body: answers_to(body) == seq)
        assistant.place.kill_and_start_again()
        token = ann.token
    async with connect(assistant.place.server) as ann:
        await ann.login_token(token)
        await ann.request("sub", topic=assistant.user, get={"what": "data"})
        *_, last = await answers(ann, assistant.user, seq)
    assert last["content"] == "You said: one two three four five six seven eight"
    assert last["head"]["replace"] == f":{first['seq']}"
    assert len(await assistant.ledger()) == 1


async def test_it_ends_in_time_when_the_service_has_gone(assistant: Assistant) -> None:
    module = await assistant.start("slow")
    async with chatting(assistant) as ann:
        seq = await say(ann, assistant.user, "one two three four five six seven eight")
        await ann.next("data", where=lambda body: answers_to(body) == seq)
        assistant.place.server.kill()
        assert module.stop() == 0
    assistant.place.kill_and_start_again()


async def test_what_was_asked_while_it_was_away_is_answered_once(assistant: Assistant) -> None:
    module = await assistant.start("echo")
    async with chatting(assistant) as ann:
        assert module.stop() == 0
        seq = await say(ann, assistant.user, "are you there?")
        module = await assistant.start("echo")
        assert len(await answers(ann, assistant.user, seq)) == 1
        module.kill()
        await assistant.start("echo")
        assert await told(ann, assistant.user, "next") == "You said: next"
        again = [body for _, body in ann.waiting if answers_to(body) == seq]
        assert all("replace" in body["head"] for body in again)


async def test_a_message_that_is_handed_over_again_is_not_answered_again(
    assistant: Assistant,
) -> None:
    module = await assistant.start("echo")
    async with chatting(assistant) as ann:
        seq = await say(ann, assistant.user, "a question")
        (answer,) = await answers(ann, assistant.user, seq)
        assert await told(ann, assistant.user, "next") == "You said: next"
        assert module.stop() == 0
        hand_over_again(assistant.place.redis, b'"a question"')
        module = await assistant.start("echo")
        assert await told(ann, assistant.user, "third") == "You said: third"
        assert not [body for _, body in ann.waiting if answers_to(body) == seq]
        assert module.stop() == 0
        with apsw.Connection(str(assistant.folder / "chatai.db")) as db:  # killed before it noted
            db.execute("UPDATE answers SET answer = NULL, done = 0 WHERE seq = ?", (seq,))
        hand_over_again(assistant.place.redis, b'"a question"')
        await assistant.start("echo")
        (again,) = await answers(ann, assistant.user, seq)
    assert again["head"]["replace"] == f":{answer['seq']}"


def hand_over_again(redis: RedisServer, words: bytes) -> None:
    """Puts an event into the stream that has been there before."""
    with Redis(port=redis.port) as client:
        found = [fields for _, fields in client.xrange("pipit:events") if words in fields[b"event"]]
        client.xadd("pipit:events", found[-1])


async def test_it_has_its_name_answers_health_and_counts(assistant: Assistant) -> None:
    module = await assistant.start("echo")
    async with chatting(assistant) as ann:
        reply = await ann.request("get", topic=assistant.user, what="desc")
        assert reply["desc"]["public"]["fn"] == NAME
        await told(ann, assistant.user, "hello")
        assert (await module.get("/healthz"))[1] == {
            "status": "ok", "account": "ok", "queue": "ok",
        }  # fmt: skip
        answered = 'pipit_chatai_requests_total{outcome="answered"}'
        assert (await module.figures())[answered] == 1
        assert "What I know" in await told(ann, assistant.user, "/ai help")
    assert module.stop() == 0


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, "chatai.endpoint: found nothing, allowed: the address of"),
        ({"chatai_endpoint": "http://llm/v1"}, "chatai.model: found nothing"),
        (
            {"chatai_endpoint": "http://llm/v1", "chatai_model": "x"},
            "chatai.login: found nothing, allowed: that of the module's own account",
        ),
    ],
)
async def test_without_its_settings_it_names_the_first_that_is_missing(
    settings: dict[str, Any], missing: str, place: Place, tmp_path: Path
) -> None:
    outcome = await pipit(tmp_path, "module", "chatai", **queue(place.redis), **settings)
    assert outcome.code == 2
    assert outcome.err.startswith(f"pipit: {missing}")
