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

	"github.com/keyreeve/keyreeve/internal/server"
	"github.com/keyreeve/keyreeve/internal/sqlstore/faulty"
)

// plantVariable makes the test binary a server with a bug.
const plantVariable = "KEYREEVE_CRASHTEST_PLANT"

// The bugs, each a way to acknowledge what is not on disk.
const (
	plantEarlyAnswer = "early-answer" // before COMMIT
	plantNormal      = "normal"       // synchronous=NORMAL
	plantOff         = "off"          // synchronous=OFF
)

func planted(plant string) func(driver.Connector) driver.Connector {
	switch plant {
	case plantEarlyAnswer:
		return faulty.Hook(new(lateCommit).call).Wrap
	case plantNormal, plantOff:
		return func(c driver.Connector) driver.Connector { return pragma{c, "PRAGMA synchronous = " + plant} }
	default:
		panic("no bug is called " + plant)
	}
}

// pragma runs a statement on each new connection.
type pragma struct {
	driver.Connector
	statement string
}

func (p pragma) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, p.statement, nil); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// lateCommit answers COMMIT at once and commits when the next statement comes,
// or a moment later. The first one it leaves alone: without an organization the
// server would not start.
type lateCommit struct {
	mu      sync.Mutex
	started bool
	pending func() error
}

func (l *lateCommit) call(_ context.Context, call faulty.Call, do func() error) error {
	if call.Kind != faulty.Exec {
		return do()
	}
	l.commit()
	if !call.IsCommit() {
		return do()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.started {
		l.started = true
		return do()
	}
	l.pending = do
	time.AfterFunc(20*time.Millisecond, l.commit)
	return nil
}

func (l *lateCommit) commit() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending != nil {
		_ = l.pending()
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
		WrapConnector: planted(plant),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "keyreeve:", err)
		return 1
	}
	return 0
}
