package server_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/server"
	"github.com/keyreeve/keyreeve/internal/sqlstore/faulty"
)

// atCommit puts a test in the place of the first commit.
func atCommit(fn func(commit func() error) error) func(driver.Connector) driver.Connector {
	return faulty.Hook(func(_ context.Context, call faulty.Call, do func() error) error {
		if !call.IsCommit() {
			return do()
		}
		return fn(do)
	}).Wrap
}

func TestFirstKeyIsOnDiskBeforeTheCommit(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.WrapConnector = atCommit(func(commit func() error) error {
		if _, err := os.Stat(cfg.BootstrapKeyFile); err != nil {
			t.Error(err)
		}
		return commit()
	})
	s := start(t, cfg)
	s.wantStatus(t, s.key, http.StatusOK)
}

func TestFailedFirstCommitTakesItsKeyFileAway(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	bad := cfg
	bad.WrapConnector = atCommit(func(func() error) error { return errors.New("the disk is full") })
	if _, err := server.Start(t.Context(), bad); !errors.Is(err, org.ErrUnavailable) {
		t.Fatalf("error is %v", err)
	}
	if _, err := os.Stat(cfg.BootstrapKeyFile); err == nil {
		t.Fatal("there is a file with a key that does not exist")
	}
	s := start(t, cfg)
	s.wantStatus(t, s.key, http.StatusOK)
}

func TestUncertainFirstCommitKeepsItsKeyFile(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	ctx, cancel := context.WithCancel(t.Context())
	interrupted := cfg
	interrupted.WrapConnector = atCommit(func(commit func() error) error {
		cancel()
		time.Sleep(50 * time.Millisecond) // the start gives up
		return commit()
	})
	if _, err := server.Start(ctx, interrupted); !errors.Is(err, org.ErrUncertain) {
		t.Fatalf("error is %v", err)
	}
	s := start(t, cfg) // the commit took place, so the file holds the only key
	s.wantStatus(t, s.key, http.StatusOK)
}

func TestFirstKeyThatCannotBeShown(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.BootstrapKeyFile, cfg.Stdout = "", failingWriter{}
	_, err := server.Start(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "keyreeve recover") {
		t.Errorf("error is %v, want what to do now", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
