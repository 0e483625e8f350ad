"""A feed gives every message once and in order, whatever is pushed, lost or pushed twice."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipit.sdk import ConnectionLost, RequestRefused
from pipit.sdk.feed import MOST_WAITING, PAGE, Feed
from pipit.sdk.packets import Answer, Ctrl, Desc, Message

TOPIC = "grpAAAAAAAAAAE"


class Topic:
    """What the server has; it answers {get data} as a server does, by pushing, newest first."""

    def __init__(self, deleted: frozenset[int] = frozenset()) -> None:
        self.feed = Feed(TOPIC, self.ask)
        self.deleted = deleted
        self.asked: list[dict[str, int]] = []
        self.failures: list[Exception] = []

    async def ask(self, verb: str, **body: Any) -> Answer:
        if self.failures:
            raise self.failures.pop()
        options = body["data"]
        self.asked.append(options)
        await asyncio.sleep(0)
        numbers = range(options.get("since", 1), options["before"])
        kept = [seq for seq in reversed(numbers) if seq not in self.deleted]
        for seq in kept[: options.get("limit", 1024)]:
            self.feed.take(message(seq))
        return Ctrl(208, "delivered")

    def begin(self, seq: int, since: int | None) -> None:
        self.feed.attach(Desc(seq=seq))
        self.feed.start(since)

    async def until(self, last: int) -> list[int]:
        """The numbers that come, up to `last`."""
        came = []
        async with asyncio.timeout(10):
            async for one in self.feed:
                came.append(one.seq)
                if one.seq == last:
                    break
        return came


def message(seq: int) -> Message:
    return Message(TOPIC, seq, datetime.now(UTC))


async def test_what_is_pushed_in_order_needs_no_request() -> None:
    topic = Topic()
    topic.begin(seq=5, since=None)
    for seq in 6, 7, 8:
        topic.feed.take(message(seq))
    assert await topic.until(8) == [6, 7, 8]
    assert topic.asked == []


async def test_earlier_messages_come_page_by_page() -> None:
    topic = Topic()
    topic.begin(seq=2 * PAGE + 5, since=1)
    assert await topic.until(2 * PAGE + 5) == list(range(1, 2 * PAGE + 6))
    assert len(topic.asked) == 3


async def test_messages_for_a_slow_program_are_asked_for_later() -> None:
    topic = Topic()
    topic.begin(seq=0, since=None)
    last = 3 * MOST_WAITING
    for seq in range(1, last + 1):
        topic.feed.take(message(seq))
    assert await topic.until(last) == list(range(1, last + 1))
    assert topic.asked[0]["since"] == MOST_WAITING + 1


async def test_deleted_messages_are_passed_over() -> None:
    topic = Topic(deleted=frozenset(range(1, PAGE + 50)))
    topic.begin(seq=PAGE + 51, since=1)
    assert await topic.until(PAGE + 51) == [PAGE + 50, PAGE + 51]


async def test_a_page_that_fails_for_the_moment_is_asked_for_again() -> None:
    topic = Topic()
    topic.failures = [ConnectionLost("gone")]
    topic.begin(seq=2, since=1)
    assert await topic.until(2) == [1, 2]


async def test_messages_that_may_not_be_read_raise_the_refusal() -> None:
    topic = Topic()
    topic.failures = [RequestRefused("get", 403, "permission denied")]
    topic.begin(seq=2, since=1)
    with pytest.raises(RequestRefused, match="permission denied"):
        await anext(topic.feed)


async def test_a_feed_that_ends_gives_what_waits_and_then_stops() -> None:
    topic = Topic()
    topic.begin(seq=0, since=None)
    topic.feed.take(message(1))
    topic.feed.end()
    assert [one.seq async for one in topic.feed] == [1]


async def test_history_goes_back_from_the_end_and_takes_nothing_from_the_feed() -> None:
    topic = Topic()
    topic.begin(seq=9, since=8)
    assert [one.seq for one in await topic.feed.history(limit=3)] == [7, 8, 9]
    assert [one.seq for one in await topic.feed.history(before=3)] == [1, 2]
    assert await topic.until(9) == [8, 9]


@given(data=st.data(), last=st.integers(1, 30))
def test_each_comes_once_and_in_order_whatever_is_pushed(data: st.DataObject, last: int) -> None:
    pushed = data.draw(st.lists(st.integers(1, last)))

    async def play() -> list[int]:
        topic = Topic()
        topic.begin(seq=0, since=None)
        reading = asyncio.create_task(topic.until(last))
        for seq in pushed:
            topic.feed.take(message(seq))
            if data.draw(st.booleans()):
                await asyncio.sleep(0)
        topic.feed.attach(Desc(seq=last))  # as after a reconnect
        return await reading

    assert asyncio.run(play()) == list(range(1, last + 1))
