"""The tables, as numbered migrations: a database's `user_version` says how many of them it has had.

Add a change as a new script at the end; never alter one that was released.

`topics` holds the counters that each message changes, apart from `descriptions`: so a message
rewrites a row of 60 bytes, not one with a picture in it. A deleted topic keeps its row in `topics`,
with `seq` -1 and without description: its subscriptions, marked as deleted, still need its name.
"""

TABLES = """
CREATE TABLE users (
    num INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    state TEXT NOT NULL,
    level INTEGER NOT NULL,
    defacs_auth INTEGER NOT NULL,
    defacs_anon INTEGER NOT NULL,
    token_gen INTEGER NOT NULL,
    seen_at INTEGER,
    seen_ua TEXT NOT NULL,
    me_want INTEGER NOT NULL,
    search BLOB,
    public BLOB,
    trusted BLOB,
    private BLOB
) STRICT;
CREATE INDEX users_by_age ON users (created, num);
CREATE INDEX users_standing ON users (id, token_gen, state) WHERE token_gen <> 0 OR state <> 'ok';

CREATE TABLE logins (
    user TEXT NOT NULL,
    scheme TEXT NOT NULL,
    login TEXT NOT NULL,
    secret TEXT NOT NULL,
    PRIMARY KEY (user, scheme),
    UNIQUE (scheme, login)
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
    user TEXT NOT NULL,
    method TEXT NOT NULL,
    value TEXT NOT NULL,
    done INTEGER NOT NULL,
    code TEXT NOT NULL,
    tries INTEGER NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (user, method, value)
) STRICT;
CREATE UNIQUE INDEX credentials_done ON credentials (method, value) WHERE done;

CREATE TABLE tags (
    holder TEXT NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (holder, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_tag ON tags (tag, holder);
CREATE UNIQUE INDEX tags_alias ON tags (tag) WHERE tag >= 'alias:' AND tag < 'alias;';

CREATE TABLE topics (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    seq INTEGER NOT NULL,
    touched INTEGER NOT NULL,
    del_id INTEGER NOT NULL,
    cleared INTEGER NOT NULL DEFAULT 0,  -- the last deletion that concerned everybody
    subscribers INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE descriptions (
    topic INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    channel INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    defacs_auth INTEGER NOT NULL,
    defacs_anon INTEGER NOT NULL,
    public BLOB,
    trusted BLOB,
    aux BLOB
) STRICT;
CREATE INDEX descriptions_by_owner ON descriptions (owner) WHERE owner <> '';

CREATE TABLE subscriptions (
    user INTEGER NOT NULL,  -- users.num
    topic INTEGER NOT NULL,
    peer INTEGER,  -- in a chat of two the other side's users.num, 0 if there is none; else null
    want INTEGER NOT NULL,
    given INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    read INTEGER NOT NULL,
    recv INTEGER NOT NULL,
    cleared INTEGER NOT NULL,
    reader INTEGER NOT NULL,
    deleted INTEGER,
    private BLOB,
    PRIMARY KEY (user, topic)
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriptions_by_topic ON subscriptions (topic, reader, user);

CREATE TRIGGER subscribed AFTER INSERT ON subscriptions WHEN new.deleted IS NULL BEGIN
    UPDATE topics SET subscribers = subscribers + 1 WHERE id = new.topic;
END;
CREATE TRIGGER resubscribed AFTER UPDATE OF deleted ON subscriptions
WHEN (old.deleted IS NULL) <> (new.deleted IS NULL) BEGIN
    UPDATE topics SET subscribers = subscribers + iif(new.deleted IS NULL, 1, -1)
    WHERE id = new.topic;
END;
CREATE TRIGGER unsubscribed AFTER DELETE ON subscriptions WHEN old.deleted IS NULL BEGIN
    UPDATE topics SET subscribers = subscribers - 1 WHERE id = old.topic;
END;

-- id is topic << 32 | seq: a topic's messages lie together, in order. Measured against PRIMARY KEY
-- (topic, seq) WITHOUT ROWID: with 120 bytes of content the cost is the same, with 1,500 bytes two
-- thirds of the CPU and half of the disk.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    ts INTEGER NOT NULL,
    sender TEXT NOT NULL,
    head BLOB,
    content BLOB NOT NULL
) STRICT;

-- What was deleted, as it was asked: by transaction number.
CREATE TABLE deletions (
    topic INTEGER NOT NULL,
    user TEXT NOT NULL,  -- '' is everybody
    del_id INTEGER NOT NULL,
    low INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    PRIMARY KEY (topic, user, del_id, low)
) STRICT, WITHOUT ROWID;

-- What one user does not see: spans that never touch, so that a page finds those that it needs.
CREATE TABLE hidden (
    topic INTEGER NOT NULL,
    user TEXT NOT NULL,
    low INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    PRIMARY KEY (topic, user, low)
) STRICT, WITHOUT ROWID;

-- Messages that are deleted for everybody, and still to be erased, a slice at a time.
CREATE TABLE erasures (
    topic INTEGER NOT NULL,
    low INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    PRIMARY KEY (topic, low)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    created INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mime TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_owner ON files (owner, size);
CREATE INDEX files_by_age ON files (created);

CREATE TABLE file_uses (
    file TEXT NOT NULL,
    target TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (file, target, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_uses_by_target ON file_uses (target, seq);

CREATE TABLE pulse (beat INTEGER NOT NULL) STRICT;
INSERT INTO pulse VALUES (0);
"""

OUTBOX = """
CREATE TABLE outbox (number INTEGER PRIMARY KEY, event BLOB NOT NULL) STRICT;
"""

MIGRATIONS: tuple[str, ...] = (TABLES, OUTBOX)
"""What makes version n + 1 of version n, in order."""
