"""What SQLite's transactions do, and the MongoDB store by itself: nothing is left half done.

Also its schema, and that nothing from outside becomes an operator, a key or an expression.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec
import pytest

from pipit.config.settings import Database
from pipit.core import ids
from pipit.core.tags import Query
from pipit.store.base import Duplicate, StoreError, Unavailable
from pipit.store.mongodb import MongoStore, aliases, schema
from pipit.store.mongodb.database import connect, database
from pipit.store.records import CredentialRecord, FileUse, LoginRecord, TopicRecord
from tests.contract.acks import Acks
from tests.contract.records import NOW, chat, file, group, messages, people, subscription, user
from tests.support.mongod import Mongod

ALL = [(1, 1_000_000)]


@pytest.fixture
async def store(place: Database) -> AsyncIterator[MongoStore]:
    opened = MongoStore(place)
    await opened.open()
    yield opened
    await opened.close()


@contextmanager
def breaking_off(mongod: Mongod, after: int) -> Iterator[None]:
    """The server carries out so many more writes and refuses all others."""
    writes = ["insert", "update", "delete", "findAndModify"]
    with mongod.client() as client:
        client.admin.command(
            "configureFailPoint", "failCommand", mode={"skip": after},
            data={"failCommands": writes, "errorCode": 14031},
        )  # fmt: skip
        try:
            yield
        finally:
            client.admin.command("configureFailPoint", "failCommand", mode="off")


@asynccontextmanager
async def reopened(store: MongoStore) -> AsyncIterator[MongoStore]:
    """The store as it is after a restart of the service."""
    await store.close()
    again = MongoStore(store.place)
    await again.open()
    try:
        yield again
    finally:
        await again.close()


# -- broken off anywhere ---------------------------------------------------------------------------

TOPIC_STEPS, ACCOUNT_STEPS = range(9), range(23)
"""With the last of these numbers of writes a deletion is whole."""


@pytest.mark.parametrize("after", TOPIC_STEPS)
async def test_a_deleted_topic_is_there_or_gone_as_a_whole(
    store: MongoStore, mongod: Mongod, after: int
) -> None:
    owner, member = await people(store, 2)
    name = await group(store, owner, member, tags=("alias:boats", "cats"))
    acks = Acks(store)
    await acks.store_all(*messages(name, 1, 6))
    await store.delete_messages(name, 1, member, [(1, 3)])
    sent = file(owner)
    await store.save_file(sent)
    await store.link_files([FileUse(sent.id, name, 4)])
    with breaking_off(mongod, after):
        done = await outcome(store.delete_topic(name, NOW + 5))
    assert done or after < TOPIC_STEPS[-1]
    async with reopened(store) as again:
        here = await again.load_topic(name) is not None
        assert here or after
        assert not (here and done)
        assert bool(await again.contacts(member)) == here
        assert bool(await again.contacts(member, deleted_since=NOW)) or here
        assert bool(await again.messages(name, owner, ALL, 9)) == here
        assert bool(await again.deletions(name, member, 0, 9, 9)) == here
        assert bool(await again.file_uses(sent.id)) == here
        assert bool(await again.tag_holders(["alias:boats", "cats"])) == here
        if not here:
            await again.create_topic(TopicRecord(name, 1, 1, 1, tags=["alias:boats"]), [])
            assert await again.messages(name, owner, ALL, 9) == []


@pytest.mark.parametrize("after", ACCOUNT_STEPS)
async def test_a_deleted_account_is_there_or_gone_as_a_whole(
    store: MongoStore, mongod: Mongod, after: int
) -> None:
    gone, peer = user(1, "alias:zoe", "cats"), user(2)
    login = LoginRecord(gone.id, "basic", "zoe", "hash")
    mail = CredentialRecord(gone.id, "email", "z@example.com", done=True)
    await store.create_user(gone, login, [mail])
    await store.create_user(peer)
    talk, name = await chat(store, gone.id, peer.id), await group(store, peer.id, gone.id)
    await store.create_topic(
        TopicRecord(ids.slf_name(gone.id), 1, 1, 1), [subscription(ids.slf_name(gone.id), gone.id)]
    )
    with breaking_off(mongod, after):
        done = await outcome(store.delete_user(gone.id, NOW))
    assert done or after < ACCOUNT_STEPS[-1]
    async with reopened(store) as again:
        here = await again.load_user(gone.id) is not None
        assert not (here and done)
        assert bool(await again.find_login("basic", "zoe")) == here
        assert bool(await again.find_credential("email", "z@example.com")) == here
        assert len(await again.contacts(gone.id)) == (3 if here else 0)
        assert (await again.load_topic(ids.slf_name(gone.id)) is not None) == here
        assert bool(await again.tag_holders(["alias:zoe", "cats"])) == here
        contact = await again.contact(peer.id, name)
        assert contact is not None
        assert contact.members == (2 if here else 1)
        other = await again.contact(peer.id, talk)
        assert other is not None
        assert other.gone != here
        if not here:
            await again.create_user(user(3, "alias:zoe"))


@pytest.mark.parametrize("everybody", [False, True])
@pytest.mark.parametrize("after", range(7))
async def test_messages_are_deleted_as_a_whole_or_not(
    store: MongoStore, mongod: Mongod, after: int, everybody: bool
) -> None:
    one, two = await people(store, 2)
    name = await group(store, one, two)
    acks = Acks(store)
    await acks.store_all(*messages(name, 1, 21))
    await store.delete_messages(name, 1, one, [(3, 5), (8, 9)])
    with breaking_off(mongod, after):
        done = await outcome(
            store.delete_messages(name, 2, "" if everybody else one, [(4, 9), (12, 14)])
        )
    async with reopened(store) as again:
        loaded = await again.load_topic(name)
        assert loaded is not None
        deleted = loaded[0].del_id == 2
        assert deleted or not done
        told = {(d.low, d.hi) for d in await again.deletions(name, one, 2, 9, 9)}
        assert told == ({(4, 9), (12, 14)} if deleted else set())
        hidden = {3, 4, 8} | ({4, 5, 6, 7, 8, 12, 13} if deleted else set())
        assert [m.seq for m in await again.messages(name, one, ALL, 99)] == sorted(
            set(range(1, 21)) - hidden, reverse=True
        )
        erased = {4, 5, 6, 7, 8, 12, 13} if deleted and everybody else set()
        assert len(await again.messages(name, two, ALL, 99)) == 20 - len(erased)
        sub = await again.load_subscription(name, one)
        assert sub is not None
        assert sub.cleared == (2 if deleted else 1)


@pytest.mark.parametrize("after", range(5))
async def test_a_topic_is_made_as_a_whole_or_not(
    store: MongoStore, mongod: Mongod, after: int
) -> None:
    one, two = await people(store, 2)
    name = ids.p2p_name(one, two)
    subs = [subscription(name, side) for side in (one, two)]
    with breaking_off(mongod, after):
        done = await outcome(store.create_topic(TopicRecord(name, NOW, NOW, NOW), subs))
    loaded = await store.load_topic(name)
    assert (loaded is not None) == done
    assert [len(await store.contacts(side)) for side in (one, two)] == [int(done), int(done)]
    if not done:
        await store.create_topic(TopicRecord(name, NOW, NOW, NOW), subs)
        loaded = await store.load_topic(name)
    assert loaded is not None
    assert {member.sub.user for member in loaded[1]} == {one, two}


async def test_a_long_history_is_gone_at_once_and_erased_by_and_by(
    store: MongoStore, db: Any
) -> None:
    (owner,) = await people(store, 1)
    one, other = await group(store, owner), await group(store, owner)
    acks = Acks(store)
    for topic in (one, other):
        await acks.store_all(*messages(topic, 1, 12_001))
    await store.delete_messages(one, 1, "", [(2, 12_000)])
    await store.delete_topic(other, NOW)
    assert [m.seq for m in await store.messages(one, owner, ALL, 99)] == [12_000, 1]
    assert await store.message(one, 11_999) is None
    async with reopened(store) as again, asyncio.timeout(30):
        while db.messages.count_documents({}) > 2:
            await again.ping()
        assert [m.seq for m in await again.messages(one, owner, ALL, 99)] == [12_000, 1]


async def test_a_lost_claim_of_an_alias_is_free_again(
    store: MongoStore, mongod: Mongod, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, heir = user(1, "alias:zoe"), user(2, "alias:zoe")
    with breaking_off(mongod, 1), pytest.raises(Unavailable):
        await store.create_user(lost)
    with pytest.raises(Duplicate):  # it may still be about to be used
        await store.create_user(heir)
    monkeypatch.setattr(aliases, "GRACE_MS", 0)
    await store.create_user(heir)
    with pytest.raises(Duplicate):
        await store.create_user(lost)
    assert await store.tag_holders(["alias:zoe"]) == [heir.id]


async def outcome(change: Awaitable[None]) -> bool:
    """Whether a change was made."""
    try:
        await change
    except Unavailable:
        return False
    return True


# -- nothing from outside is code ------------------------------------------------------------------

HOSTILE = ("$ne", "$where", "$$ROOT", "$tags", "a.b", "{'$gt': ''}", "", "x\x00y", ".*", "ſ$gt")


@pytest.mark.parametrize("text", HOSTILE)
async def test_text_is_text_wherever_it_comes_from(store: MongoStore, text: str) -> None:
    one, two = user(1, "t" + text), user(2, "other")
    one.seen_ua = text
    login = LoginRecord(one.id, text, text, text)
    mail = CredentialRecord(one.id, text, text, done=True, code=text)
    await store.create_user(one, login, [mail])
    await store.create_user(two, LoginRecord(two.id, "basic", "two", "s"))
    assert await store.load_user(one.id) == one
    assert await store.load_user(text) is None
    assert await store.load_users([text]) == {}
    assert await store.find_login(text, text) == login
    assert await store.find_login("basic", text) is None
    await store.save_login(login)
    await store.save_credential(mail)
    assert await store.login_of(one.id, text) == login
    assert await store.credentials_of(one.id) == [mail]
    assert await store.find_credential(text, text) == mail
    with pytest.raises(Duplicate):
        await store.save_login(LoginRecord(two.id, text, text, ""))
    assert [hit.name for hit in await store.search(Query((), frozenset({"t" + text})), 9)] == [
        one.id
    ]
    assert await store.tag_holders(["t" + text]) == [one.id]
    assert await store.load_topic(text) is None
    assert await store.contacts(text) == []
    assert await store.contact(one.id, text) is None
    assert await store.messages(text, text, ALL, 9) == []
    assert await store.load_file(text) is None
    assert await store.file_uses(text) == []
    name = await group(store, one.id, two.id)
    await store.update_topic(name, public=text.encode(), owner=text)
    assert await store.delete_credential(one.id, text, text)
    await store.delete_user(text, NOW)
    assert await store.load_user(two.id) == two


@pytest.mark.parametrize("value", [{"$ne": ""}, {"$gt": ""}, ["a"], {"$where": "1"}])
async def test_a_value_that_is_no_text_finds_nothing(store: MongoStore, value: Any) -> None:
    one = user()
    await store.create_user(one, LoginRecord(one.id, "basic", "zoe", "s"))
    assert await store.find_login("basic", value) is None
    assert await store.find_login(value, "zoe") is None


async def test_large_numbers_come_back_as_plain_ones(store: MongoStore) -> None:
    """BSON has a class of its own for them, which no JSON encoder takes."""
    one, two = user(1), user(2)
    one.seen_at = NOW
    await store.create_user(one)
    await store.create_user(two)
    name = await chat(store, one.id, two.id)
    acks = Acks(store)
    await acks.store_all(*messages(name, 1, 3))
    sent = file(one.id, size=2**40)
    await store.save_file(sent)
    found = [
        await store.load_user(one.id),
        await store.load_topic(name),
        await store.contacts(two.id),
        await store.messages(name, one.id, ALL, 9),
        await store.load_file(sent.id),
        await store.file_bytes(one.id),
    ]
    assert msgspec.json.encode(found)


# -- the schema ------------------------------------------------------------------------------------


async def test_a_database_of_another_program_is_left_alone(place: Database, db: Any) -> None:
    db.shopping.insert_one({"milk": 2})
    with pytest.raises(StoreError, match=f"{place.name} belongs to another program.* shopping"):
        await MongoStore(place).open()
    assert db.list_collection_names() == ["shopping"]


async def test_a_database_of_a_newer_version_is_refused(store: MongoStore, db: Any) -> None:
    db.meta.update_one({"_id": "schema"}, {"$set": {"version": 99}})
    with pytest.raises(StoreError, match="made by a newer Pipit: it has version 99"):
        await MongoStore(store.place).open()


async def test_an_index_that_was_dropped_is_made_again(store: MongoStore, db: Any) -> None:
    db.users.drop_index("claims")
    async with reopened(store):
        assert "claims" in db.users.index_information()


async def test_a_migration_that_was_broken_off_goes_on(store: MongoStore, db: Any) -> None:
    client, _ = connect(store.place)
    target = database(client, store.place.name)
    ran: list[str] = []

    async def first(_: Any) -> None:
        ran.append("first")

    async def second(_: Any) -> None:
        ran.append("second")
        if ran.count("second") == 1:
            raise KeyboardInterrupt

    scripts = (*schema.MIGRATIONS, first, second)
    with pytest.raises(KeyboardInterrupt):
        await schema.migrate(target, scripts)
    await schema.migrate(target, scripts)
    await schema.migrate(target, scripts)
    assert ran == ["first", "second", "second"]
    assert db.meta.find_one({"_id": "schema"})["version"] == len(scripts)
    await client.close()


async def test_a_server_that_is_not_there_is_named(place: Database) -> None:
    nowhere = Database(type="mongodb", host="127.0.0.1", port=1, name="x")
    with pytest.raises(StoreError, match=r"database x on 127\.0\.0\.1:1 cannot be used: "):
        await MongoStore(nowhere).open()
