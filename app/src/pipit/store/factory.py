"""The store that the settings name."""

from pathlib import Path

from pipit.config import Settings
from pipit.store.base import Store
from pipit.store.sqlite import SqliteStore


def make_store(settings: Settings) -> Store:
    """A store, not opened yet."""
    database = settings.database
    return SqliteStore(Path(database.path or Path(settings.data.dir, "pipit.db")))
