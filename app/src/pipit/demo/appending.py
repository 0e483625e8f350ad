"""Messages into the store, each at its own time."""

import asyncio
from collections.abc import Sequence

from pipit.store.base import Store, StoreError
from pipit.store.records import Message


class Appender:
    """Appends to one topic after the other; the only one who does so in this store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = 0
        self._done: asyncio.Future[None] | None = None
        store.on_committed(self._committed)

    async def append(self, messages: Sequence[Message]) -> None:
        """Stores the messages of a topic. Raises StoreError."""
        self._last = messages[-1].seq
        self._done = asyncio.get_running_loop().create_future()
        for message in messages:
            self._store.append(message)
        await self._done

    def _committed(self, messages: Sequence[Message], error: StoreError | None) -> None:
        assert self._done is not None
        if error is not None and not self._done.done():
            self._done.set_exception(error)
        elif messages[-1].seq == self._last and not self._done.done():
            self._done.set_result(None)
