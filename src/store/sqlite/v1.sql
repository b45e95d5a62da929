-- Users and threads are keyed by small numbers, so that their long ids are not repeated in every row and index.
CREATE TABLE account (
    key INTEGER PRIMARY KEY,
    user TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    profile TEXT NOT NULL,
    consent TEXT,
    turns INTEGER NOT NULL,
    proposals INTEGER NOT NULL
) STRICT;

-- A thread is here as soon as anything is in it; its state may come later or never.
CREATE TABLE thread (
    user INTEGER NOT NULL,
    name TEXT NOT NULL,
    key INTEGER NOT NULL,
    state TEXT,
    PRIMARY KEY (user, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE action (
    user INTEGER NOT NULL,
    id TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (user, id)
) STRICT, WITHOUT ROWID;

-- An id of 32 hexadecimal digits, as we make them, is kept as its 16 bytes.
CREATE TABLE message (
    user INTEGER NOT NULL,
    thread INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    id ANY NOT NULL,
    round INTEGER NOT NULL,
    role TEXT NOT NULL,
    provenance TEXT NOT NULL,
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    choice TEXT,
    choices TEXT,
    provider TEXT,
    model TEXT,
    place TEXT,
    PRIMARY KEY (user, thread, seq),
    UNIQUE (user, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE extraction (
    user INTEGER NOT NULL,
    id TEXT NOT NULL,
    thread INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (user, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
    user INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    id ANY NOT NULL,
    operation TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    place TEXT NOT NULL,
    instance ANY NOT NULL,
    lease_until INTEGER NOT NULL,
    ended_at INTEGER,
    status TEXT NOT NULL,
    requests INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    error TEXT,
    -- The store that runs it, by its sign of life beside the file; only while it is running.
    holder ANY,
    PRIMARY KEY (user, started_at, id),
    UNIQUE (user, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE change (
    user INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (user, seq)
) STRICT, WITHOUT ROWID;
