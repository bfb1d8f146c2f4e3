-- +goose Up
-- The audit log's filters. See docs/decisions/0012-audit-index.md.
CREATE INDEX events_by_resource ON events (resource_id);

-- How far the log is covered by audit_terms.
ALTER TABLE log_head ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;

-- Which events of a block of 32 revisions have a term: bit i is revision
-- 32 * block + i. A term is a hash of an actor, a type and a project, or of some
-- of them.
CREATE TABLE audit_terms (
    term  INTEGER NOT NULL,
    block INTEGER NOT NULL,
    bits  INTEGER NOT NULL,
    PRIMARY KEY (term, block)
) STRICT, WITHOUT ROWID;

-- The actors that an address, in small letters, has had in the log.
CREATE TABLE audit_emails (
    email    TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    PRIMARY KEY (email, actor_id)
) STRICT, WITHOUT ROWID;

-- How often keys were used on a day, in days since 1970. Not part of the log.
CREATE TABLE key_days (
    day    INTEGER NOT NULL,
    key_id TEXT    NOT NULL,
    uses   INTEGER NOT NULL,
    PRIMARY KEY (day, key_id)
) STRICT, WITHOUT ROWID;
