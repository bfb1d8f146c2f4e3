-- +goose Up
-- Where the log begins since its older events were dropped. state is a sum over
-- audit_base, and signature covers all of it. See
-- docs/decisions/0018-audit-retention.md.
CREATE TABLE audit_checkpoint (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    revision   INTEGER NOT NULL,
    hash       BLOB    NOT NULL,
    state      BLOB    NOT NULL,
    public_key BLOB    NOT NULL,
    signature  BLOB    NOT NULL
) STRICT;

-- What the dropped events have left: the effects that were in force there.
CREATE TABLE audit_base (
    kind       TEXT NOT NULL,
    id         TEXT NOT NULL,
    owner_id   TEXT NOT NULL,
    project_id TEXT NOT NULL,
    effect     TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_base_by_owner ON audit_base (owner_id, project_id);
