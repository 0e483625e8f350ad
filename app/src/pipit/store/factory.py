"""The store that the settings name."""

import asyncio
from collections.abc import Callable

from pipit.config import Settings
from pipit.store.base import Store
from pipit.store.copying import Side


def make_store(settings: Settings) -> Store:
    """A store, not opened yet. Only its own libraries are loaded: PyMongo takes 0.1 s and 12 MB."""
    if settings.database.type == "mongodb":
        from pipit.store.mongodb import MongoStore

        return MongoStore(settings.database)
    from pipit.store.sqlite import SqliteStore

    return SqliteStore(settings.database_path)


def make_reading_store(settings: Settings) -> Store:
    """A store for reading beside the service: opening it changes nothing and takes no lock."""
    if settings.database.type == "mongodb":
        from pipit.store.mongodb.reading import ReadingStore as MongoReadingStore

        return MongoReadingStore(settings.database)
    from pipit.store.sqlite.reading import ReadingStore

    return ReadingStore(settings.database_path)


def make_side(settings: Settings) -> Side:
    """A database as one side of a copy."""
    if settings.database.type == "mongodb":
        from pipit.store.mongodb.copying import MongoSide

        return MongoSide(settings.database)
    from pipit.store.sqlite.copying import SqliteSide

    return SqliteSide(settings.database_path)


async def migrate(settings: Settings, say: Callable[[int, int], None]) -> tuple[int, int]:
    """Brings the database up to date; its version before and after. `say` hears of each step and of
    how many there are. Raises StoreError.
    """
    if settings.database.type == "mongodb":
        from pipit.store.mongodb import opening

        return await opening.migrate(settings.database, say)
    from pipit.store.sqlite import database

    return await asyncio.to_thread(database.migrate_file, settings.database_path, say)
