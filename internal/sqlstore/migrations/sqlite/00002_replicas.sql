-- +goose Up
-- What replicas agree on, and the replicas. SQLite has one server, so both
-- stay as they are; the schema is the same on both engines.
CREATE TABLE fleet (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    lease_ms   INTEGER NOT NULL,
    grace_ms   INTEGER NOT NULL
) STRICT;
INSERT INTO fleet (id, lease_ms, grace_ms) VALUES (1, 0, 0);

CREATE TABLE replicas (
    id         TEXT    PRIMARY KEY,
    address    TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    applied    INTEGER NOT NULL,
    beat       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
