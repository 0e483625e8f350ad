"""What users rely on: events that wait for the message queue are kept, in order."""

from pathlib import Path

from pipit.store.base import Store
from tests.contract.backends import StoreBackend


async def test_events_come_out_in_the_order_they_were_put(store: Store) -> None:
    assert await store.outbox(10) == []
    await store.put_outbox([b"1", b"2"])
    await store.put_outbox([b"3"])
    assert [event for _, event in await store.outbox(10)] == [b"1", b"2", b"3"]
    assert [event for _, event in await store.outbox(2)] == [b"1", b"2"]
    assert await store.outbox_size() == 3


async def test_numbers_rise(store: Store) -> None:
    await store.put_outbox([b"1", b"2"])
    await store.put_outbox([b"3"])
    numbers = [number for number, _ in await store.outbox(10)]
    assert numbers == sorted(set(numbers))


async def test_what_is_dropped_is_gone_and_nothing_else(store: Store) -> None:
    await store.put_outbox([b"1", b"2", b"3"])
    (first, _), (_, kept), (last, _) = await store.outbox(10)
    await store.drop_outbox([first, last, last + 100])
    assert [event for _, event in await store.outbox(10)] == [kept]
    assert await store.outbox_size() == 1
    await store.put_outbox([b"4"])
    assert [event for _, event in await store.outbox(10)] == [b"2", b"4"]


async def test_nothing_put_or_dropped_changes_nothing(store: Store) -> None:
    await store.put_outbox([])
    await store.drop_outbox([])
    assert await store.outbox_size() == 0


async def test_the_outbox_survives_a_restart(backend: StoreBackend, tmp_path: Path) -> None:
    first = backend.make(tmp_path)
    await first.open()
    await first.put_outbox([b'{"event":"topic.changed"}', b"\xff\x00"])
    await first.close()
    second = backend.make(tmp_path)
    await second.open()
    assert [event for _, event in await second.outbox(10)] == [
        b'{"event":"topic.changed"}',
        b"\xff\x00",
    ]
    await second.close()


async def test_thousands_of_events_are_read_a_page_at_a_time(store: Store) -> None:
    await store.put_outbox([b"%d" % number for number in range(2500)])
    found: list[bytes] = []
    while page := await store.outbox(1000):
        found += [event for _, event in page]
        await store.drop_outbox([number for number, _ in page])
    assert found == [b"%d" % number for number in range(2500)]
