package sqlstore_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

func TestPoolerThatSharesSessionsIsRefused(t *testing.T) {
	t.Parallel()
	through := pgtest.Pooler(t, pgtest.DSN(t), "transaction")
	refusedWith(t, sqlstore.Config{Database: through}, "pgbouncer", "pool_mode=session")
}

// TestPoolerThatSharesSessionsInTurnIsRefused: it has two idle and hands out the
// one that was idle for longer, so that who asks in turn meets the same each time.
func TestPoolerThatSharesSessionsInTurnIsRefused(t *testing.T) {
	t.Parallel()
	through := pgtest.Pooler(t, pgtest.DSN(t), "transaction\nserver_round_robin = 1")
	var conns []*pgx.Conn
	for range 2 {
		conn := connect(t, through)
		conns = append(conns, conn)
		if _, err := conn.Exec(t.Context(), `BEGIN`, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	for _, conn := range conns {
		if _, err := conn.Exec(t.Context(), `ROLLBACK`, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // whichever of the two is first in turn
		refusedWith(t, sqlstore.Config{Database: through}, "pgbouncer", "pool_mode=session")
		if _, err := conns[0].Exec(t.Context(), `SELECT 1`, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
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
