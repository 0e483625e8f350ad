"""What users rely on: messages are kept in order, without gaps, and hidden or erased as asked."""

import asyncio
from random import Random

import pytest

from pipit.core import ids, ranges
from pipit.store.base import Duplicate, OutOfOrder, Store
from pipit.store.records import Deletion, Message
from tests.contract.acks import Acks
from tests.contract.records import NOW, group, message, messages, people, user

ALL = [(1, 1_000_000)]


async def numbers(
    store: Store, topic: str, user_id: str, *spans: tuple[int, int], limit: int = 1000
) -> list[int]:
    """The numbers of the messages that a user sees."""
    return [m.seq for m in await store.messages(topic, user_id, list(spans) or ALL, limit)]


@pytest.fixture
async def owner(store: Store) -> str:
    return (await people(store, 1))[0]


@pytest.fixture
async def topic(store: Store, owner: str) -> str:
    return await group(store, owner)


# -- appending -------------------------------------------------------------------------------------


async def test_messages_come_back_as_they_were_sent(
    store: Store, acks: Acks, topic: str, owner: str
) -> None:
    sent = [
        Message(topic, 1, NOW, owner, b'{"txt":"\xc3\xa9","fmt":[{"len":1}]}', b'{"mime":"x"}'),
        Message(topic, 2, NOW - 5, ids.new_user_id(), b"null"),
        Message(topic, 3, NOW, owner, b'"' + b"x" * 131_072 + b'"'),
    ]
    await acks.store_all(*sent)
    assert await store.messages(topic, owner, ALL, 10) == sent[::-1]
    assert await store.message(topic, 1) == sent[0]
    assert await store.message(topic, 4) is None


async def test_a_message_moves_its_topic_on(store: Store, acks: Acks, topic: str) -> None:
    await acks.store_all(*messages(topic, 1, 6))
    loaded = await store.load_topic(topic)
    assert loaded is not None
    assert (loaded[0].seq, loaded[0].touched) == (5, NOW + 5000)


async def test_everybody_is_told_in_order_of_many_topics(store: Store, acks: Acks) -> None:
    (owner,) = await people(store, 1)
    topics = [await group(store, owner) for _ in range(20)]
    next_seq = dict.fromkeys(topics, 1)
    random = Random(4)
    for turn in range(1500):
        chosen = random.choice(topics)
        acks.append(message(chosen, next_seq[chosen]))
        next_seq[chosen] += 1
        if turn % 100 == 0:
            await asyncio.sleep(0)
    await acks.settle()
    assert not acks.failed()
    assert all(len({m.topic for m in told}) == 1 for told, _ in acks.told)
    for topic in topics:
        assert acks.stored(topic) == list(range(1, next_seq[topic]))
        assert await numbers(store, topic, owner) == list(range(next_seq[topic] - 1, 0, -1))


async def test_a_gap_is_refused_and_all_that_follows_it(
    store: Store, acks: Acks, topic: str, owner: str
) -> None:
    other = await group(store, owner)
    acks.append(
        *messages(topic, 1, 3), message(topic, 4), *messages(other, 1, 3), message(topic, 5)
    )
    await acks.settle()
    assert acks.stored(topic) == [1, 2]
    assert acks.failed() == [(topic, 4, OutOfOrder), (topic, 5, OutOfOrder)]
    assert acks.stored(other) == [1, 2]
    await acks.settle()
    acks.append(message(topic, 3), message(topic, 4))
    await acks.settle()
    assert acks.stored(topic) == [1, 2, 3, 4]
    assert await numbers(store, topic, owner) == [4, 3, 2, 1]


@pytest.mark.parametrize("seqs", [(2,), (0,), (-1,), (1, 1, 2), (1, 2, 2, 4), (2, 1)])
async def test_only_what_continues_a_topic_is_stored(
    store: Store, acks: Acks, topic: str, owner: str, seqs: tuple[int, ...]
) -> None:
    acks.append(*(message(topic, seq) for seq in seqs))
    await acks.settle()
    stored = acks.stored(topic)
    assert stored == list(range(1, len(stored) + 1))
    assert await numbers(store, topic, owner, (-5, 10)) == stored[::-1]
    assert {why for _, _, why in acks.failed()} == {OutOfOrder}
    assert len(acks.failed()) == len(seqs) - len(stored)


async def test_another_writer_of_the_topic_is_noticed(
    store: Store, acks: Acks, topic: str, owner: str
) -> None:
    await acks.store_all(*messages(topic, 1, 3))
    await store.update_topic(topic, seq=3)  # as another writer's message would
    acks.append(*messages(topic, 3, 5))
    await acks.settle()
    assert acks.failed() == [(topic, 3, OutOfOrder), (topic, 4, OutOfOrder)]
    assert await numbers(store, topic, owner) == [2, 1]


async def test_a_message_to_an_unknown_topic_is_refused(store: Store, acks: Acks) -> None:
    unknown = ids.new_group_name()
    acks.append(message(unknown, 1))
    await acks.settle()
    assert acks.failed() == [(unknown, 1, OutOfOrder)]


async def test_a_failed_change_disturbs_no_other(store: Store, acks: Acks, topic: str) -> None:
    taken = user()
    await store.create_user(taken)
    fine = user(2, "cats")
    changes = asyncio.gather(
        store.create_user(taken), store.create_user(fine), return_exceptions=True
    )
    acks.append(*messages(topic, 1, 3), message(topic, 9))
    refused, done = await changes
    await acks.settle()
    assert isinstance(refused, Duplicate)
    assert done is None
    assert await store.load_user(fine.id) == fine
    assert acks.stored(topic) == [1, 2]


async def test_changes_are_made_in_the_order_they_were_asked(
    store: Store, acks: Acks, topic: str, owner: str
) -> None:
    acks.append(*messages(topic, 1, 4))
    erased = asyncio.ensure_future(store.delete_messages(topic, 1, "", [(1, 3)]))
    await asyncio.sleep(0)
    acks.append(*messages(topic, 4, 6))
    await erased
    await acks.settle()
    assert acks.stored(topic) == [1, 2, 3, 4, 5]
    assert await numbers(store, topic, owner) == [5, 4, 3]


async def test_what_was_stored_is_read_at_once(store: Store, topic: str) -> None:
    for seq in range(1, 101):
        await store.update_topic(topic, del_id=seq)
        loaded = await store.load_topic(topic)
        assert loaded is not None
        assert loaded[0].del_id == seq


async def test_the_store_answers_a_ping(store: Store) -> None:
    await asyncio.gather(*(store.ping() for _ in range(5)))


# -- pages of history ------------------------------------------------------------------------------


async def test_pages_are_the_newest_of_the_spans(
    store: Store, acks: Acks, topic: str, owner: str
) -> None:
    await acks.store_all(*messages(topic, 1, 101))
    assert await numbers(store, topic, owner, limit=3) == [100, 99, 98]
    assert await numbers(store, topic, owner, (5, 8), (20, 22)) == [21, 20, 7, 6, 5]
    assert await numbers(store, topic, owner, (20, 22), (5, 8), limit=3) == [21, 20, 7]
    assert await numbers(store, topic, owner, (98, 200)) == [100, 99, 98]
    assert await numbers(store, topic, owner, (7, 7), (200, 300)) == []
    assert await numbers(store, topic, owner, limit=0) == []
    assert await store.messages(topic, owner, [], 10) == []


async def test_a_span_beyond_all_bounds_shows_no_other_topic(
    store: Store, acks: Acks, owner: str
) -> None:
    topics = [await group(store, owner) for _ in range(5)]
    for topic in topics:
        await acks.store_all(*messages(topic, 1, 4))
    for topic in topics:
        for low, hi in ((-(2**53), 2**53), (0, 2**63 - 1), (1, 2**32 + 5), (2**32, 2**53)):
            found = await store.messages(topic, owner, [(low, hi)], 100)
            assert {m.topic for m in found} <= {topic}
            assert [m.seq for m in found] == ([3, 2, 1] if low <= 1 else [])
        await store.delete_messages(topic, 1, owner, [(2, 2**53)])
        await store.delete_messages(topic, 2, "", [(3, 2**53)])
    for topic in topics:
        assert await numbers(store, topic, owner) == [1]
        assert await numbers(store, topic, ids.new_user_id()) == [2, 1]
        assert await store.message(topic, 2**32 + 1) is None


# -- deleting --------------------------------------------------------------------------------------


async def test_hidden_messages_are_hidden_from_one_only(store: Store, acks: Acks) -> None:
    one, two = await people(store, 2)
    topic = await group(store, one, two)
    await acks.store_all(*messages(topic, 1, 7))
    await store.delete_messages(topic, 1, one, [(2, 3), (5, 7)])
    assert await numbers(store, topic, one) == [4, 3, 1]
    assert await numbers(store, topic, one, limit=2) == [4, 3]
    assert await numbers(store, topic, two) == [6, 5, 4, 3, 2, 1]
    assert await store.message(topic, 2) is not None
    cleared = [(await store.load_subscription(topic, user_id)) for user_id in (one, two)]
    assert [sub.cleared for sub in cleared if sub] == [1, 0]
    contact = await store.contact(one, topic)
    assert contact is not None
    assert contact.sub.cleared == 1


@pytest.mark.parametrize("count", [6, 3000])
async def test_erased_messages_are_gone_for_everybody(store: Store, acks: Acks, count: int) -> None:
    one, two = await people(store, 2)
    topic = await group(store, one, two)
    await acks.store_all(*messages(topic, 1, count + 1))
    await store.delete_messages(topic, 1, "", [(2, count)])
    for user_id in (one, two):
        assert await numbers(store, topic, user_id) == [count, 1]
        sub = await store.load_subscription(topic, user_id)
        assert sub is not None
        assert sub.cleared == 1
    assert await store.message(topic, 2) is None
    assert await store.message(topic, count) is not None
    await acks.store_all(*messages(topic, count + 1, count + 3))
    assert await numbers(store, topic, one, limit=3) == [count + 2, count + 1, count]


async def test_the_oldest_message_is_one_that_is_not_erased(
    store: Store, acks: Acks, topic: str, owner: str
) -> None:
    await acks.store_all(*messages(topic, 1, 3001))
    await store.delete_messages(topic, 1, "", [(1, 3), (100, 2500)])
    await store.delete_messages(topic, 2, owner, [(1, 50)])
    for spans, expected in (
        ([(1, 10)], 3),
        ([(200, 300), (2, 5)], 3),
        ([(150, 2400)], None),
        ([(150, 2600)], 2500),
        ([], None),
    ):
        oldest = await store.oldest_message(topic, spans)
        assert (oldest.seq if oldest else None) == expected


async def test_a_deletion_is_the_topics_last(store: Store, acks: Acks, topic: str) -> None:
    await acks.store_all(*messages(topic, 1, 4))
    for del_id in (1, 2, 3):
        await store.delete_messages(topic, del_id, "", [(del_id, del_id + 1)])
        loaded = await store.load_topic(topic)
        assert loaded is not None
        assert loaded[0].del_id == del_id
    await store.delete_messages(ids.new_group_name(), 1, "", [(1, 2)])


async def test_deletions_are_told_to_whom_they_concern(
    store: Store, acks: Acks, topic: str, owner: str
) -> None:
    (other,) = await people(store, 1)
    await acks.store_all(*messages(topic, 1, 21))
    await store.delete_messages(topic, 1, owner, [(1, 2), (5, 9)])
    await store.delete_messages(topic, 2, other, [(1, 9)])
    await store.delete_messages(topic, 3, "", [(2, 4)])
    await store.delete_messages(topic, 4, owner, [(1, 9)])
    mine = [
        Deletion(1, owner, 1, 2),
        Deletion(1, owner, 5, 9),
        Deletion(3, "", 2, 4),
        Deletion(4, owner, 1, 9),
    ]
    assert await store.deletions(topic, owner, 0, 100, 100) == mine
    assert await store.deletions(topic, owner, 3, 4, 100) == mine[2:3]
    assert await store.deletions(topic, owner, 0, 100, 2) == mine[:2]
    assert await store.deletions(topic, owner, 5, 100, 100) == []
    assert await store.deletions(topic, ids.new_user_id(), 0, 100, 100) == mine[2:3]


async def test_any_deletions_leave_what_they_do_not_cover(store: Store, acks: Acks) -> None:
    """Against a model: sets of the numbers that each user sees."""
    random = Random(6)
    readers = await people(store, 3)
    topic = await group(store, *readers)
    last = 200
    await acks.store_all(*messages(topic, 1, last + 1))
    seen = {reader: set(range(1, last + 1)) for reader in readers}
    for del_id in range(1, 80):
        lows = [random.randint(1, last) for _ in range(random.randint(1, 3))]
        spans = [(low, low + random.choice((1, 1, 2, 9))) for low in lows]
        reader = random.choice([*readers, *readers, *readers, ""])
        await store.delete_messages(topic, del_id, reader, spans)
        for one in [reader] if reader else readers:
            seen[one] -= {seq for low, hi in spans for seq in range(low, hi)}
        asked = ranges.join((low, low + 40) for low in random.sample(range(1, last), 2))
        limit = random.choice((1, 7, 1000))
        for one in readers:
            within = {seq for low, hi in asked for seq in range(low, hi)}
            wanted = sorted(within.intersection(seen[one]), reverse=True)
            assert await numbers(store, topic, one, *asked, limit=limit) == wanted[:limit]
