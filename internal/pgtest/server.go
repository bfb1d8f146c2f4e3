package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running PostgreSQL that listens on a Unix socket only. Its
// methods are for one goroutine, except DSN.
type Server struct {
	bin  string // directory of the binaries
	dir  string // holds data/, the socket and the log; removed at the end
	opts Options

	keeper    *exec.Cmd
	lifeline  *os.File // write end of the keeper's standard input
	gone      *os.File // ends when no process of the server is left
	databases atomic.Int64
}

// keeperScript runs the server and outlives the test process by a moment. It
// waits on its standard input, whose other end only the test process holds:
// when that process is gone, whether it returned, panicked or was killed, the
// read ends and the server and its files go too. The line "keep" ends the
// server and leaves its files. File 3 is inherited by every server process.
const keeperScript = `
"$1/postgres" -D "$2/data" >>"$2/log" 2>&1 </dev/null &
server=$!
read -r order
kill -QUIT $server 2>/dev/null
wait $server
[ "$order" = keep ] || rm -rf "$2"
`

// startTimeout bounds the wait for a server, the recovery after a kill
// included. A loaded machine takes a few seconds.
const startTimeout = 60 * time.Second

func newServer(bin string, opts Options) (_ *Server, err error) {
	dir, err := os.MkdirTemp(tempDir(), "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, opts: opts}
	defer func() {
		if err != nil {
			s.remove()
		}
	}()
	if err := s.initialise(); err != nil {
		return nil, err
	}
	return s, s.start()
}

// initialise makes the data directory and its configuration.
func (s *Server) initialise() error {
	attr, err := ownAttributes(s.dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	initdb := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"),
		"--pgdata="+filepath.Join(s.dir, "data"), "--username=keyreeve", "--auth=trust", "--no-sync",
		"--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US")
	initdb.SysProcAttr, initdb.Dir = attr, s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	conf, err := os.OpenFile(filepath.Join(s.dir, "data", "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = conf.WriteString(s.configuration())
	return errors.Join(err, conf.Close())
}

func (s *Server) configuration() string {
	conf := fmt.Sprintf(`
listen_addresses = ''
unix_socket_directories = '%s'
max_connections = 500
`, s.dir)
	if !s.opts.Durable {
		conf += `
fsync = off
full_page_writes = off
synchronous_commit = off
`
	}
	return conf
}

// start runs the keeper and waits until the server answers.
func (s *Server) start() error {
	if err := s.startKeeper(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		if ctx.Err() != nil {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("no answer within %v: %w\n%s", startTimeout, err, log)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (s *Server) startKeeper() error {
	attr, err := ownAttributes(s.dir)
	if err != nil {
		return err
	}
	stdin, lifeline, err := os.Pipe()
	if err != nil {
		return err
	}
	defer stdin.Close() //nolint:errcheck // the keeper has its own copy
	gone, held, err := os.Pipe()
	if err != nil {
		return errors.Join(err, lifeline.Close())
	}
	defer held.Close() //nolint:errcheck // as above

	// No context: the keeper ends by its lifeline, after it has cleaned up.
	keeper := exec.CommandContext(context.Background(), "/bin/sh", "-c", keeperScript, "pgtest", s.bin, s.dir)
	keeper.Stdin, keeper.ExtraFiles = stdin, []*os.File{held}
	keeper.SysProcAttr, keeper.Dir = attr, s.dir
	if err := keeper.Start(); err != nil {
		return errors.Join(err, lifeline.Close(), gone.Close())
	}
	s.keeper, s.lifeline, s.gone = keeper, lifeline, gone
	return nil
}

// end stops the server and returns when its last process is gone. Its files
// stay where keep is set.
func (s *Server) end(keep bool) {
	if s.keeper == nil {
		return
	}
	if keep {
		_, _ = s.lifeline.WriteString("keep\n") // fails only when the keeper is gone
	}
	_ = s.lifeline.Close()
	_ = s.keeper.Wait()
	// The processes of a killed server take a moment to notice, and a new one
	// would refuse to start beside them.
	_, _ = io.Copy(io.Discard, s.gone)
	_ = s.gone.Close()
	s.keeper = nil
}

func (s *Server) remove() {
	s.end(false)
	_ = os.RemoveAll(s.dir) // what the keeper, if there was one, has not done
}

// Stop ends the server without a checkpoint, cutting every connection, as
// `pg_ctl stop -m immediate` does. Its data stays for Restart.
func (s *Server) Stop() { s.end(true) }

// Kill ends the server with SIGKILL. Its data stays for Restart.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	pid, err := s.pid()
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		tb.Fatalf("kill PostgreSQL: %v", err)
	}
	s.end(true)
}

// Restart starts the server again after Stop or Kill, and returns when it has
// recovered and answers. Connection strings stay good.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.end(true)
	if err := s.start(); err != nil {
		tb.Fatalf("restart PostgreSQL: %v", err)
	}
}

// DSN returns the connection string of a new, empty database.
func (s *Server) DSN(tb testing.TB) string {
	tb.Helper()
	name := databaseName(s.databases.Add(1))
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		tb.Fatalf("create a test database: %v", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	// From template0, because nobody can be connected to it. Copying its files
	// takes a third of the time that writing them to the log takes.
	create := "CREATE DATABASE " + name + " TEMPLATE template0 STRATEGY FILE_COPY"
	if _, err := conn.Exec(ctx, create); err != nil {
		tb.Fatalf("create a test database: %v", err)
	}
	return s.url(name)
}

// url is understood by pgx and by libpq alike.
func (s *Server) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.dir}, "user": {"keyreeve"}}.Encode()
}

// pid returns the process id of the server, the first line of its pid file.
func (s *Server) pid() (int, error) {
	file, err := os.ReadFile(filepath.Join(s.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(file, []byte("\n"))
	return strconv.Atoi(string(line))
}
