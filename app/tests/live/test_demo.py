"""`pipit demo`: a newcomer finds a place that people live in."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import servers
from tests.live.people import rows
from tests.support.client import API_KEY, Body, Client, connect
from tests.support.command import done, pipit
from tests.support.server import Server

PNG = b"\x89PNG\r\n\x1a\n"


async def history(client: Client, topic: str) -> list[Body]:
    """All messages of a topic, oldest first."""
    assert (await client.request("sub", topic=topic))["code"] == 200
    end = await client.request("get", topic=topic, what="data")
    return [await client.next("data", topic=topic) for _ in range(end["params"]["count"])][::-1]


def unread(row: Body) -> int:
    return int(row["seq"]) - int(row.get("read", 0))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A service over a place that the demo has filled, and what the demo told."""
    folder = tmp_path_factory.mktemp("demo")
    said = asyncio.run(done(folder, "demo"))
    with servers(folder) as start_one:
        yield start_one(data_dir=folder), said


def password(said: str) -> str:
    return said.partition("All have the password ")[2].split()[0]


async def test_who_logs_in_finds_chats_with_history_and_something_to_read(
    told: tuple[Server, str],
) -> None:
    server, said = told
    async with connect(server) as freya:
        await freya.login("freya", password(said))
        await freya.request("sub", topic="me")
        found = {row.get("public", {}).get("fn"): row for row in (await rows(freya)).values()}
        assert {"Class 7b", "The Lindqvists", "Harbour Library", "Priya Raman"} <= found.keys()
        assert unread(found["Class 7b"]) == 4
        assert unread(found["Priya Raman"]) == 2
        assert found["Priya Raman"]["seen"]["when"]
        assert found["Harbour Library"]["topic"].startswith("chn")
        await check_messages(server, freya, await history(freya, found["Class 7b"]["topic"]))
        assert len(await history(freya, "slf")) == 4


async def check_messages(server: Server, client: Client, said: list[Body]) -> None:
    """Weeks of history in order, with an answer, an edit, and a picture that can be fetched."""
    moments = [one["ts"] for one in said]
    assert moments == sorted(moments)
    assert len({moment[:10] for moment in moments}) > 5
    heads = [one.get("head", {}) for one in said]
    [edit] = [head["replace"] for head in heads if "replace" in head]
    assert said[int(edit[1:]) - 1]["from"] == said[heads.index({"replace": edit})]["from"]
    assert any("reply" in head for head in heads)
    contents = [one["content"] for one in said if isinstance(one["content"], dict)]
    entities = [entity for one in contents for entity in one.get("ent", [])]
    assert any(entity["tp"] == "MN" and entity["data"]["val"] == client.user for entity in entities)
    pictures = [entity["data"]["ref"] for entity in entities if entity["tp"] == "IM"]
    headers = {"X-Tinode-APIKey": API_KEY, "X-Tinode-Auth": f"Token {client.token}"}
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as http,
        http.get(pictures[0]) as response,
    ):
        assert (await response.read()).startswith(PNG)


async def test_everybody_of_the_demo_can_log_in_and_be_found(told: tuple[Server, str]) -> None:
    server, said = told
    logins = re.findall(r"^  (\w+) +[A-Z]", said, re.MULTILINE)
    assert len(logins) >= 12
    for login in logins:
        async with connect(server) as client:
            await client.login(login, password(said))
    async with connect(server) as luca:
        await luca.login("luca", password(said))
        await luca.request("sub", topic="fnd")
        await luca.request("set", topic="fnd", desc={"public": "bike-kitchen"})
        found = (await luca.request("get", topic="fnd", what="sub"))["sub"]
    names = {row["public"]["fn"] for row in found}
    assert {"Tomasz Wrona", "Mei Tanaka-Ross", "Saturday Bike Kitchen"} <= names


async def test_a_place_with_accounts_is_left_alone_unless_told_otherwise(tmp_path: Path) -> None:
    await done(tmp_path, "user", "add", "ada", "--generate")
    outcome = await pipit(tmp_path, "demo")
    assert outcome.code == 1
    assert "there are accounts in this data folder already" in outcome.err
    await done(tmp_path, "demo", "--force-add")
    assert len((await done(tmp_path, "user", "list", "--json")).splitlines()) == 14
    again = await pipit(tmp_path, "demo", "--force-add")
    assert again.code == 1
    assert "taken are the logins freya, jonas" in again.err


async def test_the_demo_is_not_added_beneath_a_running_service(
    told: tuple[Server, str],
) -> None:
    outcome = await pipit(told[0].data_dir, "demo")
    assert outcome.code == 1
    assert "the service is running; stop it" in outcome.err


async def test_a_password_against_the_rules_is_refused_before_anything_is_made(
    tmp_path: Path,
) -> None:
    outcome = await pipit(tmp_path, "demo", "--password", "abc")
    assert outcome.code == 1
    assert "at least 4 characters" in outcome.err
    assert await done(tmp_path, "user", "list", "--json") == ""
