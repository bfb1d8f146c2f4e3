package sqlstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

func TestSecondServerOfAPostgresIsRefusedAndNamed(t *testing.T) {
	t.Parallel()
	database := pgtest.DSN(t)
	other := startChild(t, database)
	if other.said != "open" {
		t.Fatal(other.said)
	}
	holder := fmt.Sprintf(":%d holds it", other.cmd.Process.Pid)
	refusedWith(t, sqlstore.Config{Database: database}, "open postgres://", filepath.Base(os.Args[0]), holder)
	for _, access := range []sqlstore.Access{sqlstore.Maintain, sqlstore.ReadOnly} { // both work beside it
		s := open(t, sqlstore.Config{Database: database, Access: access})
		if _, err := s.Head(t.Context()); err != nil {
			t.Error(err)
		}
	}
	other.kill()
	eventually(t, "the lock of a killed server is free", func() error {
		s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: database})
		if err == nil {
			closeStore(t, s)
		}
		return err
	})
	if again := startChild(t, database); again.said != "open" {
		t.Errorf("after Close: %s", again.said)
	}
	open(t, sqlstore.Config{Database: pgtest.DSN(t)}) // another database of the same server
}

// eventually repeats f until it has no error.
func eventually(t *testing.T, what string, f func() error) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

func TestServerThatWasTakenOverIsTold(t *testing.T) {
	t.Parallel()
	database := pgtest.DSN(t)
	lost := make(chan error, 1)
	open(t, sqlstore.Config{Database: database, OnLost: func(err error) { lost <- err }})
	thief := connect(t, database)
	if _, err := thief.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted`); err != nil {
		t.Fatal(err)
	}
	eventually(t, "take the lock", func() error {
		var got bool
		err := thief.QueryRow(t.Context(), `SELECT pg_try_advisory_lock(hashtext('keyreeve server'), hashtext(current_schema()))`).Scan(&got)
		if err == nil && !got {
			err = errors.New("held")
		}
		return err
	})
	select {
	case err := <-lost:
		if !strings.Contains(err.Error(), "holds it") {
			t.Errorf("told %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it was not told")
	}
}

func connect(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

// TestPostgresKilledUnderLoad kills the server twice while clients create and
// delete keys.
func TestPostgresKilledUnderLoad(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Durable: true})
	database := server.DSN(t)
	h := newHarness(t, database, nil)
	h.history.attempts = 1_000_000 // until the test ends them

	var slowest atomic.Int64
	h.svc = org.NewService(timed{h.Store, &slowest}, rand.Reader, nil)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	var cycles atomic.Int64
	for range 8 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					h.history.cycle(t.Context(), h.svc, h.owner)
					cycles.Add(1)
				}
			}
		})
	}
	progress := func() {
		t.Helper()
		from := cycles.Load()
		eventually(t, "clients get on", func() error {
			if cycles.Load() < from+50 {
				return fmt.Errorf("%d cycles", cycles.Load()-from)
			}
			return nil
		})
	}
	for range 2 {
		progress()
		server.Kill(t)
		time.Sleep(200 * time.Millisecond)
		if _, err := h.Head(t.Context()); !errors.Is(err, org.ErrUnavailable) {
			t.Errorf("a read of a killed server: %v", err)
		}
		server.Restart(t)
	}
	progress()
	close(stop)
	clients.Wait()
	h.check(t)
	if d := time.Duration(slowest.Load()); d > 4*time.Second {
		t.Errorf("an update took %v to fail", d)
	}
	eventually(t, "the lock is taken again", func() error {
		s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: database})
		if err == nil {
			closeStore(t, s)
			return errors.New("a second server was let in")
		}
		return nil
	})
}

// TestConnectionsCutBetweenUpdatesAreNotNoticed: nothing was under way, so
// nobody need be told.
func TestConnectionsCutBetweenUpdatesAreNotNoticed(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Durable: true})
	h := newHarness(t, server.DSN(t), nil)
	h.history.attempts = 1
	for _, cut := range []func(){
		func() {
			admin := connect(t, h.database)
			if _, err := admin.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`); err != nil {
				t.Fatal(err)
			}
		},
		func() { server.Stop(); server.Restart(t) },
		func() { server.Kill(t); server.Restart(t) },
	} {
		cut()
		h.history.cycle(t.Context(), h.svc, h.owner)
		eventually(t, "a snapshot", func() error { _, err := snapshot(t.Context(), h.Store); return err })
		h.check(t)
	}
}

// timed notes the longest Update.
type timed struct {
	org.Store
	slowest *atomic.Int64
}

func (s timed) Update(ctx context.Context, fn func(org.Tx) error) (org.Commit, error) {
	start := time.Now()
	commit, err := s.Store.Update(ctx, fn)
	for took := int64(time.Since(start)); ; {
		slowest := s.slowest.Load()
		if took <= slowest || s.slowest.CompareAndSwap(slowest, took) {
			return commit, err
		}
	}
}

// TestStoppedWriterDoesNotHoldTheLog: a replica that stops in the middle of a
// transaction has it ended by PostgreSQL, and others go on.
func TestStoppedWriterDoesNotHoldTheLog(t *testing.T) {
	t.Parallel()
	h := newHarness(t, pgtest.DSN(t), nil)
	stopped := open(t, sqlstore.Config{Database: h.database, Access: sqlstore.Maintain})
	holds, goOn := make(chan struct{}), make(chan struct{})
	result := make(chan error)
	go func() {
		var once sync.Once
		_, err := stopped.Update(t.Context(), func(tx org.Tx) error {
			once.Do(func() { close(holds); <-goOn })
			tx.Emit(org.Event{Type: org.EventRestored, Resource: "stopped"})
			return nil
		})
		result <- err
	}()
	<-holds
	start := time.Now()
	h.history.attempts = 3
	h.history.cycle(t.Context(), h.svc, h.owner)
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("the other replica took %v", took)
	}
	close(goOn)
	if err := <-result; !errors.Is(err, org.ErrUnavailable) {
		t.Errorf("the stopped replica's update: %v", err)
	}
	h.check(t)
}

// TestTwoReplicasShareOneLog: their ids, revisions and times stay in one order.
func TestTwoReplicasShareOneLog(t *testing.T) {
	t.Parallel()
	behind := func() time.Time { return time.Now().Add(-time.Hour) }
	h := newHarness(t, pgtest.DSN(t), nil)
	replicas := []*sqlstore.Store{
		h.Store,
		open(t, sqlstore.Config{Database: h.database, Access: sqlstore.Maintain, Now: behind}),
	}
	var clients sync.WaitGroup
	for _, s := range replicas {
		svc := org.NewService(s, rand.Reader, nil)
		for range 4 {
			clients.Go(func() {
				for range 10 {
					h.history.cycle(t.Context(), svc, h.owner)
				}
			})
		}
	}
	clients.Wait()
	h.check(t)
	var last org.StoredEvent
	for e, err := range h.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.ID <= last.ID || e.At < last.At {
			t.Errorf("event %s of %d follows %s of %d", e.ID, e.At, last.ID, last.At)
		}
		last = e
	}
}

func TestPasswordIsInNoError(t *testing.T) {
	t.Parallel()
	const password = "s3cr3t-pa55"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	good.User = url.UserPassword("nosuchuser", password)
	query := good.Query()
	query.Del("user")
	good.RawQuery = query.Encode()
	for name, database := range map[string]string{
		"nobody listens":   "postgres://ada:" + password + "@" + nobody + "/keyreeve",
		"no such host":     "postgres://ada:" + password + "@host.invalid/keyreeve?connect_timeout=1",
		"no such user":     good.String(),
		"malformed port":   "postgres://ada:" + password + "@h:port/keyreeve",
		"malformed escape": "postgres://ada:" + password + "%zz@h/keyreeve",
		"unescaped @":      "postgres://ada:" + password + "@x@h:1:2/keyreeve",
		"bad option":       "postgres://ada:" + password + "@" + nobody + "/keyreeve?sslmode=perhaps",
		"other scheme":     "mariadb://ada:" + password + "@h/keyreeve",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: database})
			switch {
			case err == nil:
				t.Error("it was opened")
			case strings.Contains(err.Error(), password), strings.Contains(err.Error(), "\n"):
				t.Errorf("error %q", err)
			default:
				t.Log(err)
			}
		})
	}
	s := open(t, sqlstore.Config{Database: pgtest.DSN(t) + "&password=" + password})
	if strings.Contains(s.String(), password) {
		t.Error(s)
	}
}
