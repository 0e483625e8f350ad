"""Every Python block of docs/sdk.md, run against a real server."""

import ast
import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pipit.sdk import Bot, Client, Draft, Incoming
from tests.conftest import StartServer
from tests.support.server import Server

DOCS = Path(__file__).parents[3] / "docs" / "sdk.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", DOCS.read_text("utf-8"), re.DOTALL | re.MULTILINE)
PROGRAMS = [block for block in BLOCKS if re.search(r"^(bot|asyncio)\.run\(", block, re.MULTILINE)]
HANDLERS = [block for block in BLOCKS if "@bot." in block and block not in PROGRAMS]
FRAGMENTS = [block for block in BLOCKS if block not in PROGRAMS + HANDLERS]
PATIENCE = 60.0


@asynccontextmanager
async def program(source: str, server: Server, folder: Path) -> AsyncIterator[asyncio.Task[int]]:
    """Runs a program, with the test's server as its own; its exit code."""
    path = folder / "program.py"
    path.write_text(source.replace("https://pipit.local", server.url))
    process = await asyncio.create_subprocess_exec(sys.executable, str(path))
    ending = asyncio.create_task(process.wait())
    try:
        yield ending
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(ending, PATIENCE)


@asynccontextmanager
async def account(server: Server, login: str) -> AsyncIterator[Client]:
    async with Client(server.url) as client:
        await client.sign_up(login, "secret", login.capitalize())
        yield client


async def answered(client: Client, other: str, asked: list[str], answers: set[str]) -> None:
    """Writes texts and waits until all the answers have come."""
    feed = await client.subscribe(other)
    for text in asked:
        await client.publish(other, text)
    async with asyncio.timeout(PATIENCE):
        while answers:
            message = await anext(feed)
            if message.sender == other:
                answers.discard(message.text)


async def test_the_bot_answers(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    assert len([line for line in PROGRAMS[0].splitlines() if line.strip()]) < 20
    async with account(server, "weather") as weather, account(server, "ann") as ann:
        async with program(PROGRAMS[0], server, tmp_path) as ending:
            answers = {
                "Ask me for the /weather of a city.",
                "It is sunny in Oslo.",
                "/help: this list\n/weather CITY: how it is there",
            }
            await answered(ann, weather.user, ["hello", "/weather Oslo", "/help"], answers)
        assert ending.result() == 0


async def test_the_client_program_chats(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    async with account(server, "alice") as alice, account(server, "bob") as bob:
        feed = await bob.subscribe(alice.user)
        async with program(PROGRAMS[1], server, tmp_path) as ending:
            async with asyncio.timeout(PATIENCE):
                assert (await anext(feed)).text == "Hello"
                await bob.publish(alice.user, "bye")
            assert await asyncio.wait_for(ending, PATIENCE) == 0


async def test_the_handlers_answer(start_server: StartServer) -> None:
    server = start_server()
    async with account(server, "robin") as robin, account(server, "ann") as ann:
        bot = Bot(server.url, "robin", "secret")
        await run(HANDLERS, {"bot": bot, "Incoming": Incoming})
        serving = asyncio.create_task(bot.serve())
        await asyncio.wait_for(bot.ready.wait(), PATIENCE)
        answers = {"one two three, done", "Tea? Yes No", "You said 'hello' to me"}
        await answered(ann, robin.user, ["/count", "/choose", "hello"], answers)
        bot.stop()
        await asyncio.wait_for(serving, PATIENCE)


async def test_the_fragments_work(start_server: StartServer) -> None:
    server = start_server()
    async with account(server, "ann") as ann, account(server, "bob") as bob:
        await bob.subscribe("me")
        names: dict[str, Any] = {"client": ann, "friend": bob.user, "Draft": Draft}
        await run(FRAGMENTS, names)
        assert names["message"].text == "Helo"
        assert names["content"] == b"Nf3 d5"


async def run(blocks: list[str], names: dict[str, Any]) -> None:
    """Runs blocks, which may await, one after the other with the same names."""
    for block in blocks:
        code = compile(block, str(DOCS), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        async with asyncio.timeout(PATIENCE):
            if (coroutine := eval(code, names)) is not None:  # noqa: S307  # our own documentation
                await coroutine
