"""A store that refuses to change topics which this gateway does not own, beyond doubt, right now.

The lease is looked at in the moment in which a change is handed to the store. Should the process
be frozen just then, between the look and the write, the store itself has the last word: it takes a
message only if it continues its topic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pipit.core.ranges import Span
from pipit.store.base import Committed, Store, StoreError, Unavailable
from pipit.store.records import Message, Subscription, TopicRecord

Holds = Callable[[str], bool]
"""Whether a topic may be changed here, by its internal name."""


class FencedStore:
    """All of a store; what changes a topic raises Unavailable where that is another's."""

    def __init__(self, store: Store, holds: Holds) -> None:
        self._store = store
        self._holds = holds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _check(self, topic: str) -> None:
        if not self._holds(topic):
            raise Unavailable(f"another gateway owns {topic[:3]}…, or may")

    def on_committed(self, committed: Committed) -> None:
        """See Store. Nothing is acknowledged, nor refused, that may be another's by now."""

        def certainly_committed(messages: Sequence[Message], error: StoreError | None) -> None:
            if self._holds(messages[0].topic):
                committed(messages, error)

        self._store.on_committed(certainly_committed)

    def append(self, message: Message) -> None:
        """See Store."""
        self._check(message.topic)
        self._store.append(message)

    async def create_topic(self, topic: TopicRecord, subs: Iterable[Subscription]) -> None:
        """See Store."""
        self._check(topic.name)
        await self._store.create_topic(topic, subs)

    async def update_topic(self, name: str, **changes: Any) -> None:
        """See Store."""
        self._check(name)
        await self._store.update_topic(name, **changes)

    async def delete_topic(self, name: str, at: int) -> None:
        """See Store."""
        self._check(name)
        await self._store.delete_topic(name, at)

    async def save_subscriptions(self, subs: Iterable[Subscription]) -> None:
        """See Store."""
        subs = list(subs)
        for sub in subs:
            self._check(sub.topic)
        await self._store.save_subscriptions(subs)

    async def delete_messages(
        self, topic: str, del_id: int, user: str, spans: Sequence[Span]
    ) -> None:
        """See Store."""
        self._check(topic)
        await self._store.delete_messages(topic, del_id, user, spans)
