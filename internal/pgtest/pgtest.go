// Package pgtest gives tests a real PostgreSQL, 15 or later, run from the
// binaries of the machine in a temporary directory:
//
//	db, err := sql.Open("pgx", pgtest.DSN(t))
//
// Every call of DSN makes an empty database of its own, so tests run in
// parallel and may take advisory locks or listen on channels without meeting
// each other. All of them live in one server per test process, which starts
// when the first test asks for it. A test that stops or kills its server, or
// that measures one, starts one of its own with Start.
//
// Nothing outlives the test process, however it ends. See server.go.
//
// The default collation is deliberately not byte order, so that a text column
// declared without COLLATE "C" sorts wrongly here and not only at a user's.
package pgtest

import (
	"cmp"
	"fmt"
	"os"
	"sync"
	"testing"
)

// DSN returns the connection string of a new, empty database in the server
// that the tests of this process share. That server does not sync its writes
// to disk.
//
// Where no PostgreSQL is installed the test is skipped, and in CI (environment
// CI=true) it fails.
func DSN(tb testing.TB) string {
	tb.Helper()
	bin := requireBinaries(tb)
	s, err := shared(bin)
	if err != nil {
		tb.Fatalf("start the shared PostgreSQL: %v", err)
	}
	return s.DSN(tb)
}

// shared is the server behind DSN. Nobody stops it: it ends with the process.
var (
	sharedOnce   sync.Once
	sharedServer *Server
	errShared    error
)

func shared(bin string) (*Server, error) {
	sharedOnce.Do(func() { sharedServer, errShared = newServer(bin, Options{}) })
	return sharedServer, errShared
}

// Options of a server of a test's own.
type Options struct {
	// Durable keeps PostgreSQL's defaults that make a commit survive a power
	// cut (fsync, full_page_writes, synchronous_commit). Without it they are
	// off, which is several times faster and enough where only the test's own
	// process may die.
	Durable bool
}

// Start runs a server for one test or benchmark alone and ends it with the
// test. Where PostgreSQL is missing it does as DSN does.
func Start(tb testing.TB, opts Options) *Server {
	tb.Helper()
	s, err := newServer(requireBinaries(tb), opts)
	if err != nil {
		tb.Fatalf("start PostgreSQL: %v", err)
	}
	tb.Cleanup(s.remove)
	return s
}

// requireBinaries returns the directory of the newest PostgreSQL, or ends the
// test: a laptop may lack one, CI may not.
func requireBinaries(tb testing.TB) string {
	tb.Helper()
	bin, err := binaries()
	if err != nil {
		missing(tb, "PostgreSQL", err)
	}
	return bin
}

// missing ends a test that lacks a program.
func missing(tb testing.TB, what string, err error) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf("%s is required in CI: %v", what, err)
	}
	tb.Skipf("skipped without %s: %v", what, err)
}

// databaseName is unique in the process, and short enough for PostgreSQL's 63
// bytes whatever the test is called.
func databaseName(n int64) string { return fmt.Sprintf("test_%d", n) }

// tempDir is where the servers live. A socket's path must fit in 103 bytes
// everywhere, which the directory of testing.TB.TempDir, with the name of the
// test in it, does not promise.
func tempDir() string { return cmp.Or(os.Getenv("TMPDIR"), "/tmp") }
