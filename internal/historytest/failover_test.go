package historytest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/keyreeve/keyreeve/internal/historytest"
	"github.com/keyreeve/keyreeve/internal/pgtest"
)

// lossy puts the database of a running fleet back, as a failover does that loses
// commits. Those are gone, which is its operator's choice; what comes after must
// be as good as ever.
type lossy struct {
	*cluster
	conn *pgx.Conn // to another database of the same server
	name string
}

func newLossy(t *testing.T, c *cluster) *lossy {
	t.Helper()
	config, err := pgx.ParseConfig(c.database)
	if err != nil {
		t.Fatal(err)
	}
	name := config.Database
	config.Database = "postgres"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &lossy{cluster: c, conn: conn, name: name}
}

// keep copies the database, and putBack returns to the copy.
func (l *lossy) keep(t *testing.T) { l.whileCut(t, "CREATE DATABASE kept TEMPLATE this") }
func (l *lossy) putBack(t *testing.T) {
	l.whileCut(t, "ALTER DATABASE this RENAME TO lost", "ALTER DATABASE kept RENAME TO this")
}

func (l *lossy) whileCut(t *testing.T, statements ...string) {
	t.Helper()
	for _, r := range l.replicas {
		r.network.Cut()
		defer r.network.Heal()
	}
	for sessions := 1; sessions > 0; {
		if err := l.conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = $1", l.name).Scan(&sessions); err != nil {
			t.Fatal(err)
		}
	}
	for _, statement := range statements {
		if _, err := l.conn.Exec(t.Context(), strings.ReplaceAll(statement, "this", l.name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRevocationsAfterAFailoverThatLostCommits(t *testing.T) {
	t.Parallel()
	pg := pgtest.Start(t, pgtest.Options{Durable: true})
	// Long enough to be held still when the database is another.
	c := startCluster(t, fleetOf{program: shipped, database: pg.DSN(t), lease: 2 * time.Second, replicas: 3})
	before := newLoad(t, 1, c.targets(), c.adminKey)
	const victims = 60
	for range victims / len(c.replicas) {
		for _, tg := range before.targets {
			before.awaitHealth(t.Context(), tg)
		}
	}
	fleet := newLossy(t, c)
	fleet.keep(t)
	for range victims { // the replicas get ahead of what will be left
		before.awaitHealth(t.Context(), before.targets[0])
	}
	fleet.putBack(t)

	after := newLoad(t, 1, c.targets(), c.adminKey)
	var clients sync.WaitGroup
	for n, k := range before.keys.all[:victims] {
		client := &life{load: after, random: after.random(), admin: newAdmin(t, after.recorder, c.adminKey)}
		for _, tg := range after.targets {
			client.pipes = append(client.pipes, newPipe(t, tg, after.recorder, bursting))
		}
		clients.Go(func() {
			for asked := range len(after.targets) { // the first ends the key, the others find nothing
				for revoked := false; !revoked; wait(t.Context(), time.Millisecond) {
					revoked = client.admin.revoke(t.Context(), after.targets[(n+asked)%len(after.targets)], k)
				}
				client.verifyEverywhere(k)
			}
			for range 20 {
				client.verifyEverywhere(k)
				time.Sleep(5 * time.Millisecond)
			}
			for _, p := range client.pipes {
				p.close()
			}
			client.admin.http.CloseIdleConnections()
		})
	}
	clients.Wait()
	h := historytest.History{Operations: after.recorder.Operations()}
	for _, v := range historytest.Check(h) {
		if v.Rule == historytest.AcceptedAfterRevocation {
			t.Fatal(v)
		}
	}
	t.Log(count(h.Operations))
}
