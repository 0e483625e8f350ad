"""What the module keeps: one small SQLite file, `<data.dir>/chatai.db`.

SQLite, whatever the service's own database is: the module may run on another machine, the ledger
must outlive a change of databases, and anybody can read it with the sqlite3 program. Statements run
in the event loop: there are a few for each question, which waits seconds for its answer anyway.
"""

from pathlib import Path

import apsw

from pipit.config import Settings

FILE = "chatai.db"

SCHEMA = """
CREATE TABLE IF NOT EXISTS topics (
    topic TEXT PRIMARY KEY,
    since INTEGER NOT NULL,    -- number of the message that switched it on; 0: it is off
    by TEXT NOT NULL,          -- who did
    at INTEGER NOT NULL        -- when, in milliseconds since 1970
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS answers (
    topic TEXT NOT NULL,
    seq INTEGER NOT NULL,      -- the message that is answered
    tries INTEGER NOT NULL,
    answer INTEGER,            -- number of the answer, once it is posted
    done INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (topic, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    topic TEXT NOT NULL,
    seq INTEGER NOT NULL,
    user TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    model TEXT NOT NULL,
    bytes_out INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost REAL NOT NULL,
    outcome TEXT NOT NULL      -- "open" while it lasts, "answered", or what failed
) STRICT;
CREATE INDEX IF NOT EXISTS requests_by_time ON requests (at);
"""


def path(settings: Settings) -> Path:
    """Where the file is."""
    return settings.data_dir / FILE


def connect(file: Path) -> apsw.Connection:
    """The open database, made if there is none. Raises OSError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        db = apsw.Connection(str(file))
        db.set_busy_timeout(5000)
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "full")  # what left the house is on disk before it leaves
        db.execute(SCHEMA)
    except apsw.Error as fault:
        raise OSError(f"{file}: {fault}") from None
    return db
