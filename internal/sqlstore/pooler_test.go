package sqlstore_test

import (
	"testing"

	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

func TestPoolerThatSharesSessionsIsRefused(t *testing.T) {
	t.Parallel()
	through := pgtest.Pooler(t, pgtest.DSN(t), "transaction")
	refusedWith(t, sqlstore.Config{Database: through}, "pgbouncer", "pool_mode=session")
}

// TestPoolerWithSessionsIsServed, with the time limits of its sessions.
func TestPoolerWithSessionsIsServed(t *testing.T) {
	t.Parallel()
	s := open(t, sqlstore.Config{Database: pgtest.Pooler(t, pgtest.DSN(t), "session")})
	for i, want := range []string{"1s", "5s", "2s"} {
		var got string
		if err := s.Pools()[i].QueryRowContext(t.Context(), `SELECT current_setting('statement_timeout')`).Scan(&got); err != nil || got != want {
			t.Errorf("pool %d has the time limit %q, want %q; error %v", i, got, want, err)
		}
	}
}
