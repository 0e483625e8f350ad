"""The examples of the SDK, each as a process of its own against a real server."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from pipit.sdk import Client, Feed, Info, Message
from tests.live.people import unique
from tests.support.llm import LanguageModel, language_model
from tests.support.server import Server

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE = 60.0
PASSWORD = "secret123"


@asynccontextmanager
async def example(
    name: str, server: Server, login: str, variables: dict[str, str], *, kill: bool = False
) -> AsyncIterator[None]:
    """Runs an example; in the end SIGTERM has to end it with exit code 0, or it is killed."""
    environment = os.environ | {
        "BOT_URL": server.url,
        "BOT_LOGIN": login,
        "BOT_PASSWORD": PASSWORD,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLES / f"{name}.py"), env=environment | variables
    )
    try:
        yield
        if not kill:
            process.terminate()
            assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def someone(server: Server) -> AsyncIterator[tuple[Client, Feed, str]]:
    """A member, the feed of the chat with a new bot account, and the bot's login."""
    login = unique("bot")
    async with Client(server.url) as bot, Client(server.url) as ann:
        user = (await bot.sign_up(login, PASSWORD)).user
        await ann.sign_up(unique("ann"), PASSWORD)
        yield ann, await ann.subscribe(user), login


async def answers(feed: Feed, last: str) -> list[Message]:
    """What the bot says, up to the message with this text."""
    came = []
    async with asyncio.timeout(PATIENCE):
        async for message in feed:
            if message.sender == feed.topic:
                came.append(message)
                if message.text == last:
                    break
    return came


async def test_the_echo_bot(server: Server) -> None:
    async with someone(server) as (ann, feed, login):
        await ann.publish(feed.topic, "before it runs")
        async with example("echo", server, login, {}):
            await answers(feed, "before it runs")
            await ann.publish(feed.topic, "/help")
            await answers(feed, "/help: this list\n/roll: a number from 1 to 6")
            await ann.publish(feed.topic, "/roll")
            await ann.publish(feed.topic, "thanks")
            rolled, _ = await answers(feed, "thanks")
            assert rolled.text in "123456"


@asynccontextmanager
async def assistant(
    server: Server, login: str, model: str, *, kill: bool = False
) -> AsyncIterator[LanguageModel]:
    async with language_model() as llm:
        variables = {"LLM_URL": llm.url, "LLM_MODEL": model, "LLM_KEY": "key"}
        async with example("assistant", server, login, variables, kill=kill):
            yield llm


async def test_the_assistant_streams_and_knows_what_was_said(server: Server) -> None:
    async with someone(server) as (ann, feed, login), assistant(server, login, "slow") as llm:
        await ann.publish(feed.topic, "one two three four five six seven eight nine")
        told = await answers(feed, "You said: one two three four five six seven eight nine")
        assert len(told) > 1
        assert {edit.replaces for edit in told[1:]} == {told[0].seq}
        await ann.publish(feed.topic, "again")
        await answers(feed, "You said: again")
        roles = [message["role"] for message in llm.requests[-1].body["messages"]]
        assert roles == ["system", "user", "assistant", "user"]
        assert llm.requests[-1].key == "key"
        await ann.publish(feed.topic, "/forget")
        await answers(feed, "Forgotten.")


async def test_the_assistant_uses_its_tool(server: Server) -> None:
    async with someone(server) as (ann, feed, login), assistant(server, login, "tool") as llm:
        await ann.publish(feed.topic, "Mars")
        said = "The tool said: Mars is no time zone; they are named as Europe/Oslo"
        await answers(feed, said)
        asked, told = llm.requests
        assert asked.body["tools"][0]["function"]["name"] == "current_time"
        assert [message["role"] for message in told.body["messages"][2:]] == ["assistant", "tool"]


@pytest.mark.parametrize("model", ["error-400", "malformed", "empty", "cut"])
async def test_the_assistant_says_so_when_its_model_fails(server: Server, model: str) -> None:
    async with someone(server) as (ann, feed, login), assistant(server, login, model):
        await ann.publish(feed.topic, "hello there my friend")
        await answers(feed, "My language model does not answer. Please try again later.")


async def test_an_assistant_whose_model_asks_for_tools_for_ever_gives_up(server: Server) -> None:
    async with someone(server) as (ann, feed, login), assistant(server, login, "tool-always"):
        await ann.publish(feed.topic, "UTC")
        await answers(feed, "I could not find that out.")


async def test_a_bot_that_is_killed_answers_when_it_runs_again(server: Server) -> None:
    async with someone(server) as (ann, feed, login):
        async with assistant(server, login, "hang", kill=True):
            await ann.publish(feed.topic, "one")
            await ann.publish(feed.topic, "two")
            async with asyncio.timeout(PATIENCE):
                async for event in ann.events():
                    if isinstance(event, Info) and event.what == "kp":
                        break  # it is answering
        async with assistant(server, login, "echo"):
            told = await answers(feed, "You said: two")
        assert "You said: one" in [message.text for message in told]


async def test_the_alert_relay(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/alerts"
    alert = {
        "status": "firing",
        "labels": {"alertname": "DiskFull"},
        "annotations": {"summary": "The disk of pi-4 is full"},
    }
    async with someone(server) as (ann, feed, login):
        variables = {"BOT_TOPIC": ann.user, "RELAY_TOKEN": "sesame", "RELAY_PORT": str(port)}
        async with (
            example("alert_relay", server, login, variables),
            aiohttp.ClientSession(headers={"Authorization": "Bearer sesame"}) as http,
        ):
            await listening(port)
            async with http.post(url, json={"alerts": [alert, {"labels": {}}]}) as response:
                assert await response.json() == {"topic": ann.user, "seq": 1}
            await answers(feed, "🔥 DiskFull The disk of pi-4 is full\n• Alert")
            for body in "no JSON", "[]", '{"alerts": []}', '{"alerts": [7]}':
                async with http.post(url, data=body) as response:
                    assert response.status == 400
            async with http.post(url, headers={"Authorization": "Bearer x"}) as response:
                assert response.status == 401
            too_large = {"alerts": [{"labels": {"alertname": "x" * 200_000}}]}
            async with http.post(url, json=too_large) as response:
                assert (response.status, "too large" in await response.text()) == (502, True)


async def listening(port: int) -> None:
    """Waits until somebody listens on a port."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
