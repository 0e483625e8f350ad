"""A gateway changes no topic that is not certainly its own, and acknowledges nothing of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pipit.cluster.fencing import FencedStore
from pipit.store.base import Unavailable
from pipit.store.records import Message, Subscription, TopicRecord

MINE, THEIRS = "grpMINE", "grpTHEIRS"


class Recorder:
    """Stands in for a store: notes what it is asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.committed: Callable[..., None] = print

    def on_committed(self, committed: Callable[..., None]) -> None:
        self.committed = committed

    def append(self, message: Message) -> None:
        self.calls.append("append")

    def __getattr__(self, name: str) -> Callable[..., Awaitable[None]]:
        async def call(*args: Any, **kwargs: Any) -> None:
            self.calls.append(name)

        return call


def message(topic: str) -> Message:
    return Message(topic, 1, 0, "usrA", b'"hello"')


CHANGES: dict[str, Callable[[FencedStore, str], Awaitable[None]]] = {
    "create_topic": lambda store, name: store.create_topic(TopicRecord(name, 0, 0, 0), []),
    "update_topic": lambda store, name: store.update_topic(name, aux=b"{}"),
    "delete_topic": lambda store, name: store.delete_topic(name, 0),
    "save_subscriptions": lambda store, name: store.save_subscriptions(
        [Subscription(name, "usrA", 1, 1, 0, 0)]
    ),
    "delete_messages": lambda store, name: store.delete_messages(name, 1, "", [(1, 2)]),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_only_own_topics_are_changed(change: str) -> None:
    inner = Recorder()
    store = FencedStore(inner, lambda topic: topic == MINE)  # type: ignore[arg-type]
    await CHANGES[change](store, MINE)
    assert inner.calls == [change]
    with pytest.raises(Unavailable):
        await CHANGES[change](store, THEIRS)
    assert inner.calls == [change]


def test_only_own_messages_are_stored() -> None:
    inner = Recorder()
    store = FencedStore(inner, lambda topic: topic == MINE)  # type: ignore[arg-type]
    store.append(message(MINE))
    with pytest.raises(Unavailable):
        store.append(message(THEIRS))
    assert inner.calls == ["append"]


def test_what_was_committed_after_the_lease_ended_is_not_told() -> None:
    inner, holds, told = Recorder(), True, []
    store = FencedStore(inner, lambda topic: holds)  # type: ignore[arg-type]
    store.on_committed(lambda messages, error: told.append(messages))
    inner.committed([message(MINE)], None)
    holds = False
    inner.committed([message(MINE)], None)
    assert told == [[message(MINE)]]


async def test_all_else_is_the_stores_own() -> None:
    inner = Recorder()
    await FencedStore(inner, lambda topic: False).ping()  # type: ignore[arg-type]
    assert inner.calls == ["ping"]
