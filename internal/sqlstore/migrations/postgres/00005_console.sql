-- +goose Up
-- Who is signed in to the console. Not part of the log. digest is the SHA-256 of
-- what the browser keeps, key_digest that of the admin key the session stands for.
CREATE TABLE sessions (
    digest     BYTEA  PRIMARY KEY,
    key_digest BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

-- Forms that were sent, so that none is taken twice. Not part of the log.
CREATE TABLE spent_forms (
    digest   BYTEA  PRIMARY KEY,
    spent_at BIGINT NOT NULL
);

-- How people look for keys. Other ways of looking read more: each index costs
-- every key that is made. See docs/decisions/0017-console.md.
CREATE INDEX api_keys_by_name ON api_keys (project_id, lower(name), id);
