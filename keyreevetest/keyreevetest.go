// Package keyreevetest starts a Keyreeve for tests of programs that manage an
// OpenAI organization or a Keyreeve: provisioning scripts, key rotation, a
// Terraform module.
//
//	func TestRotation(t *testing.T) {
//		s := keyreevetest.New(t)
//		rotate(s.URL, s.AdminKey)
//		for key, err := range s.Client.AdminAPIKeys.All(t.Context(), api.AdminAPIKeyListParams{}) {
//			…
//		}
//	}
//
// It is the real server, in this process, on a database of its own in a
// temporary directory and on a free port of the loopback interface. It stops
// when the test ends. Tests with a server each may run in parallel.
package keyreevetest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/server"
)

// Server is a running Keyreeve with an organization that has one owner and one
// admin key.
type Server struct {
	URL      string // base URL of the API, ending in /v1
	AdminKey string // an owner's admin key that does not expire
	Client   *client.Client
}

// Options change what New starts. The zero value is what New uses.
type Options struct {
	// Database is where it keeps its data, as in keyreeve serve --database.
	// Empty: a SQLite file in a temporary directory. It must be a database
	// that no server has used before.
	Database string

	// Log is where the server logs. Nil: nowhere.
	Log *slog.Logger
}

// New starts a server and stops it when the test ends. It fails the test when
// the server does not start.
func New(tb testing.TB) *Server {
	tb.Helper()
	return NewWith(tb, Options{})
}

// NewWith is New with options.
func NewWith(tb testing.TB, opts Options) *Server {
	tb.Helper()
	dir := tb.TempDir()
	if opts.Database == "" {
		opts.Database = "sqlite:" + filepath.Join(dir, "keyreeve.db")
	}
	keyFile := filepath.Join(dir, "first-admin-key")
	s, err := server.Start(tb.Context(), server.Config{
		Listen: "127.0.0.1:0", Database: opts.Database,
		OwnerName: "Test Owner", OwnerEmail: "owner@example.com",
		BootstrapKeyFile: keyFile, Version: "test", Logger: opts.Log,
	})
	if err != nil {
		tb.Fatal("keyreevetest: ", err)
	}
	tb.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			tb.Error("keyreevetest: stop: ", err)
		}
	})
	key, err := os.ReadFile(keyFile)
	if err != nil {
		tb.Fatal("keyreevetest: read the first admin key (was the database used before?): ", err)
	}
	running := &Server{URL: s.URL() + "/v1", AdminKey: strings.TrimSpace(string(key))}
	if running.Client, err = client.New(running.URL, running.AdminKey); err != nil {
		tb.Fatal("keyreevetest: ", err)
	}
	tb.Cleanup(running.Client.CloseIdleConnections)
	return running
}
