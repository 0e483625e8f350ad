"""What the MongoDB store costs: documents and keys that the server looks at. No clock is read.

The server's profiler notes every command that the store sends.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pipit.config.settings import Database
from pipit.core.tags import parse_query
from pipit.store.mongodb import MongoStore
from pipit.store.records import CredentialRecord, FileUse, LoginRecord, Mark
from tests.contract.acks import Acks
from tests.contract.records import NOW, chat, file, group, messages, people, subscription, user

ALL = [(1, 1_000_000)]


@pytest.fixture
async def store(place: Database) -> AsyncIterator[MongoStore]:
    opened = MongoStore(place)
    await opened.open()
    yield opened
    await opened.close()


@contextmanager
def profiled(db: Any) -> Iterator[list[Any]]:
    """What the server did meanwhile, once it is over."""
    done: list[Any] = []
    db.command("profile", 0)
    db.drop_collection("system.profile")
    db.create_collection("system.profile", capped=True, size=64 << 20)
    db.command("profile", 2)
    try:
        yield done
    finally:
        db.command("profile", 0)
        done += db["system.profile"].find({"ns": {"$not": {"$regex": "system.profile"}}})


HARMLESS_SCANS = ("outbox", "erasures", "meta")
"""Collections that are read from their beginning, or hold a few documents."""


async def test_every_query_finds_its_documents_by_a_key(store: MongoStore, db: Any) -> None:
    with profiled(db) as done:
        await everything(store)
    found = (one for one in done if "planSummary" in one)
    plans = {(one["ns"].partition(".")[2], one["planSummary"]) for one in found}
    scans = {plan for plan in plans if "COLLSCAN" in plan[1] and plan[0] not in HARMLESS_SCANS}
    assert scans == set()
    assert len(plans) > 20, "the profiler saw the queries"


async def everything(store: MongoStore) -> None:
    """Calls every method of the contract at least once."""
    acks = Acks(store)
    one, two = user(1, "alias:one", "cats"), user(2, "dogs")
    mail = CredentialRecord(one.id, "email", "z@example.com", done=True)
    await store.create_user(one, LoginRecord(one.id, "basic", "one", "s"), [mail])
    await store.create_user(two)
    name, talk = (
        await group(store, one.id, two.id, tags=("boats",)),
        await chat(store, one.id, two.id),
    )
    await acks.store_all(*messages(name, 1, 30), *messages(talk, 1, 30))
    await store.load_users([one.id, two.id])
    await store.update_user(one.id, public=b"1", tags=["alias:uno"])
    _ = [found async for found in store.list_users()]
    await store.standings()
    await store.find_login("basic", "one")
    await store.login_of(one.id, "basic")
    await store.save_login(LoginRecord(one.id, "basic", "uno", "s"))
    await store.save_credential(mail)
    await store.credentials_of(one.id)
    await store.find_credential("email", "z@example.com")
    await store.delete_credential(one.id, "email", "z@example.com")
    await store.load_topic(name)
    await store.update_topic(name, aux=b"1", tags=["ships"])
    await store.save_subscriptions([subscription(name, two.id)])
    await store.load_subscription(name, two.id)
    await store.contacts(one.id, deleted_since=1)
    await store.load_user_and_contacts(two.id)
    await store.contact(one.id, talk)
    await store.owned_topics(one.id)
    await store.save_marks([Mark(name, one.id, 3, 4)])
    await store.save_seen([(one.id, NOW, "x")])
    await store.search(parse_query("ships, dogs"), 10)
    await store.tag_holders(["dogs", "ships"])
    await store.messages(name, one.id, ALL, 10)
    await store.message(name, 3)
    await store.oldest_message(name, ALL)
    await store.delete_messages(name, 1, one.id, [(2, 4)])
    await store.delete_messages(name, 2, "", [(3, 7)])
    await store.deletions(name, one.id, 0, 9, 9)
    sent = file(one.id)
    await store.save_file(sent)
    await store.load_file(sent.id)
    await store.link_files([FileUse(sent.id, name), FileUse(sent.id, name, 9)])
    await store.file_uses(sent.id)
    await store.file_bytes(one.id)
    await store.unused_files(NOW + 1, 10)
    await store.put_outbox([b"1"])
    await store.drop_outbox([number for number, _ in await store.outbox(10)])
    await store.delete_files([sent.id])
    await store.delete_topic(name, NOW)
    await store.delete_user(one.id, NOW)
    await store.ping()


async def test_a_page_costs_the_same_in_a_long_history(store: MongoStore, db: Any) -> None:
    acks = Acks(store)
    (owner,) = await people(store, 1)
    short, long = await group(store, owner), await group(store, owner)
    await acks.store_all(*messages(short, 1, 1001))
    await acks.store_all(*messages(long, 1, 20_001))
    for topic in (short, long):
        await store.delete_messages(topic, 1, owner, [(500, 900)])
    costs = []
    for topic in (short, long):
        for spans in ([(1, 2**53)], [(1, 400)], [(450, 950)], [(1, 50), (300, 320)]):
            with profiled(db) as done:
                assert len(await store.messages(topic, owner, spans, 24)) == 24
            read = [one for one in done if one["ns"].endswith((".messages", ".hidden"))]
            costs.append(sum(one["docsExamined"] for one in read))
    assert costs[:4] == costs[4:]
    assert max(costs) <= 24 + 2


async def test_a_list_of_contacts_costs_the_same_for_any_number_of_others(
    store: MongoStore, db: Any
) -> None:
    """Three commands, and no document but those that are shown."""
    me, *others = await people(store, 40)
    for other in others[:30]:
        await chat(store, me, other)
    await group(store, me, *others)
    with profiled(db) as done:
        assert len(await store.contacts(me)) == 31
    assert sorted(one["docsExamined"] for one in done if one["docsExamined"]) == [30, 31, 31]


async def test_a_message_costs_one_document_and_one_key(store: MongoStore, db: Any) -> None:
    acks = Acks(store)
    (owner,) = await people(store, 1)
    topic = await group(store, owner)
    await acks.store_all(*messages(topic, 1, 2))
    with profiled(db) as done:
        await acks.store_all(*messages(topic, 2, 102))
    (written,) = [one for one in done if one["op"] in ("insert", "update", "remove")]
    assert (written["op"], written["ninserted"], written["keysInserted"]) == ("insert", 100, 100)
    concern = written["command"]["writeConcern"]
    assert (concern["w"], concern["j"]) == ("majority", True)


async def test_a_search_reads_no_more_than_it_finds(store: MongoStore, db: Any) -> None:
    for number in range(30):
        await store.create_user(user(number, f"tag{number}", "all"))
    with profiled(db) as done:
        assert len(await store.search(parse_query("tag7, tag9"), 10)) == 2
    assert sum(one["docsExamined"] for one in done) == 2


async def test_a_topic_is_written_once_it_is_quiet(store: MongoStore, db: Any) -> None:
    acks = Acks(store)
    (owner,) = await people(store, 1)
    topic = await group(store, owner)
    await acks.store_all(*messages(topic, 1, 51))
    kept = db.topics.find_one({"_id": topic})
    assert kept["busy"]
    await store.close()
    kept = db.topics.find_one({"_id": topic})
    assert (kept["seq"], "busy" in kept) == (50, False)
