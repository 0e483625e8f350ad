"""`pipit copy-store`, `pipit migrate`: everything arrives, also when they are killed half way."""

import asyncio
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipit.config.settings import Database
from pipit.core import ids
from pipit.store.mongodb import MongoStore
from pipit.store.records import CredentialRecord, FileUse, LoginRecord
from pipit.store.sqlite import SqliteStore
from tests.contract.records import NOW, chat, file, group, subscription, user
from tests.support.command import done, pipit
from tests.support.fill import fill
from tests.support.mongod import Mongod

MESSAGES = 20_000
NO_ROWS = re.compile(r"^(\w+) +([\d,]+)", re.MULTILINE)
KILLS = 6


@pytest.fixture
def address(mongod: Mongod) -> Iterator[str]:
    """An empty database."""
    name = f"copy_{random.randrange(1 << 40):x}"
    yield f"mongodb://{mongod.address}/{name}"
    mongod.drop(name)


async def filled(path: Path, messages: int = 0) -> str:
    """A database that holds something of every kind."""
    store = SqliteStore(path)
    await store.open()
    users = await fill(store, 5, messages)
    one, gone = user(1, "alias:one", "cats"), user(2, "alias:two")
    await store.create_user(
        one,
        LoginRecord(one.id, "basic", "one", "hash"),
        [
            CredentialRecord(one.id, "tel", "+1702", done=True, created=NOW),
            CredentialRecord(one.id, "email", "z@example.com", code="x", tries=2, created=NOW),
        ],
    )
    await store.create_user(gone)
    talk = await chat(store, one.id, gone.id)
    kept, ended = (
        await group(store, one.id, users[0], tags=("alias:boats",)),
        await group(store, one.id, gone.id),
    )
    reader = subscription(kept, users[1])
    reader.reader, reader.private = True, b'{"comment":"x"}'
    await store.save_subscriptions([reader])
    await store.delete_messages(ids.p2p_name(users[0], users[1]), 1, users[0], [(1, 3), (5, 9)])
    await store.delete_messages(ids.p2p_name(users[0], users[1]), 2, "", [(2, 4)])
    sent = file(one.id, size=2**40)
    await store.save_file(sent)
    await store.link_files([FileUse(sent.id, kept), FileUse(sent.id, talk, 3)])
    await store.put_outbox([b"one", b"two"])
    await store.delete_topic(ended, NOW)
    await store.delete_user(gone.id, NOW)
    await store.close()
    return one.id


async def test_everything_arrives_in_mongodb_and_back(address: str, tmp_path: Path) -> None:
    user_id = await filled(tmp_path / "one.db", messages=500)
    there = await done(tmp_path, "copy-store", f"sqlite:{tmp_path}/one.db", address)
    back = await done(tmp_path, "copy-store", address, f"sqlite:{tmp_path}/two.db")
    rows = dict(NO_ROWS.findall(there))
    assert {kind for kind, count in rows.items() if count == "0"} == set()
    assert sums(there) == sums(back)
    one, two = SqliteStore(tmp_path / "one.db"), SqliteStore(tmp_path / "two.db")
    await asyncio.gather(one.open(), two.open())
    for store in (one, two):
        assert await store.find_login("basic", "one") is not None
    contacts = [await store.contacts(user_id, deleted_since=0) for store in (one, two)]
    by_name = [{one.sub.topic: one for one in found} for found in contacts]
    for name, contact in by_name[0].items():
        if contact.sub.deleted is None:
            assert by_name[1][name] == contact
    assert by_name[0].keys() == by_name[1].keys()
    assert await one.standings() == await two.standings()
    await asyncio.gather(one.close(), two.close())


def sums(out: str) -> list[str]:
    return [line for line in out.splitlines() if " checksum " in line]


@pytest.mark.parametrize("to_mongodb", [True, False])
async def test_a_copy_that_is_killed_goes_on(
    address: str, tmp_path: Path, to_mongodb: bool
) -> None:
    await filled(tmp_path / "one.db", MESSAGES)
    source, target = f"sqlite:{tmp_path}/one.db", address
    if not to_mongodb:
        await done(tmp_path, "copy-store", source, target)
        source, target = address, f"sqlite:{tmp_path}/two.db"
    for _ in range(KILLS):
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("pipit")), "copy-store", source, target,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        asyncio.get_running_loop().call_later(random.uniform(0.4, 2.0), kill, process)
        await process.wait()
    # Either the last run finished it, or this one does.
    outcome = await pipit(tmp_path, "copy-store", source, target)
    assert outcome.code == 0 or "is not empty" in outcome.err, outcome
    check = f"sqlite:{tmp_path}/check.db"
    assert sums(await done(tmp_path, "copy-store", target, check)) == sums(
        await done(tmp_path, "copy-store", source, f"sqlite:{tmp_path}/other.db")
    )


def kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()


async def test_an_unfinished_copy_is_used_by_nobody(
    address: str, mongod: Mongod, tmp_path: Path
) -> None:
    place = Database(type="mongodb", port=mongod.port, name=address.rpartition("/")[2])
    store = MongoStore(place)
    await store.open()
    await store.close()
    with mongod.client() as client:
        client[place.name].meta.insert_one({"_id": "copy", "source": "sqlite:x", "kind": "topics"})
    refused = await pipit(
        tmp_path, "user", "list",
        database_type="mongodb", database_port=place.port, database_name=place.name,
    )  # fmt: skip
    assert (refused.code, "is an unfinished copy" in refused.err) == (1, True)
    await filled(tmp_path / "one.db")
    refused = await pipit(tmp_path, "copy-store", f"sqlite:{tmp_path}/one.db", address)
    assert "is an unfinished copy of sqlite:x" in refused.err


async def test_a_target_that_holds_something_is_left_alone(address: str, tmp_path: Path) -> None:
    await filled(tmp_path / "one.db")
    await filled(tmp_path / "two.db")
    refused = await pipit(
        tmp_path, "copy-store", f"sqlite:{tmp_path}/one.db", f"sqlite:{tmp_path}/two.db"
    )
    assert refused.code == 1
    assert refused.err.strip().endswith("two.db is not empty: it holds accounts")


@pytest.mark.parametrize(
    ("side", "said"),
    [
        ("nowhere.yaml", "found nowhere.yaml, allowed: a settings file, sqlite:PATH or mongodb:"),
        ("mongodb://127.0.0.1:1", "without a database: mongodb://HOST:PORT/NAME"),
        ("mongodb://a:b:c/x", "a mongodb:// address that is none"),
    ],
)
async def test_a_wrong_side_is_told_in_one_line(tmp_path: Path, side: str, said: str) -> None:
    refused = await pipit(tmp_path, "copy-store", side, "sqlite:two.db")
    assert refused.code == 2
    assert said in refused.err
    assert refused.err.count("\n") == 1


async def test_migrate_tells_the_versions(address: str, mongod: Mongod, tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "database_type": "mongodb",
        "database_port": mongod.port,
        "database_name": address.rpartition("/")[2],
    }
    assert "had version 0, and has version" in await done(tmp_path, "migrate", **settings)
    assert "is up to date: version" in await done(tmp_path, "migrate", **settings)
    await filled(tmp_path / "pipit.db")
    assert "is up to date: version" in await done(tmp_path, "migrate")
