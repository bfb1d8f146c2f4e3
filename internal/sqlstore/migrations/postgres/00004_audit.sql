-- +goose Up
-- The audit log's filters. See docs/decisions/0012-audit-index.md.
CREATE INDEX events_by_resource ON events (resource_id, revision);

-- How far the log is covered by audit_terms.
ALTER TABLE log_head ADD COLUMN indexed BIGINT NOT NULL DEFAULT 0;

-- Which events of a block of 32 revisions have a term: bit i is revision
-- 32 * block + i. A term is a hash of an actor, a type and a project, or of some
-- of them.
CREATE TABLE audit_terms (
    term  BIGINT NOT NULL,
    block BIGINT NOT NULL,
    bits  BIGINT NOT NULL,
    PRIMARY KEY (term, block)
);

-- The actors that an address, in small letters, has had in the log.
CREATE TABLE audit_emails (
    email    TEXT COLLATE "C" NOT NULL,
    actor_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (email, actor_id)
);

-- How often keys were used on a day, in days since 1970. Not part of the log.
CREATE TABLE key_days (
    day    BIGINT           NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    uses   BIGINT           NOT NULL,
    PRIMARY KEY (day, key_id)
);
