package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/server"
)

// offsetClock is a wall clock that a test sets. The monotonic one goes on.
type offsetClock struct{ offset atomic.Int64 }

func (c *offsetClock) set(d time.Duration) { c.offset.Store(int64(d)) }
func (c *offsetClock) now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load()))
}

// A clock that is set back while the server is down brings no expired key back:
// the times of the log and of use are its floor.
func TestClockSetBackRevivesNoKey(t *testing.T) {
	t.Parallel()
	for name, leaveTrace := range map[string]func(*testing.T, *running){
		"after a change": func(t *testing.T, s *running) { s.create(t, `{"name":"a later change"}`) },
		"after a use":    func(t *testing.T, s *running) { s.wantStatus(t, s.key, http.StatusOK) },
		"after nothing":  func(*testing.T, *running) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var clock offsetClock
			cfg, log := config(t), &syncBuffer{}
			cfg.Now, cfg.Logger = clock.now, slog.New(slog.NewTextHandler(log, nil))
			first, err := server.Start(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			s := &running{Server: first, url: first.URL(), key: readKey(t, cfg.BootstrapKeyFile), http: newClient(t, &http.Transport{})}
			_, brief := s.create(t, `{"name":"brief","expires_in_seconds":60}`)
			s.wantStatus(t, brief, http.StatusOK)

			clock.set(2 * time.Minute)
			s.wantStatus(t, brief, http.StatusUnauthorized)
			leaveTrace(t, s)
			clock.set(0) // while it runs, that changes nothing
			s.wantStatus(t, brief, http.StatusUnauthorized)
			s.http.CloseIdleConnections()
			if err := first.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}

			again := start(t, cfg)
			again.wantStatus(t, brief, http.StatusUnauthorized)
			again.wantStatus(t, again.key, http.StatusOK)
			if !strings.Contains(log.String(), "the wall clock is behind the database") {
				t.Error("the log does not say that the clock is behind")
			}
			// What is made now counts from the later time too.
			_, late := again.create(t, `{"name":"late","expires_in_seconds":60}`)
			again.wantStatus(t, late, http.StatusOK)
			if _, err := openReadOnly(t, cfg.Database).VerifyLog(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
	}
}
