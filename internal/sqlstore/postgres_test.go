package sqlstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
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

// TestServersShareAPostgres: they start together on an empty database, one of
// them makes the schema, and all can use it.
func TestServersShareAPostgres(t *testing.T) {
	t.Parallel()
	database := pgtest.DSN(t)
	var starts sync.WaitGroup
	for range 4 {
		starts.Go(func() {
			s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: database})
			if err != nil {
				t.Error(err)
				return
			}
			defer closeStore(t, s)
			if _, err := s.Head(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	starts.Wait()
	if other := startChild(t, database); other.said != "open" {
		t.Error(other.said)
	}
}

// TestServerFromBeforeReplicasIsWaitedFor: it holds the lock for as long as it
// serves, and does not know what others revoke.
func TestServerFromBeforeReplicasIsWaitedFor(t *testing.T) {
	t.Parallel()
	database := pgtest.DSN(t)
	old := connect(t, database)
	for _, text := range []string{
		`SELECT pg_advisory_lock(hashtext('keyreeve server'), hashtext(current_schema()))`,
		`SET application_name = 'keyreeve host:123'`,
	} {
		if _, err := old.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := sqlstore.Open(ctx, sqlstore.Config{Database: database})
	if err == nil || !strings.Contains(err.Error(), "keyreeve host:123 holds it") {
		t.Errorf("error is %v", err)
	}
	if err := old.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it starts when the other is gone", func() error {
		s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: database})
		if err == nil {
			closeStore(t, s)
		}
		return err
	})
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

// TestNothingIsAnsweredThatAStandbyMayLack: with a synchronous standby that does
// not answer, a COMMIT is given up after a while, which makes its change visible
// without the standby. Neither that change nor what rests on it may be answered:
// a failover would bring the deleted key back.
func TestNothingIsAnsweredThatAStandbyMayLack(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Durable: true})
	h := newHarness(t, server.DSN(t), nil)
	key, _, _, err := h.svc.CreateAdminAPIKey(t.Context(), h.owner, org.NewAdminAPIKey{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	admin := connect(t, h.database)
	configure := func(text string) {
		t.Helper()
		for _, text := range []string{text, `SELECT pg_reload_conf()`} {
			if _, err := admin.Exec(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	configure(`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`)
	eventually(t, "a change is not answered", func() error {
		_, _, _, err := h.svc.CreateAdminAPIKey(t.Context(), h.owner, org.NewAdminAPIKey{Name: "y"})
		if !errors.Is(err, org.ErrUncertain) {
			return errors.New("it was, or the error is not ErrUncertain")
		}
		return nil
	})
	for _, when := range []string{"the deletion", "the same again"} {
		_, err := h.svc.DeleteAdminAPIKey(t.Context(), h.owner, key.ID)
		if !errors.Is(err, org.ErrUncertain) && !errors.Is(err, org.ErrUnavailable) {
			t.Errorf("%s: %v, want that it cannot be told", when, err)
		}
	}
	configure(`ALTER SYSTEM RESET synchronous_standby_names`)
	eventually(t, "a deletion is answered", func() error {
		_, err := h.svc.DeleteAdminAPIKey(t.Context(), h.owner, key.ID)
		if _, refused := errors.AsType[*org.Refusal](err); refused {
			return nil
		}
		return err
	})
}

// TestChangesAreNotHeldUpByWritesBesideTheLog: however many of those wait for a
// database that does not answer.
func TestChangesAreNotHeldUpByWritesBesideTheLog(t *testing.T) {
	t.Parallel()
	network := pgtest.NewProxy(t, pgtest.DSN(t))
	h := newHarness(t, network.DSN(), nil)
	network.Hold()
	var beside sync.WaitGroup
	for i := range 10 {
		beside.Go(func() {
			if err := h.TouchSession(t.Context(), [32]byte{byte(i)}, 1); !errors.Is(err, org.ErrUnavailable) {
				t.Errorf("a write beside the log: %v", err)
			}
		})
	}
	time.Sleep(100 * time.Millisecond) // they are under way
	start := time.Now()
	_, _, _, err := h.svc.CreateAdminAPIKey(t.Context(), h.owner, org.NewAdminAPIKey{Name: "x"})
	if took := time.Since(start); !errors.Is(err, org.ErrUnavailable) || took > 2*time.Second {
		t.Errorf("%v after %v", err, took)
	}
	beside.Wait()
	network.Heal()
}

// TestStartWaitsForWhoChangesTheSchema, however long that takes, and says so when
// it is told to stop.
func TestStartWaitsForWhoChangesTheSchema(t *testing.T) {
	t.Parallel()
	database := pgtest.DSN(t)
	changing := connect(t, database)
	for _, text := range []string{
		`SELECT pg_advisory_lock(hashtext('keyreeve server'), hashtext(current_schema()))`,
		`SELECT pg_advisory_lock_shared(hashtext('keyreeve schema'), hashtext(current_schema()))`,
		`SET application_name = 'keyreeve host:123'`,
	} {
		if _, err := changing.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := sqlstore.Open(ctx, sqlstore.Config{Database: database})
	if err == nil || !strings.Contains(err.Error(), "keyreeve host:123 is changing its schema") {
		t.Errorf("error is %v", err)
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
