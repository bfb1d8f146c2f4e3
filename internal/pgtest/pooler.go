package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// poolerTemplate sets pgbouncer up for one database over Unix sockets.
const poolerTemplate = `
[databases]
%[1]s = host=%[2]s port=5432 user=%[5]s
[pgbouncer]
unix_socket_dir = %[3]s
listen_addr =
listen_port = 6432
auth_type = any
pool_mode = %[4]s
server_reset_query = DISCARD ALL
`

// Pooler starts a pgbouncer before the database of a connection string from DSN,
// in a pool_mode, and returns the connection string that leads through it. It ends with the test. Where pgbouncer is missing
// it does as DSN does where PostgreSQL is.
func Pooler(tb testing.TB, dsn, mode string) string {
	tb.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program = "/usr/sbin/pgbouncer"; !exists(program) {
			missing(tb, "pgbouncer", err)
		}
	}
	server, err := pgx.ParseConfig(dsn)
	if err != nil {
		tb.Fatalf("pgbouncer: %v", err)
	}
	dir, err := os.MkdirTemp(tempDir(), "pgbouncer") //nolint:usetesting // a socket has a short path: see tempDir
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	attr, err := ownAttributes(dir)
	if err != nil {
		tb.Fatalf("pgbouncer: %v", err)
	}
	file := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf(poolerTemplate, server.Database, server.Host, dir, mode, server.User)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil { //nolint:gosec // another user reads it, and there is no secret in it
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var said strings.Builder
	pooler := exec.CommandContext(ctx, program, file)
	pooler.SysProcAttr, pooler.Dir, pooler.Stderr = attr, dir, &said
	if err := pooler.Start(); err != nil {
		cancel()
		tb.Fatalf("pgbouncer: %v", err)
	}
	tb.Cleanup(func() { cancel(); _ = pooler.Wait() })

	through := "postgres:///" + server.Database + "?" + url.Values{"host": {dir}, "port": {"6432"}, "user": {server.User}}.Encode()
	for end := time.Now().Add(startTimeout); ; time.Sleep(10 * time.Millisecond) {
		conn, err := pgx.Connect(ctx, through)
		if err == nil {
			_ = conn.Close(ctx)
			return through
		}
		if time.Now().After(end) {
			cancel()
			_ = pooler.Wait()
			tb.Fatalf("pgbouncer: no answer: %v\n%s", err, said.String())
		}
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
