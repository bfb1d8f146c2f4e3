-- +goose Up
-- The head of the log. Every writer updates this row first, so all changes
-- have one order. last_id is the last ULID minted; its time is the floor of
-- the clock.
CREATE TABLE log_head (
    id          BIGINT           PRIMARY KEY CHECK (id = 1),
    revision    BIGINT           NOT NULL,
    hash        BYTEA            NOT NULL,
    last_id     TEXT COLLATE "C" NOT NULL
);
INSERT INTO log_head (id, revision, hash, last_id) VALUES (1, 0, decode(repeat('00', 32), 'hex'), '00000000000000000000000000');

-- The log. record is the event in full; the columns before it repeat parts of
-- it for filters. hash covers the previous hash and record.
CREATE TABLE events (
    revision    BIGINT           PRIMARY KEY,
    id          TEXT COLLATE "C" NOT NULL,
    type        TEXT COLLATE "C" NOT NULL,
    at          BIGINT           NOT NULL,
    actor_id    TEXT COLLATE "C" NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    project_id  TEXT COLLATE "C" NOT NULL,
    record      TEXT COLLATE "C" NOT NULL,
    hash        BYTEA            NOT NULL
);

CREATE TABLE organization (
    id          TEXT COLLATE "C" PRIMARY KEY,
    created_at  BIGINT           NOT NULL
);

CREATE TABLE users (
    id          TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    email       TEXT COLLATE "C" NOT NULL,
    role        TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT           NOT NULL
);

CREATE TABLE projects (
    id          TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    is_default  BIGINT           NOT NULL,
    created_at  BIGINT           NOT NULL,
    archived_at BIGINT           NOT NULL
);

-- Keys of all kinds, clustered in the order in which they are listed. No index
-- on digest: keys are looked up by it in memory only, and 256 random bits do
-- not meet twice. expires_at 0: never.
CREATE TABLE api_keys (
    kind        BIGINT           NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    digest      BYTEA            NOT NULL,
    redacted    TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT           NOT NULL,
    expires_at  BIGINT           NOT NULL,
    owner_type  TEXT COLLATE "C" NOT NULL,
    owner_id    TEXT COLLATE "C" NOT NULL,
    project_id  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, id)
);

-- When keys were last used. Not part of the log.
CREATE TABLE key_uses (
    key_id      TEXT COLLATE "C" PRIMARY KEY,
    last_used_at BIGINT           NOT NULL
);

-- The latest time that a server's clock has reached, in Unix milliseconds. Not
-- part of the log.
CREATE TABLE clock (
    id     BIGINT PRIMARY KEY CHECK (id = 1),
    millis BIGINT NOT NULL
);
INSERT INTO clock (id, millis) VALUES (1, 0);
