package pgtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/keyreeve/keyreeve/internal/pgtest"
)

func TestProxyForwards(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	proxy := pgtest.NewProxy(t, dsn)
	mustExec(t, connect(t, proxy.DSN()), "CREATE TABLE seen (n int)")
	if got := query[int](t, connect(t, dsn), "SELECT n FROM seen"); len(got) != 0 {
		t.Errorf("rows are %v", got)
	}
}

func TestProxyCutsAndHeals(t *testing.T) {
	t.Parallel()
	proxy := pgtest.NewProxy(t, pgtest.DSN(t))
	conn := connect(t, proxy.DSN())
	proxy.Cut()
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("a cut connection answers")
	}
	if conn, err := pgx.Connect(t.Context(), proxy.DSN()); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a connection was made while the network is cut")
	}
	proxy.Heal()
	conn = connect(t, proxy.DSN())
	proxy.Reset()
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("a reset connection answers")
	}
	connect(t, proxy.DSN())
}

func TestProxyHoldsAndDeliversLate(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	proxy := pgtest.NewProxy(t, dsn)
	conn := connect(t, proxy.DSN())
	mustExec(t, conn, "CREATE TABLE seen (n int)")
	proxy.Hold()
	answer := make(chan error, 1)
	ctx := t.Context()
	go func() {
		_, err := conn.Exec(ctx, "INSERT INTO seen VALUES (1)")
		answer <- err
	}()
	direct := connect(t, dsn)
	for range 20 {
		select {
		case err := <-answer:
			t.Fatalf("answered with %v while held", err)
		case <-time.After(5 * time.Millisecond):
		}
		if got := query[int](t, direct, "SELECT n FROM seen"); len(got) != 0 {
			t.Fatal("the statement arrived while held")
		}
	}
	proxy.Heal()
	if err := <-answer; err != nil {
		t.Error(err)
	}
}

func TestProxyLosesNotifications(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	proxy := pgtest.NewProxy(t, dsn)
	listener, direct := connect(t, proxy.DSN()), connect(t, dsn)
	mustExec(t, listener, "LISTEN news")
	hear := func(patience time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err := listener.WaitForNotification(ctx)
		return err
	}
	mustExec(t, direct, "NOTIFY news")
	if err := hear(time.Minute); err != nil {
		t.Fatal(err)
	}
	proxy.Deafen()
	mustExec(t, direct, "NOTIFY news")
	if err := hear(20 * time.Millisecond); err == nil {
		t.Error("a notification arrived")
	}
	if err := listener.Ping(t.Context()); err != nil {
		t.Errorf("the connection is gone too: %v", err)
	}
}

func TestProxyEndsWhileItHolds(t *testing.T) {
	t.Parallel()
	t.Run("held", func(t *testing.T) { // its end must not wait for a Heal
		proxy := pgtest.NewProxy(t, pgtest.DSN(t))
		conn := connect(t, proxy.DSN())
		proxy.Hold()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := conn.Ping(ctx); err == nil {
			t.Error("answered while held")
		}
	})
}

func TestProxyFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault    pgtest.Fault
		prepared bool
		exists   []int
	}{
		"mid-statement":           {pgtest.MidStatement, false, []int{}},
		"before COMMIT":           {pgtest.BeforeCommit, false, []int{}},
		"before COMMIT, prepared": {pgtest.BeforeCommit, true, []int{}},
		"after COMMIT":            {pgtest.AfterCommit, false, []int{1}},
		"after COMMIT, prepared":  {pgtest.AfterCommit, true, []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := pgtest.DSN(t)
			direct := connect(t, dsn)
			mustExec(t, direct, "CREATE TABLE seen (n int)")
			proxy := pgtest.NewProxy(t, dsn)
			conn := connect(t, proxy.DSN())
			commit := "COMMIT"
			if tc.prepared {
				commit = "ending"
				if _, err := conn.Prepare(t.Context(), commit, "COMMIT"); err != nil {
					t.Fatal(err)
				}
			}
			proxy.Arm(tc.fault)
			var err error
			for _, statement := range []string{"BEGIN", "INSERT INTO seen VALUES (1)", commit} {
				if _, err = conn.Exec(t.Context(), statement); err != nil {
					break
				}
			}
			if err == nil || proxy.Struck() != 1 {
				t.Errorf("error %v, %d faults", err, proxy.Struck())
			}
			// What is left of the transaction ends with its session.
			for len(query[int](t, direct, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'")) > 0 {
				time.Sleep(time.Millisecond)
			}
			if diff := cmp.Diff(tc.exists, query[int](t, direct, "SELECT n FROM seen")); diff != "" {
				t.Errorf("rows, -want +got:\n%s", diff)
			}
			mustExec(t, connect(t, proxy.DSN()), "INSERT INTO seen VALUES (2)")
		})
	}
}
