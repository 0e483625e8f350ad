"""What users rely on: what was acknowledged is there, whatever happened since."""

import asyncio
import sys
from pathlib import Path
from random import Random

import pytest

from pipit.core import ids
from pipit.store.base import OutOfOrder, Store, Unavailable
from pipit.store.records import TopicRecord
from tests.contract.acks import Acks
from tests.contract.backends import StoreBackend
from tests.contract.records import NOW, group, messages, people, user
from tests.contract.writing_process import IN_FLIGHT, TOPICS

ROUNDS = 5
APP = Path(__file__).parents[2]


async def test_all_is_there_after_opening_again(
    store: Store, acks: Acks, backend: StoreBackend, tmp_path: Path
) -> None:
    owner = user(1, "cats")
    await store.create_user(owner)
    topic = await group(store, owner.id)
    await acks.store_all(*messages(topic, 1, 50))
    await store.delete_messages(topic, 1, owner.id, [(3, 9)])
    before = (
        await store.load_topic(topic),
        await store.contacts(owner.id),
        await store.messages(topic, owner.id, [(1, 100)], 100),
    )
    await store.close()
    again = backend.make(tmp_path)
    await again.open()
    after = (
        await again.load_topic(topic),
        await again.contacts(owner.id),
        await again.messages(topic, owner.id, [(1, 100)], 100),
    )
    assert await again.load_user(owner.id) == owner
    await again.close()
    assert after == before


async def test_closing_commits_what_was_asked(
    store: Store, acks: Acks, backend: StoreBackend, tmp_path: Path
) -> None:
    (owner,) = await people(store, 1)
    topic = await group(store, owner)
    acks.append(*messages(topic, 1, 301))
    await store.close()
    await acks.settle()
    assert acks.stored(topic) == list(range(1, 301))
    again = backend.make(tmp_path)
    await again.open()
    assert len(await again.messages(topic, owner, [(1, 1000)], 1000)) == 300
    await again.close()


async def test_a_closed_store_is_unavailable(store: Store) -> None:
    await store.close()
    with pytest.raises(Unavailable):
        await store.load_user("usrA")
    with pytest.raises(Unavailable):
        await store.ping()
    with pytest.raises(Unavailable):
        store.append(messages("grpA", 1, 2)[0])


async def test_while_nothing_can_be_stored_nothing_is_acknowledged(
    store: Store, acks: Acks, backend: StoreBackend, tmp_path: Path
) -> None:
    owner, late = user(1), user(2)
    await store.create_user(owner)
    topic, other = await group(store, owner.id), await group(store, owner.id)
    await acks.store_all(*messages(topic, 1, 11))
    with backend.out_of_order(tmp_path):
        acks.append(*messages(topic, 11, 14), *messages(other, 1, 3))
        with pytest.raises(Unavailable):
            await store.create_user(late)
        with pytest.raises(Unavailable):
            await store.ping()
        await acks.settle()
        assert len(await store.messages(topic, owner.id, [(1, 100)], 100)) == 10  # reading goes on
    assert acks.stored(topic) == list(range(1, 11))
    assert {why for _, _, why in acks.failed()} <= {Unavailable, OutOfOrder}
    assert len(acks.failed()) == 5
    acks.told.clear()
    await store.ping()
    assert await store.load_user(late.id) is None
    await store.create_user(late)
    acks.append(*messages(topic, 11, 14), *messages(other, 1, 3))
    await acks.settle()
    assert (acks.stored(topic), acks.stored(other), acks.failed()) == ([11, 12, 13], [1, 2], [])
    found = await store.messages(topic, owner.id, [(1, 100)], 100)
    assert [m.seq for m in found] == list(range(13, 0, -1))


async def test_a_topic_that_could_not_be_made_takes_no_messages(
    store: Store, acks: Acks, backend: StoreBackend, tmp_path: Path
) -> None:
    (owner,) = await people(store, 1)
    never = ids.new_group_name()
    with backend.out_of_order(tmp_path):
        made = asyncio.ensure_future(store.create_topic(TopicRecord(never, NOW, NOW, NOW), []))
        await asyncio.sleep(0)
        acks.append(*messages(never, 1, 2))
        with pytest.raises(Unavailable):
            await made
    other = await group(store, owner)
    acks.append(*messages(never, 1, 2))
    await acks.settle()
    assert acks.stored(never) == []
    acks.append(*messages(other, 1, 2))
    await acks.settle()
    assert acks.stored(other) == [1]
    assert [m.seq for m in await store.messages(other, owner, [(1, 9)], 9)] == [1]


async def test_a_killed_writer_loses_and_doubles_nothing(
    backend_name: str, backend: StoreBackend, tmp_path: Path
) -> None:
    random = Random(9)
    for _ in range(ROUNDS):
        acknowledged = await write_and_kill(backend_name, tmp_path, random.randint(30, 3000))
        store = backend.make(tmp_path)
        await store.open()
        for topic in TOPICS:
            loaded = await store.load_topic(topic)
            assert loaded is not None
            last = loaded[0].seq
            assert last >= acknowledged[topic]
            assert last <= acknowledged[topic] + IN_FLIGHT
            found = await store.messages(topic, "usrA", [(1, last + 100)], last + 100)
            assert [m.seq for m in found] == list(range(last, 0, -1))
            assert all(m.content == b"%d" % m.seq for m in found)
        await store.close()


async def write_and_kill(kind: str, folder: Path, acks: int) -> dict[str, int]:
    """Kills another process that writes after so many acknowledgements; the last of each topic."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.contract.writing_process", kind, str(folder),
        cwd=APP, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    acknowledged = dict.fromkeys(TOPICS, 0)
    heard = 0
    async for line in process.stdout:
        topic, seq = line.decode().split()
        acknowledged[topic] = int(seq)
        heard += 1
        if heard == acks:
            process.kill()  # lines that are out already are still read
    assert await process.wait() == -9
    return acknowledged
