"""The store in one SQLite file: for a laptop, a test, or a small Pi, without any other server.

One thread writes (`writer`), some read (`readers`), each on a connection of its own. What they
execute are plain functions of a connection, by subject: `accounts`, `topics`, `tags`, `messages`,
`files`, `outbox`; `store` maps the contract's methods to them.

The engine is apsw's SQLite, not the one that Python was built with. Measured on one core: a query
of 57 contacts costs 94 µs, with Python's sqlite3 on Debian 12 (SQLite 3.40) 200 µs; appending a
message costs 15 % less. It is one version on every system, too, and one without the bug of older
ones that could spoil a file in WAL mode ("the WAL-reset bug", https://sqlite.org/wal.html).
"""

from pipit.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
