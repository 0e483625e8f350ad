"""The assistant in the web app, in Chromium: consent, an answer that grows, the ledger."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Join
from tests.browser.person import Person
from tests.conftest import servers
from tests.live.modules import account, modules, queue
from tests.support import redis_server
from tests.support.command import done
from tests.support.server import Server

pytestmark = pytest.mark.skipif(bool(redis_server.LACKING), reason=redis_server.LACKING)


@pytest.fixture(scope="module")
def language_model() -> Iterator[str]:
    """The address of a language model's server."""
    command = [sys.executable, "-m", "tests.support.llm"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().split()[-1]
        process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, language_model: str) -> Iterator[Server]:
    """A server with an assistant that is called Robin."""
    folder = tmp_path_factory.mktemp("assistant")
    with redis_server.running(folder / "redis") as redis, servers(folder) as start_one:
        running = start_one(limits_enabled=False, **queue(redis))
        asyncio.run(_make_account(running.data_dir))
        model = {"endpoint": language_model, "model": "slow", "name": "Robin"}
        settings = {f"chatai_{key}": value for key, value in model.items()}
        with modules() as start_module:
            settings |= queue(redis) | account(running, "chatai", "robin")
            assistant = start_module("chatai", folder / "chatai", **settings)
            asyncio.run(assistant.healthy())
            yield running


async def _make_account(data_dir: Path) -> None:
    await done(data_dir, "user", "add", "robin", "--password-stdin", stdin="secret123\n")


def test_the_assistant_asks_for_consent_answers_and_shows_its_ledger(
    server: Server, join: Join
) -> None:
    alice = join("Alice Finch", viewport={"width": 1000, "height": 860})
    alice.find(Person(alice.page, server.url, "robin", "Robin"))
    alice.say("Hello Robin")
    expect(alice.message("I am switched off here")).to_contain_text("on this machine")
    alice.say("/ai on")
    expect(alice.message("I am on. From now on")).to_be_visible()
    alice.say("Which birds sing in our garden at dawn?")
    answer = alice.message("You said: ")
    expect(answer).to_contain_text(re.compile(r"You said: .* …"))
    expect(answer).to_contain_text("You said: Which birds sing in our garden at dawn?")
    expect(answer).to_have_count(1)
    alice.say("/ai ledger")
    expect(alice.message("The latest requests")).to_contain_text("of Alice Finch, to slow")
    alice.screenshot("assistant")
