"""The database read by a second process, such as `pipit export`, while the service writes it.

SQLite's WAL lets them: neither waits for the other (sqlite.org/wal.html).
"""

import apsw

from pipit.store.base import StoreError
from pipit.store.sqlite import schema
from pipit.store.sqlite.database import open_for_reading
from pipit.store.sqlite.readers import Readers
from pipit.store.sqlite.store import SqliteStore


class ReadingStore(SqliteStore):
    """A store that only reads: it takes no lock, and what would change something is refused."""

    async def open(self) -> None:
        """Raises StoreError with a sentence if there is no database of this version."""
        if not self.path.is_file():
            raise StoreError(f"database {self.path} does not exist")
        self._check_version()
        self._readers = Readers(self.path)

    def _check_version(self) -> None:
        try:
            db = open_for_reading(self.path)
            version, known = db.pragma("user_version"), len(schema.MIGRATIONS)
            db.close()
        except apsw.Error as fault:
            raise StoreError(f"database {self.path} cannot be read: {fault}") from None
        if version != known:
            raise StoreError(
                f"database {self.path} has version {version} of the tables, this Pipit reads "
                f"{known}; run `pipit migrate`, or use the `pipit` that belongs to it"
            )
