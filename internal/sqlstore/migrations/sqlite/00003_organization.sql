-- +goose Up
-- What an organization has beside its admin keys. Empty text and 0 stand for
-- "none"; ids are compared as bytes.

-- Nobody has two accounts. Addresses are compared without the case of ASCII
-- letters, which is all that lower() folds here.
CREATE UNIQUE INDEX users_by_email ON users (lower(email));
CREATE INDEX users_owners ON users (id) WHERE role = 'owner';
ALTER TABLE users ADD COLUMN technical_level   TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN developer_persona TEXT NOT NULL DEFAULT '';

ALTER TABLE projects ADD COLUMN external_key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN residency       TEXT NOT NULL DEFAULT '';
CREATE INDEX projects_active ON projects (id) WHERE archived_at = 0;

CREATE TABLE project_users (
    project_id TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    added_at   INTEGER NOT NULL,
    PRIMARY KEY (project_id, user_id)
) STRICT, WITHOUT ROWID;
-- Without the project, or a page of members might be read along this one.
CREATE INDEX project_users_by_user ON project_users (user_id);

-- projects is a JSON array of {"id", "role"}. token_digest is the SHA-256 of
-- the value in the link, and empty once the invite was accepted.
CREATE TABLE invites (
    id           TEXT    PRIMARY KEY,
    email        TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    inviter_id   TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    accepted_at  INTEGER NOT NULL,
    token_digest BLOB    NOT NULL,
    projects     TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX invites_by_token ON invites (token_digest) WHERE accepted_at = 0;
CREATE INDEX invites_by_email ON invites (lower(email));
-- What is withdrawn when the user who invited is deleted or made a reader.
CREATE INDEX invites_by_inviter ON invites (inviter_id) WHERE accepted_at = 0;

CREATE TABLE service_accounts (
    project_id TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX service_accounts_by_id ON service_accounts (id);

-- Keys of projects, as they are listed and as they end with their owner. Admin
-- keys, of kind 1, are in neither: each index costs every key that is made.
CREATE INDEX api_keys_of_project ON api_keys (project_id, id) WHERE kind <> 1;
CREATE INDEX api_keys_of_owner ON api_keys (owner_id, project_id) WHERE kind <> 1;

-- What a project has in place of a model's defaults. -1: the default.
CREATE TABLE project_rate_limits (
    project_id                       TEXT    NOT NULL,
    model                            TEXT    NOT NULL,
    max_requests_per_1_minute        INTEGER NOT NULL,
    max_requests_per_1_day           INTEGER NOT NULL,
    max_tokens_per_1_minute          INTEGER NOT NULL,
    max_images_per_1_minute          INTEGER NOT NULL,
    max_audio_megabytes_per_1_minute INTEGER NOT NULL,
    batch_1_day_max_input_tokens     INTEGER NOT NULL,
    PRIMARY KEY (project_id, model)
) STRICT, WITHOUT ROWID;
