"""`pipit export`: what a member gets, from a service that is running."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import aiohttp

from pipit.accounts.service import NewAccount
from pipit.config import load
from pipit.core import access, ids
from pipit.demo.place import opened
from pipit.store.records import Message, Subscription, TopicRecord
from tests.live.people import group, people, say
from tests.support.client import API_KEY, Client
from tests.support.command import done, pipit
from tests.support.server import Server

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
SCRIPT = "<script>alert(1)</script>"


async def export(server: Server, user: str, folder: Path) -> zipfile.ZipFile:
    path = folder / f"{user}.zip"
    await done(server.data_dir, "export", user, "--out", path)
    return zipfile.ZipFile(path)


def conversation(archive: zipfile.ZipFile, title: str) -> str:
    """The folder of a conversation."""
    abouts = [name for name in archive.namelist() if name.endswith("about.json")]
    [found] = [name for name in abouts if json.loads(archive.read(name))["title"] == title]
    return found.removesuffix("about.json")


def messages(archive: zipfile.ZipFile, title: str) -> list[dict[str, Any]]:
    lines = archive.read(conversation(archive, title) + "messages.jsonl").splitlines()
    return [json.loads(line) for line in lines]


async def upload(server: Server, client: Client, content: bytes, name: str) -> str:
    form = aiohttp.FormData()
    form.add_field("file", content, filename=name, content_type="image/png")
    headers = {"X-Tinode-APIKey": API_KEY, "X-Tinode-Auth": f"Token {client.token}"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}/v0/file/u/", data=form, headers=headers) as response,
    ):
        return str((await response.json())["ctrl"]["params"]["url"])


async def post(client: Client, topic: str, content: Any, **fields: Any) -> None:
    """Sends a message of any JSON."""
    reply = await client.request("pub", topic=topic, content=content, noecho=True, **fields)
    assert reply["code"] == 202, reply


def picture(url: str) -> dict[str, Any]:
    entity = {"tp": "IM", "data": {"mime": "image/png", "ref": url, "name": "bird.png"}}
    return {"txt": "Look  ", "fmt": [{"at": 5, "len": 1}], "ent": [entity]}


async def test_a_member_gets_the_profile_the_chats_and_their_files(
    server: Server, tmp_path: Path
) -> None:
    async with people(server, "alice", "bob") as [alice, bob]:
        public = {"fn": "Alice Finch"}
        await alice.request("set", topic="me", desc={"public": public})
        await bob.request("set", topic="me", desc={"public": {"fn": "Bob / Wren"}})
        await alice.request("sub", topic=bob.user)
        await bob.request("sub", topic=alice.user)
        await say(alice, bob.user, "Good morning")
        url = await upload(server, bob, PNG, "bird.png")
        bold = {"txt": "one two", "fmt": [{"at": 3, "len": 1, "tp": "BR"}]}
        await post(bob, alice.user, bold, head={"mime": "text/x-drafty"})
        await post(bob, alice.user, picture(url), extra={"attachments": [url]})
        archive = await export(server, alice.user, tmp_path)

    profile = json.loads(archive.read("profile.json"))
    assert profile["user"] == alice.user
    assert profile["public"] == public
    assert profile["tags"] == [f"basic:{profile['login']}"]
    said = messages(archive, "Bob / Wren")
    assert [(one["seq"], one["name"], one["text"]) for one in said] == [
        (1, "Alice Finch", "Good morning"),
        (2, "Bob / Wren", "one\ntwo"),
        (3, "Bob / Wren", "Look [picture: bird.png]"),
    ]
    assert said[1]["content"] == bold
    assert said[1]["head"] == {"mime": "text/x-drafty"}
    assert said[1]["from"] == bob.user
    [path] = [name for name in archive.namelist() if name.endswith("/bird.png")]
    assert archive.read(path) == PNG
    assert (
        f"../../{path}"
        in archive.read(conversation(archive, "Bob / Wren") + "page-0001.html").decode()
    )


async def test_what_a_member_may_not_read_is_not_there(server: Server, tmp_path: Path) -> None:
    async with people(server, "alice", "bob", "carol") as [alice, bob, carol]:
        await bob.request("sub", topic=carol.user)
        await say(bob, carol.user, "between Bob and Carol")
        url = await upload(server, bob, PNG, "secret.png")
        await post(bob, carol.user, picture(url), extra={"attachments": [url]})
        team = await group(alice, bob, desc={"public": {"fn": "Team"}})
        for text in ("kept", "hidden by Alice", "deleted by Alice"):
            await say(alice, team, text)
        await say(alice, team, f"a guess: {url}")
        await alice.request("del", topic=team, what="msg", delseq=[{"low": 2}])
        await alice.request("del", topic=team, what="msg", delseq=[{"low": 3}], hard=True)
        mine = await export(server, alice.user, tmp_path)
        bobs = await export(server, bob.user, tmp_path)
    assert [one["seq"] for one in messages(mine, "Team")] == [1, 4]
    assert [one["seq"] for one in messages(bobs, "Team")] == [1, 2, 4]
    everything = b"".join(mine.read(name) for name in mine.namelist())
    assert b"between Bob and Carol" not in everything
    assert not [name for name in mine.namelist() if name.startswith("files/")]
    assert [name for name in bobs.namelist() if name.endswith("secret.png")]


async def test_a_channels_reader_does_not_learn_who_writes(server: Server, tmp_path: Path) -> None:
    async with people(server, "alice", "bob") as [alice, bob]:
        public = {"public": {"fn": "Town news"}}
        name = (await alice.request("sub", topic="nch1", set={"desc": public}))["topic"]
        await say(alice, name, "Hear, hear")
        await bob.request("sub", topic=name.replace("grp", "chn"))
        archive = await export(server, bob.user, tmp_path)
    [news] = messages(archive, "Town news")
    assert news["text"] == "Hear, hear"
    assert "from" not in news
    assert "name" not in news
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert alice.user.encode() not in everything


class Page(HTMLParser):
    """The tags of a page and what they refer to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.references: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.references += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not [name for name, _ in attrs if name.startswith("on")]


async def test_the_pages_hold_no_script_and_refer_to_nothing_outside(
    server: Server, tmp_path: Path
) -> None:
    async with people(server, "alice", "bob") as [alice, bob]:
        await bob.request("set", topic="me", desc={"public": {"fn": f"Bob {SCRIPT}"}})
        team = await group(alice, bob, desc={"public": {"fn": SCRIPT}})
        await say(bob, team, SCRIPT)
        for data in (
            {"mime": "image/png", "ref": "https://elsewhere.example/x.png", "name": "x"},
            {"mime": f'image/png"><{SCRIPT}', "val": "AAAA", "name": f'"{SCRIPT}'},
            {"mime": "image/svg+xml", "val": "PHN2Zz4=", "name": "drawing.svg"},
            {"mime": "image/png", "val": '"onerror="alert(1)'},
            {"mime": 7, "val": 7, "ref": [], "name": {}},
        ):
            entities = {"txt": " ", "fmt": [{"len": 1}], "ent": [{"tp": "IM", "data": data}, 7]}
            await post(bob, team, entities)
        archive = await export(server, alice.user, tmp_path)
    pages = [name for name in archive.namelist() if name.endswith(".html")]
    assert len(pages) == 2
    for name in pages:
        page = Page(archive.read(name).decode())
        assert not page.tags & {"script", "iframe", "link", "object", "form", "svg"}
        inside = [one for one in page.references if not one.startswith("data:")]
        folder = PurePosixPath(name).parent
        for one in inside:
            assert _joined(folder, one) in archive.namelist(), one
        assert all(
            one.startswith(("data:application/octet-stream;base64,", "data:image/png;base64,"))
            for one in page.references
            if one not in inside
        )


async def test_long_conversations_are_divided_into_pages(tmp_path: Path) -> None:
    user = await _fill(tmp_path, 2001, "Note")
    await done(tmp_path, "export", user, "--out", tmp_path / "ada.zip")
    archive = zipfile.ZipFile(tmp_path / "ada.zip")
    folder = conversation(archive, "Saved messages")
    assert [one["seq"] for one in messages(archive, "Saved messages")] == list(range(1, 2002))
    pages = [archive.read(f"{folder}page-000{n}.html").decode() for n in (1, 2, 3)]
    assert [page.count("<article") for page in pages] == [1000, 1000, 1]
    assert "page-0002.html" in Page(pages[0]).references
    assert "page-0004.html" not in Page(pages[2]).references


async def test_a_long_conversation_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    short = await _fill(tmp_path / "short", 100, "x" * 2000)
    long = await _fill(tmp_path / "long", 20_000, "x" * 2000)
    least = _peak_memory(tmp_path / "short", short)
    assert _peak_memory(tmp_path / "long", long) < least + 12 * 2**20  # of 40 MB


async def test_an_export_replaces_nothing_and_leaves_no_half(
    server: Server, tmp_path: Path
) -> None:
    async with people(server, "alice") as [alice]:
        path = tmp_path / "alice.zip"
        path.write_text("dear old file")
        outcome = await pipit(server.data_dir, "export", alice.user, "--out", path)
        assert outcome.code == 1
        assert "exists already" in outcome.err
        assert path.read_text() == "dear old file"
        path.unlink()
        await export(server, alice.user, tmp_path)
        assert stat.S_IMODE((tmp_path / f"{alice.user}.zip").stat().st_mode) == 0o600
        assert _names(tmp_path) == [f"{alice.user}.zip"]


async def test_a_file_whose_bytes_are_lost_keeps_nothing_else_from_being_exported(
    server: Server, tmp_path: Path
) -> None:
    async with people(server, "alice") as [alice]:
        file = (await upload(server, alice, PNG, "bird.png")).split("/")[-1].removesuffix(".png")
        (server.data_dir / "files" / file[:2] / file).unlink()
        out = await done(server.data_dir, "export", alice.user, "--out", tmp_path / "a.zip")
    assert "1 files are missing" in out
    [lost] = json.loads(zipfile.ZipFile(tmp_path / "a.zip").read("profile.json"))["uploads"]
    assert (lost["name"], lost["path"]) == ("bird.png", "")


async def test_what_cannot_be_exported_is_told(server: Server, tmp_path: Path) -> None:
    outcome = await pipit(server.data_dir, "export", "nobody", "--out", tmp_path / "x.zip")
    assert outcome.code == 1
    assert "no account is called 'nobody'" in outcome.err
    outcome = await pipit(tmp_path / "none", "export", "ada", "--out", tmp_path / "x.zip")
    assert outcome.code == 1
    assert "none/pipit.db does not exist" in outcome.err
    (tmp_path / "none").mkdir()
    (tmp_path / "none/pipit.db").write_text("my shopping list, of some length")
    outcome = await pipit(tmp_path / "none", "export", "ada", "--out", tmp_path / "x.zip")
    assert outcome.code == 1
    assert "none/pipit.db cannot be read" in outcome.err
    assert _names(tmp_path) == ["none"]


def _joined(folder: PurePosixPath, reference: str) -> str:
    return os.path.normpath(folder / unquote(reference))


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def _fill(folder: Path, count: int, text: str) -> str:
    """An account whose saved messages hold so many of that text."""
    async with opened(load(None, {"PIPIT_DATA_DIR": str(folder)}), 1) as place:
        user = (await place.accounts.create(NewAccount("ada", "secret"))).id
        topic = ids.slf_name(user)
        sub = Subscription(topic, user, access.SELF, access.FULL, 1, 1)
        await place.store.create_topic(TopicRecord(topic, 1, 1, 1, user), [sub])
        content = json.dumps(text).encode()
        for low in range(1, count + 1, 1000):
            seqs = range(low, min(low + 1000, count + 1))
            await place.appender.append([Message(topic, n, n, user, content) for n in seqs])
    return user


def _peak_memory(folder: Path, user: str) -> int:
    """Bytes that `pipit export` took at most (wait4)."""
    command = [str(Path(sys.executable).with_name("pipit")), "export", user, "--out"]
    environment = os.environ | {"PIPIT_DATA_DIR": str(folder)}
    process = subprocess.Popen([*command, str(folder / "x.zip")], env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024
