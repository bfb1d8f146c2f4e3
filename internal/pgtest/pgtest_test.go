package pgtest_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/keyreeve/keyreeve/internal/pgtest"
)

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func mustExec(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func query[T any](t *testing.T, conn *pgx.Conn, sql string) []T {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestEveryDSNIsADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	for range 2 {
		t.Run("database", func(t *testing.T) {
			t.Parallel()
			conn := connect(t, pgtest.DSN(t))
			mustExec(t, conn, "CREATE TABLE keys (id text PRIMARY KEY)") // fails if another made it here
			if got := query[bool](t, conn, "SELECT pg_try_advisory_lock(1)"); !got[0] {
				t.Error("another test's advisory lock is seen")
			}
		})
	}
}

func TestDefaultCollationIsNotByteOrder(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.DSN(t))
	const values = "FROM (VALUES ('a'), ('B')) AS v(s) ORDER BY s "
	if diff := cmp.Diff([]string{"a", "B"}, query[string](t, conn, "SELECT s "+values)); diff != "" {
		t.Errorf("by default (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"B", "a"}, query[string](t, conn, "SELECT s "+values+`COLLATE "C"`)); diff != "" {
		t.Errorf("COLLATE C (-want +got):\n%s", diff)
	}
}

func TestOnlyADurableServerSyncs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		dsn  func(*testing.T) string
		want string
	}{
		{"shared", func(t *testing.T) string { return pgtest.DSN(t) }, "off"},
		{"durable", func(t *testing.T) string { return pgtest.Start(t, pgtest.Options{Durable: true}).DSN(t) }, "on"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, tt.dsn(t))
			for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
				if got := query[string](t, conn, "SHOW "+setting); got[0] != tt.want {
					t.Errorf("%s = %s, want %s", setting, got[0], tt.want)
				}
			}
		})
	}
}

func TestCommittedRowsSurviveKillAndStop(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Durable: true})
	dsn := server.DSN(t)
	mustExec(t, connect(t, dsn), "CREATE TABLE keys (id text PRIMARY KEY)")

	for _, fault := range []struct {
		name string
		hit  func()
	}{
		{"kill", func() { server.Kill(t) }},
		{"stop", server.Stop},
	} {
		conn := connect(t, dsn)
		mustExec(t, conn, "INSERT INTO keys VALUES ($1)", fault.name)
		fault.hit()
		if err := conn.Ping(t.Context()); err == nil {
			t.Errorf("%s: an open connection still answers", fault.name)
		}
		server.Restart(t)
	}
	want := []string{"kill", "stop"}
	if diff := cmp.Diff(want, query[string](t, connect(t, dsn), "SELECT id FROM keys ORDER BY id")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// TestNothingOutlivesTheTestProcess runs this test binary again, kills it with
// SIGKILL while its server is up, and waits for the server and its directory
// to go.
func TestNothingOutlivesTheTestProcess(t *testing.T) {
	const childEnv = "KEYREEVE_PGTEST_CHILD"
	if os.Getenv(childEnv) != "" {
		dsn := pgtest.DSN(t)
		fmt.Println("dsn", dsn)
		<-t.Context().Done() // until killed
		return
	}
	t.Parallel()
	pgtest.DSN(t) // skips here where there is no PostgreSQL, not in the child

	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // its server may be another user's
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), childEnv+"=1", "TMPDIR="+dir)
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	dsn := ""
	for lines := bufio.NewScanner(stdout); dsn == "" && lines.Scan(); {
		dsn, _ = strings.CutPrefix(lines.Text(), "dsn ")
	}
	conn := connect(t, dsn)
	if err := child.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // reports the signal

	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left, err := filepath.Glob(filepath.Join(dir, "pgtest*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 && conn.Ping(t.Context()) != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left behind: %v, connection open: %t", left, !conn.IsClosed())
		}
	}
}
