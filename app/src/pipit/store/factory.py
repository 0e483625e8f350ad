"""The store that the settings name."""

from pipit.config import Settings
from pipit.store.base import Store
from pipit.store.sqlite import SqliteStore


def make_store(settings: Settings) -> Store:
    """A store, not opened yet."""
    return SqliteStore(settings.database_path)
