package sqlstore_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) {
	if database := os.Getenv(childEnv); database != "" {
		serveUntilTold(database)
		return
	}
	if life := os.Getenv(restoreEnv); life != "" {
		restoreUntil(life)
		return
	}
	goleak.VerifyTestMain(m)
}

// engines names a new, empty database on each engine.
var engines = map[string]func(testing.TB) string{
	"sqlite":   func(tb testing.TB) string { return filepath.Join(tb.TempDir(), "keyreeve.db") },
	"postgres": pgtest.DSN,
}

func isPostgres(database string) bool { return strings.HasPrefix(database, "postgres:") }

// open opens a store that is closed with the test.
func open(tb testing.TB, cfg sqlstore.Config) *sqlstore.Store {
	tb.Helper()
	s, err := sqlstore.Open(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closeStore(tb, s) })
	return s
}

func closeStore(tb testing.TB, s *sqlstore.Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Error(err)
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, database := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T, cfg storetest.Config) org.Store {
				return open(t, sqlstore.Config{Database: database(t), Now: cfg.Now, OnCommit: cfg.OnCommit})
			})
		})
	}
}
