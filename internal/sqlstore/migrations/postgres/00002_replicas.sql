-- +goose Up
-- What all replicas must be configured alike, in milliseconds. 0: not said yet.
CREATE TABLE fleet (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    lease_ms   BIGINT NOT NULL,
    grace_ms   BIGINT NOT NULL
);
INSERT INTO fleet (id, lease_ms, grace_ms) VALUES (1, 0, 0);

-- The replicas, one row for each process that may answer. applied is the last
-- revision that its index shows; beat counts its heartbeats. Times are Unix
-- milliseconds of the replica's own clock, for people only. A row is written
-- several times a second, so its page has room for new versions and is cleaned
-- often.
CREATE TABLE replicas (
    id         TEXT COLLATE "C" PRIMARY KEY,
    address    TEXT COLLATE "C" NOT NULL,
    version    TEXT COLLATE "C" NOT NULL,
    started_at BIGINT           NOT NULL,
    seen_at    BIGINT           NOT NULL,
    applied    BIGINT           NOT NULL,
    beat       BIGINT           NOT NULL
) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 1000000);

-- Every commit that moves the head wakes the replicas, whoever made it.
-- +goose StatementBegin
CREATE FUNCTION keyreeve_log_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('keyreeve_log', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER log_moved AFTER UPDATE OF revision ON log_head FOR EACH ROW
WHEN (OLD.revision <> NEW.revision) EXECUTE FUNCTION keyreeve_log_moved();
