"""What a store tells of the messages that were appended."""

import asyncio
from collections.abc import Sequence

from pipit.store.base import Store, StoreError
from pipit.store.records import Message


class Acks:
    """Appends messages and notes what becomes of them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: list[tuple[list[Message], StoreError | None]] = []
        self._asked = 0
        self._heard = 0
        self._news = asyncio.Event()
        store.on_committed(self._committed)

    def _committed(self, messages: Sequence[Message], error: StoreError | None) -> None:
        self.told.append((list(messages), error))
        self._heard += len(messages)
        self._news.set()

    def append(self, *messages: Message) -> None:
        """Asks for messages to be stored."""
        for message in messages:
            self.store.append(message)
        self._asked += len(messages)

    async def settle(self) -> None:
        """Waits until every message was told of."""
        while self._heard < self._asked:
            self._news.clear()
            await self._news.wait()

    async def store_all(self, *messages: Message) -> None:
        """Appends messages, all of which have to be committed."""
        self.append(*messages)
        await self.settle()
        assert not self.failed()

    def stored(self, topic: str) -> list[int]:
        """Numbers committed in a topic, as they were told."""
        return [m.seq for told, error in self.told if not error for m in told if m.topic == topic]

    def failed(self) -> list[tuple[str, int, type[StoreError]]]:
        """(topic, number, why) of those that were not stored, as they were told."""
        return [(m.topic, m.seq, type(error)) for told, error in self.told if error for m in told]
