"""What the SQLite store costs: steps, pages, the length of its log. No clock is looked at."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest

from pipit.core import ids
from pipit.core.tags import parse_query
from pipit.store.base import Store
from pipit.store.records import CredentialRecord, FileUse, LoginRecord, Mark, TopicRecord, User
from pipit.store.sqlite import SqliteStore, accounts, database, files, outbox, tags, topics
from pipit.store.sqlite import messages as stored
from pipit.store.sqlite.appending import TopicIds, append_together
from tests.contract.acks import Acks
from tests.contract.records import NOW, file, group, messages, people, subscription


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pipit.db"


async def test_a_page_costs_the_same_in_a_long_history(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    acks = Acks(store)
    (owner,) = await people(store, 1)
    short, long = await group(store, owner), await group(store, owner)
    await acks.store_all(*messages(short, 1, 1001))
    await acks.store_all(*messages(long, 1, 100_001))
    for topic in (short, long):
        await store.delete_messages(topic, 1, owner, [(500, 900)])
    costs = [
        cost_of(path, partial(stored.page, topic=topic, user=owner, spans=spans, limit=24))
        for topic in (short, long)
        for spans in ([(1, 2**53)], [(1, 400)], [(450, 950)], [(1, 50), (300, 320)])
    ]
    await store.close()
    steps, pages = [c[0] for c in costs], [c[1] for c in costs]
    assert all(far <= near * 1.05 for near, far in zip(steps[:4], steps[4:], strict=True))
    assert all(far <= near + 3 for near, far in zip(pages[:4], pages[4:], strict=True))


def cost_of(path: Path, query: Callable[[apsw.Connection], object]) -> tuple[int, int]:
    """Steps of SQLite's virtual machine, and pages read."""
    db = database.open_for_reading(path)
    steps = 0

    def step() -> bool:
        nonlocal steps
        steps += 1
        return False

    db.set_progress_handler(step, 1)
    assert query(db)
    pages = db.status(apsw.SQLITE_DBSTATUS_CACHE_MISS)[0]
    db.close()
    return steps, pages


HARMLESS_SCANS = ("json_each", "CONSTANT ROW", "pulse", "erasures", "users_standing", "outbox")
"""Scans of what was asked, of one row, of what is to be done soon, of those who are not as made."""


@pytest.mark.parametrize("analyzed", [False, True])
def test_every_statement_finds_its_rows_by_a_key(path: Path, analyzed: bool) -> None:
    db = database.open_for_writing(path)
    statements: dict[str, Any] = {}

    def note(_: apsw.Cursor, sql: str, values: Any) -> bool:
        statements[sql] = values
        return True

    db.pragma("synchronous", "off")  # it makes hundreds of commits
    db.exec_trace = note
    do_everything(db)
    db.exec_trace = None
    if analyzed:
        db.execute("ANALYZE")
    plans = {
        sql: [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        for sql, values in statements.items()
        if sql.split()[0] in ("SELECT", "UPDATE", "DELETE", "INSERT")
    }
    db.close()
    assert len(plans) > 50
    slow = [
        (sql, line)
        for sql, plan in plans.items()
        for line in plan
        if line.startswith("SCAN") and not any(name in line for name in HARMLESS_SCANS)
    ]
    assert not slow


def do_everything(db: apsw.Connection) -> None:
    """Each statement of the store at least once."""
    people = [User(ids.new_user_id(), NOW, NOW, tags=["cats"]) for _ in range(20)]
    for number, person in enumerate(people):
        login = LoginRecord(person.id, "basic", f"p{number}", "x")
        accounts.create_user(db, person, login, [CredentialRecord(person.id, "tel", f"+{number}")])
    one, two = people[0].id, people[1].id
    chats = [ids.p2p_name(one, other.id) for other in people[1:]]
    for name in chats:
        sides = [subscription(name, side) for side in ids.p2p_users(name)]
        topics.create_topic(db, TopicRecord(name, NOW, NOW, NOW), sides)
    name = ids.new_group_name()
    topics.create_topic(db, TopicRecord(name, NOW, NOW, NOW, one), [subscription(name, one)])
    append_together(db, TopicIds(), messages(name, 1, 5001), set())
    accounts.load_user(db, one)
    accounts.load_users(db, [one, two])
    accounts.list_users(db, (0, 0), 10)
    accounts.update_user(db, one, {"level": 1, "tags": ["dogs"]})
    accounts.standings(db)
    accounts.save_seen(db, [(one, NOW, "")])
    accounts.find_login(db, "basic", "p1")
    accounts.login_of(db, one, "basic")
    accounts.credentials_of(db, one)
    accounts.find_credential(db, "tel", "+1")
    accounts.delete_credential(db, one, "tel", "+0")
    topics.load_topic(db, name)
    topics.load_topic(db, chats[0])
    topics.update_topic(db, name, {"seq": 5000, "aux": b"1", "tags": []})
    topics.owned_topics(db, one)
    topics.load_subscription(db, name, one)
    topics.contacts(db, one, None)
    topics.contacts(db, one, 5)
    topics.contact(db, one, name)
    topics.save_marks(db, [Mark(name, one, 3, 3)])
    tags.holders(db, ["cats"])
    tags.search(db, parse_query("cats dogs"), 5)
    stored.delete(db, name, 1, one, [(5, 9)])
    stored.delete(db, name, 2, one, [(7, 12)])
    stored.delete(db, name, 3, "", [(1, 3), (100, 4000)])
    stored.page(db, name, one, [(1, 100)], 24)
    stored.oldest(db, name, [(1, 100)])
    stored.deletions(db, name, one, 0, 9, 9)
    stored.erase_slice(db)
    picture = file(one)
    files.save_file(db, picture)
    files.link_files(db, [FileUse(picture.id, name), FileUse(picture.id, name, 4)])
    files.file_uses(db, picture.id)
    files.file_bytes(db, one)
    files.unused_files(db, NOW, 5)
    files.delete_files(db, [picture.id])
    outbox.put(db, [b"1", b"2"])
    outbox.drop(db, [number for number, _ in outbox.oldest(db, 1)])
    outbox.size(db)
    database.beat(db)
    database.last_beat(db)
    topics.delete_topic(db, name, NOW)
    topics.create_topic(db, TopicRecord(name, NOW, NOW, NOW, one), [])
    accounts.delete_user(db, one, NOW)


async def test_the_write_ahead_log_stays_short_while_others_read(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    acks = Acks(store)
    (owner,) = await people(store, 1)
    chosen = [await group(store, owner) for _ in range(20)]
    reading = [asyncio.ensure_future(read_on(store, owner, topic)) for topic in chosen[:2]]
    longest = 0
    for low in range(1, 600, 10):
        sent = [message for topic in chosen for message in messages(topic, low, low + 10)]
        for message in sent:
            message.content = b'"' + b"x" * 500 + b'"'
        await acks.store_all(*sent)
        longest = max(longest, size_of(Path(f"{path}-wal")))
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    await store.close()
    assert longest < 2 * 4096 * 1000, "some pages more than at which it is copied"


def size_of(path: Path) -> int:
    return path.stat().st_size


async def read_on(store: Store, user: str, topic: str) -> None:
    """Reads without a pause."""
    while True:
        await store.messages(topic, user, [(1, 2**32)], 50)
