package httpapi_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/server"
	"github.com/keyreeve/keyreeve/internal/token"
)

// engines give each test a new database of each kind.
var engines = []struct {
	name     string
	database func(testing.TB) string
}{
	{"sqlite", func(tb testing.TB) string { return "sqlite:" + filepath.Join(tb.TempDir(), "keyreeve.db") }},
	{"postgres", pgtest.DSN},
}

// system is a server that really runs, and everything it must keep to itself.
type system struct {
	config    server.Config
	server    *server.Server
	transport *http.Transport
	log       *lockedBuffer

	seed *seed // closed; what was in the database before the start

	mu      sync.Mutex
	secrets []string // every key value that was ever issued
}

// onBothEngines runs a test on a server of each engine. fill, which may be nil,
// adds to the database before the server starts.
func onBothEngines(t *testing.T, fill func(*seed), test func(*testing.T, *system)) {
	t.Helper()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			test(t, newSystem(t, server.Config{Database: e.database(t), NoConsole: true}, fill))
		})
	}
}

// newSystemOn is newSystem with all else as usual.
func newSystemOn(tb testing.TB, database string, fill func(*seed)) *system {
	tb.Helper()
	return newSystem(tb, server.Config{Database: database}, fill)
}

// newSystem starts a server over a seeded database and stops it with the test.
func newSystem(tb testing.TB, config server.Config, fill func(*seed)) *system {
	tb.Helper()
	s := &system{config: config, transport: &http.Transport{DisableCompression: true}, log: new(lockedBuffer)}
	s.config.Listen, s.config.Version = "127.0.0.1:0", "test"
	if s.config.Logger == nil {
		s.config.Logger = slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s.seed = newSeed(tb, config.Database)
	if fill != nil {
		fill(s.seed)
	}
	for _, key := range s.seed.keys {
		s.issued(key.value)
	}
	s.seed.close()
	s.start(tb)
	tb.Cleanup(func() {
		s.stop(tb)
		if s.leaks(s.log.String()) {
			tb.Error("a key's value is in the log")
		}
	})
	return s
}

func (s *system) start(tb testing.TB) {
	tb.Helper()
	// PostgreSQL takes a moment to end the session, and with it the lock, of
	// whoever had the database before.
	var err error
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s.server, err = server.Start(tb.Context(), s.config)
		if err == nil || !strings.Contains(err.Error(), "holds it") || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		tb.Fatal(err)
	}
}

func (s *system) stop(tb testing.TB) {
	tb.Helper()
	s.transport.CloseIdleConnections()
	if err := s.server.Stop(context.Background()); err != nil {
		tb.Error("stop: ", err)
	}
}

// restart stops the server and starts another on the same database.
func (s *system) restart(tb testing.TB) {
	tb.Helper()
	s.stop(tb)
	s.start(tb)
}

// address is where the server listens.
func (s *system) address() string { return strings.TrimPrefix(s.server.URL(), "http://") }

// issued remembers a value that nothing may show from now on.
func (s *system) issued(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, value)
}

// leaks says whether text holds an issued value, or enough of one to use it.
func (s *system) leaks(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range s.secrets {
		if strings.Contains(text, randomPart(value)) {
			return true
		}
	}
	return false
}

// randomPart is what of a key's value a stranger cannot guess.
func randomPart(value string) string {
	const checksum = 6
	kind, ok := token.Parse(value)
	if !ok {
		panic("an issued value is no key")
	}
	return value[len(kind.Prefix()) : len(value)-checksum]
}

// lockedBuffer is a buffer that goroutines may share.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Loggers for what is not looked at.
var (
	discard  = slog.New(slog.DiscardHandler)
	quietLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
)
