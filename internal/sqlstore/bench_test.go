package sqlstore_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/token"
)

// durable names a database on each engine whose commits survive a power cut.
var durable = map[string]func(testing.TB) string{
	"sqlite":   func(tb testing.TB) string { return filepath.Join(tb.TempDir(), "keyreeve.db") },
	"postgres": func(tb testing.TB) string { return pgtest.Start(tb, pgtest.Options{Durable: true}).DSN(tb) },
}

// BenchmarkCreate reports durable creations of admin keys: with 1 caller, which
// is one sync to disk each, and with 64, which share them. raw inserts the same
// rows straight into SQLite, 64 to a transaction.
func BenchmarkCreate(b *testing.B) {
	b.Run("sqlite/raw", func(b *testing.B) { benchmarkRaw(b, 64) })
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/callers=%d", engine, callers), func(b *testing.B) { benchmarkCreate(b, durable[engine](b), callers) })
		}
	}
}

func benchmarkCreate(b *testing.B, database string, callers int) {
	var commits atomic.Int64
	s := open(b, sqlstore.Config{Database: database, OnCommit: func([]org.StoredEvent) { commits.Add(1) }})
	svc := org.NewService(s, rand.Reader, nil)
	owner := bootstrap(b, svc)
	work := make(chan struct{})
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			for range work {
				if _, _, _, err := svc.CreateAdminAPIKey(b.Context(), owner, org.NewAdminAPIKey{Name: "a key"}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	commits.Store(0)
	n := 0
	for b.Loop() {
		work <- struct{}{}
		n++
	}
	close(work)
	running.Wait()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "creates/s")
	b.ReportMetric(float64(n)/float64(max(1, commits.Load())), "creates/commit")
}

// bootstrap makes an organization and returns its owner's caller.
func bootstrap(tb testing.TB, svc *org.Service) (owner org.Caller) {
	tb.Helper()
	made, err := svc.Bootstrap(tb.Context(), org.Bootstrap{
		OwnerName: "Ada", OwnerEmail: "ada@example.com",
		Announce: func(key org.AdminAPIKey, _ token.Secret) error {
			owner = org.Caller{Admin: true, KeyID: key.ID, OwnerType: key.Owner.Type, OwnerID: key.Owner.ID, Role: key.Owner.Role}
			return nil
		},
	})
	if err != nil || !made {
		tb.Fatalf("Bootstrap = %t, %v", made, err)
	}
	return owner
}

func benchmarkRaw(b *testing.B, size int) {
	file := filepath.Join(b.TempDir(), "keyreeve.db")
	s, err := sqlstore.Open(b.Context(), sqlstore.Config{Database: file}) // makes the tables
	if err != nil {
		b.Fatal(err)
	}
	closeStore(b, s)
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-32768)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	run := func(text string) func(args ...any) {
		stmt, err := conn.PrepareContext(b.Context(), text)
		if err != nil {
			b.Fatal(err)
		}
		return func(args ...any) {
			if _, err := stmt.ExecContext(b.Context(), args...); err != nil {
				b.Fatal(err)
			}
		}
	}
	begin, commit := run(`BEGIN IMMEDIATE`), run(`COMMIT`)
	key := run(`INSERT INTO api_keys (kind, id, name, digest, redacted, created_at, expires_at, owner_type, owner_id, project_id)
VALUES (1, $1, 'a key', $2, 'sk-admin...abc', 1800000000, 0, 'user', 'user_01M83H52FB4GGXDD2798YPF9EC', '')`)
	event := run(`INSERT INTO events (revision, id, type, at, actor_id, resource_id, project_id, record, hash)
VALUES ($1, $2, 'api_key.created', 1800000000, 'user_01M83H52FB4GGXDD2798YPF9EC', $3, '', $4, $5)`)
	head := run(`UPDATE log_head SET revision = $1, hash = $2 WHERE id = 1`)
	digest, record := make([]byte, 32), fmt.Sprintf("%0700d", 0) // as long as a real one
	n := 0
	for b.Loop() {
		if n%size == 0 {
			begin()
		}
		n++
		id := fmt.Sprintf("key_%026d", n)
		key(id, digest)
		event(n, id, id, record, digest)
		if n%size == 0 {
			head(n, digest)
			commit()
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "creates/s")
}

const manyKeys = 1_000_000

func seed(b *testing.B, database string, n int) {
	b.Helper()
	driver, number, digest, from := "sqlite", "printf('%026d', i)", "randomblob(32)",
		"(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < $1) SELECT i FROM s)"
	if isPostgres(database) {
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
	for name, database := range engines {
		b.Run(name, func(b *testing.B) {
			at := database(b)
			s := open(b, sqlstore.Config{Database: at})
			seed(b, at, manyKeys)
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				n := 0
				if _, err := s.Snapshot(b.Context(), org.SnapshotVisitor{
					User: func(org.User) error { return nil }, Project: func(org.Project) error { return nil },
					Key: func(org.SnapshotKey) error { n++; return nil },
				}); err != nil || n != manyKeys {
					b.Fatal(n, err)
				}
			}
			b.ReportMetric((processorTime(b)-before).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

// processorTime is what this process has used, without PostgreSQL's part. On a
// busy machine it says more than the time that passed.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
