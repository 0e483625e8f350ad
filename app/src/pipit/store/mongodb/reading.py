"""The database read by a second process, such as `pipit export`, beside the service."""

from pipit.store.mongodb import opening
from pipit.store.mongodb.store import MongoStore


class ReadingStore(MongoStore):
    """A store for reading: opening it makes, migrates and repairs nothing."""

    async def open(self) -> None:
        """Raises StoreError with a sentence if there is no database of this version."""
        await self._connect(opening.check_only)
