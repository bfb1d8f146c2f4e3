package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
)

// seededTime begins the ids of seeded keys: their ULIDs carry this time, which
// is seededAt.
const (
	seededTime = "01JF000000"
	seededAt   = 1_734_093_045 // Unix seconds
)

// seededID is the id of a seeded key, from 1 on.
func seededID(i int) string { return fmt.Sprintf("key_%s%016d", seededTime, i) }

// fresh makes a database with an organization and its first key, and opens it.
func (b *bench) fresh(e *engine, name string) (url string, db *sql.DB, err error) {
	url = e.newURL(name)
	s, err := b.serve(url, filepath.Join(b.dir, e.name+"-"+name))
	if err != nil {
		return "", nil, err
	}
	if err := s.stop(); err != nil {
		return "", nil, err
	}
	db, err = e.open(url)
	return url, db, err
}

// seed makes a database with n admin keys, each of which was used. The server
// makes the organization and the first key; the others are copies of that one
// under ids and digests of their own. They have no events: no log that a server
// wrote would lack them, but it is whole as far as it goes, the server builds
// its index from the keys, and nothing measured here reads the log.
func (b *bench) seed(e *engine, name string, n int) (url string, err error) {
	url, db, err := b.fresh(e, name)
	if err != nil {
		return "", err
	}
	defer db.Close()
	for _, text := range seedTexts[e.name] {
		var args []any
		if strings.Contains(text, "$1") {
			args = append(args, n-1) // one is there
		}
		if _, err := db.Exec(text, args...); err != nil {
			return "", fmt.Errorf("seed: %s: %w", text, err)
		}
	}
	return url, checkSeed(db, n)
}

const (
	seedKeys = `INSERT INTO api_keys (kind, id, name, digest, redacted, created_at, expires_at, owner_type, owner_id, project_id)
SELECT kind, 'key_%s' || %s, 'key ' || i, %s, redacted, %d, 0, owner_type, owner_id, project_id FROM api_keys, %s`
	seedUses = `INSERT INTO key_uses (key_id, last_used_at) SELECT id, created_at + 60 FROM api_keys WHERE created_at = %d`
)

// seedTexts end with what an engine does by itself, sooner or later, in a
// database that grew by and by.
var seedTexts = map[string][]string{
	sqlite: {
		`PRAGMA synchronous = OFF`,
		fmt.Sprintf(seedKeys, seededTime, `printf('%016d', i)`, `randomblob(32)`, seededAt,
			`(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < $1) SELECT i FROM s)`),
		fmt.Sprintf(seedUses, seededAt),
		`PRAGMA wal_checkpoint(TRUNCATE)`,
	},
	postgres: {
		fmt.Sprintf(seedKeys, seededTime, `lpad(i::text, 16, '0')`, `sha256(i::text::bytea)`, seededAt,
			`generate_series(1, $1::bigint) AS s(i)`),
		fmt.Sprintf(seedUses, seededAt),
		`VACUUM (ANALYZE) api_keys`, `VACUUM (ANALYZE) key_uses`, `VACUUM (ANALYZE) users`, `CHECKPOINT`,
	},
}

func checkSeed(db *sql.DB, n int) error {
	var keys, uses int
	if err := db.QueryRow(`SELECT (SELECT COUNT(*) FROM api_keys), (SELECT COUNT(*) FROM key_uses)`).Scan(&keys, &uses); err != nil {
		return err
	}
	if keys != n || uses < n-1 {
		return fmt.Errorf("seed: %d keys and %d uses, expected %d", keys, uses, n)
	}
	return nil
}
