-- +goose Up
-- A session of somebody who signed in by OpenID Connect stands for this user. Its
-- key_digest is 32 zero bytes, which are the digest of no key: a server that does
-- not know of users' sessions takes such a one for ended.
ALTER TABLE sessions ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
