package sqlstore_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

const manyKeys = 1_000_000

func seed(b *testing.B, database string, n int) {
	b.Helper()
	driver, number, digest, from := "sqlite", "printf('%026d', i)", "randomblob(32)",
		"(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < $1) SELECT i FROM s)"
	if strings.HasPrefix(database, "postgres:") {
		driver, number, digest, from = "pgx", "lpad(i::text, 26, '0')", "sha256(i::text::bytea)", "generate_series(1, $1::bigint) AS s(i)"
	}
	db, err := sql.Open(driver, database)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`INSERT INTO users (id, name, email, role, created_at) VALUES ('user_00000000000000000000000001', 'Ada', 'ada@example.com', 'owner', 1)`); err != nil {
		b.Fatal(err)
	}
	if _, err := db.Exec(`INSERT INTO api_keys (kind, id, name, digest, redacted, created_at, expires_at, owner_type, owner_id, project_id)
SELECT 1, 'key_' || `+number+`, 'a name', `+digest+`, 'sk-admin...abc', 1700000000, 0, 'user', 'user_00000000000000000000000001', '' FROM `+from, n); err != nil {
		b.Fatal(err)
	}
	if _, err := db.Exec(`INSERT INTO key_uses (key_id, last_used_at) SELECT id, 1700000001 FROM api_keys`); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	for name, database := range map[string]func() string{
		"sqlite":   func() string { return filepath.Join(b.TempDir(), "keyreeve.db") },
		"postgres": func() string { return pgtest.DSN(b) },
	} {
		b.Run(name, func(b *testing.B) {
			dsn := database()
			s, err := sqlstore.Open(context.Background(), sqlstore.Config{Database: dsn})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			seed(b, dsn, manyKeys)
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				_, err := s.Snapshot(b.Context(), org.SnapshotVisitor{
					User: func(org.User) error { return nil }, Project: func(org.Project) error { return nil },
					Key: func(org.SnapshotKey) error { n++; return nil },
				})
				if err != nil || n != manyKeys {
					b.Fatal(n, err)
				}
			}
		})
	}
}
