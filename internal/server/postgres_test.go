package server_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/server"
)

// Two first starts at the same time: one makes the organization, both serve it.
func TestTwoServersOnePostgres(t *testing.T) {
	t.Parallel()
	cfgs := []server.Config{config(t), config(t)}
	dsn := pgtest.DSN(t)
	servers := make([]*server.Server, 2)
	var wg sync.WaitGroup
	for i := range cfgs {
		cfgs[i].Database = dsn
		wg.Go(func() {
			var err error
			if servers[i], err = server.Start(t.Context(), cfgs[i]); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var key string
	for i, cfg := range cfgs {
		if servers[i] == nil {
			continue
		}
		t.Cleanup(func() {
			if err := servers[i].Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
		if _, err := os.Stat(cfg.BootstrapKeyFile); err == nil {
			if key != "" {
				t.Error("both wrote a first key")
			}
			key = readKey(t, cfg.BootstrapKeyFile)
		}
	}
	for _, s := range servers {
		if s != nil {
			r := &running{Server: s, url: s.URL(), key: key, http: newClient(t, &http.Transport{})}
			r.wantStatus(t, key, http.StatusOK)
		}
	}
}

func TestPostgresAwayAtStart(t *testing.T) {
	t.Parallel()
	pg := pgtest.Start(t, pgtest.Options{})
	cfg := config(t)
	cfg.Database = pg.DSN(t)
	pg.Stop()
	_, err := server.Start(t.Context(), cfg)
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "connect: ") {
		t.Errorf("error is %q, want one line", err)
	}
}

// While PostgreSQL is away nothing is acknowledged and nothing is forgotten.
// When it is back, so is the server, by itself.
func TestPostgresAwayWhileRunning(t *testing.T) {
	t.Parallel()
	pg := pgtest.Start(t, pgtest.Options{Durable: true})
	cfg := config(t)
	cfg.Database = pg.DSN(t)
	s := start(t, cfg)
	revokedID, revoked := s.create(t, `{"name":"revoked before"}`)
	victimID, victim := s.create(t, `{"name":"revoked while away"}`)
	if got := s.do(t, s.key, "DELETE", keysPath+"/"+revokedID, ""); got.status != http.StatusOK {
		t.Fatal(got.status)
	}

	pg.Kill(t)
	for range 3 {
		for _, tc := range []struct {
			key, method, path, body string
			status                  int
			want                    string
		}{
			{s.key, "GET", keysPath, "", 503, `"code":"storage_unavailable"`},
			{s.key, "POST", keysPath, `{"name":"new"}`, 503, `"code":"storage_unavailable"`},
			{s.key, "DELETE", keysPath + "/" + victimID, "", 503, `"code":"storage_unavailable"`},
			{victim, "GET", keysPath, "", 503, `"code":"storage_unavailable"`}, // it is good, and nothing can be read
			{revoked, "GET", keysPath, "", 401, `"code":"invalid_api_key"`},
			{"sk-admin-junk", "GET", keysPath, "", 401, `"code":"invalid_api_key"`},
			{"", "GET", "/readyz", "", 503, "the database does not answer"},
			{"", "GET", "/healthz", "", 200, "ok"},
		} {
			began := time.Now()
			got := s.do(t, tc.key, tc.method, tc.path, tc.body)
			if got.status != tc.status || !strings.Contains(got.body, tc.want) {
				t.Errorf("%s %s: %d %s, want %d %s", tc.method, tc.path, got.status, got.body, tc.status, tc.want)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("%s %s took %v", tc.method, tc.path, took)
			}
		}
	}

	pg.Restart(t)
	back := time.Now()
	for s.do(t, s.key, "POST", keysPath, `{"name":"after"}`).status != http.StatusOK {
		if time.Since(back) > 10*time.Second {
			t.Fatal("changes are still refused")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if took := time.Since(back); took > 2*time.Second {
		t.Errorf("it took %v to serve changes again", took)
	}
	if got := s.do(t, "", "GET", "/readyz", ""); got.status != http.StatusOK {
		t.Errorf("readyz: %d %s", got.status, got.body)
	}
	// The revocation that failed did not take place, and does when repeated.
	s.wantStatus(t, victim, http.StatusOK)
	if got := s.do(t, s.key, "DELETE", keysPath+"/"+victimID, ""); got.status != http.StatusOK {
		t.Errorf("the repeated revocation: %d %s", got.status, got.body)
	}
	s.wantStatus(t, victim, http.StatusUnauthorized)
	s.wantStatus(t, revoked, http.StatusUnauthorized)
	if _, err := openReadOnly(t, cfg.Database).VerifyLog(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
