-- +goose Up
-- Where the log begins since its older events were dropped. state is a sum over
-- audit_base, and signature covers all of it. See
-- docs/decisions/0018-audit-retention.md.
CREATE TABLE audit_checkpoint (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    revision   BIGINT NOT NULL,
    hash       BYTEA  NOT NULL,
    state      BYTEA  NOT NULL,
    public_key BYTEA  NOT NULL,
    signature  BYTEA  NOT NULL
);

-- What the dropped events have left: the effects that were in force there.
CREATE TABLE audit_base (
    kind       TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    owner_id   TEXT COLLATE "C" NOT NULL,
    project_id TEXT COLLATE "C" NOT NULL,
    effect     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX audit_base_by_owner ON audit_base (owner_id, project_id);
