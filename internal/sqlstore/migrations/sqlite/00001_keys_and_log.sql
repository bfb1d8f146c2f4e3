-- +goose Up
-- The head of the log. Every writer updates this row first, so all changes
-- have one order. last_id is the last ULID minted; its time is the floor of
-- the clock.
CREATE TABLE log_head (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    last_id  TEXT    NOT NULL
) STRICT;
INSERT INTO log_head (id, revision, hash, last_id) VALUES (1, 0, zeroblob(32), '00000000000000000000000000');

-- The log. record is the event in full; the columns before it repeat parts of
-- it for filters. hash covers the previous hash and record.
CREATE TABLE events (
    revision    INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    actor_id    TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    project_id  TEXT    NOT NULL,
    record      TEXT    NOT NULL,
    hash        BLOB    NOT NULL
) STRICT;

CREATE TABLE organization (
    id         TEXT    PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id         TEXT    PRIMARY KEY,
    name       TEXT    NOT NULL,
    email      TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE projects (
    id          TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL,
    is_default  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    archived_at INTEGER NOT NULL
) STRICT;

-- Keys of all kinds, clustered in the order in which they are listed. No index
-- on digest: keys are looked up by it in memory only, and 256 random bits do
-- not meet twice. expires_at 0: never.
CREATE TABLE api_keys (
    kind       INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    digest     BLOB    NOT NULL,
    redacted   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    owner_type TEXT    NOT NULL,
    owner_id   TEXT    NOT NULL,
    project_id TEXT    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- When keys were last used. Not part of the log.
CREATE TABLE key_uses (
    key_id       TEXT    PRIMARY KEY,
    last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The latest time that a server's clock has reached, in Unix milliseconds. Not
-- part of the log.
CREATE TABLE clock (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    millis INTEGER NOT NULL
) STRICT;
INSERT INTO clock (id, millis) VALUES (1, 0);
