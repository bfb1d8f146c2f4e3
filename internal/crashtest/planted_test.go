package crashtest

import (
	"context"
	"database/sql/driver"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/keyreeve/keyreeve/internal/crashtest/faultsql"
	"github.com/keyreeve/keyreeve/internal/server"
)

// plantVariable makes the test binary a server with a bug.
const plantVariable = "KEYREEVE_CRASHTEST_PLANT"

// The bugs, each a way to acknowledge what is not on disk.
const (
	plantEarlyAnswer = "early-answer" // before COMMIT
	plantNormal      = "normal"       // synchronous=NORMAL
	plantOff         = "off"          // synchronous=OFF
)

func planted(plant string) faultsql.Hooks {
	switch plant {
	case plantEarlyAnswer:
		return faultsql.Hooks{Exec: new(lateCommit).exec}
	case plantNormal, plantOff:
		return faultsql.Hooks{Connected: func(exec func(string) error) error { return exec("PRAGMA synchronous = " + plant) }}
	default:
		panic("no bug is called " + plant)
	}
}

// lateCommit answers COMMIT at once and commits when the next statement comes,
// or a moment later. The first one it leaves alone: without an organization the
// server would not start.
type lateCommit struct {
	mu      sync.Mutex
	started bool
	pending func() (driver.Result, error)
}

func (l *lateCommit) exec(statement string, next func() (driver.Result, error)) (driver.Result, error) {
	l.commit()
	if statement != "COMMIT" {
		return next()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.started {
		l.started = true
		return next()
	}
	l.pending = next
	time.AfterFunc(20*time.Millisecond, l.commit)
	return driver.ResultNoRows, nil
}

func (l *lateCommit) commit() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending != nil {
		_, _ = l.pending()
		l.pending = nil
	}
}

// servePlanted is keyreeve serve with a bug: DATABASE KEYFILE.
func servePlanted(plant string, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := server.Run(ctx, server.Config{
		Listen: "127.0.0.1:0", Database: args[0], BootstrapKeyFile: args[1],
		OwnerName: "Owner", OwnerEmail: "owner@localhost",
		Logger:        slog.New(slog.NewTextHandler(os.Stderr, nil)),
		WrapConnector: planted(plant).Wrap,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "keyreeve:", err)
		return 1
	}
	return 0
}
