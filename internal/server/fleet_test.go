package server_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/server"
)

// startFleet runs servers on one database, with one key for all.
func startFleet(t *testing.T, n int, cfgs ...func(int, *server.Config)) []*running {
	t.Helper()
	var all []*running
	dsn, keyFile := pgtest.DSN(t), ""
	for i := range n {
		cfg := config(t)
		cfg.Database = dsn
		for _, f := range cfgs {
			f(i, &cfg)
		}
		if keyFile == "" {
			keyFile = cfg.BootstrapKeyFile
		}
		cfg.BootstrapKeyFile = keyFile
		all = append(all, start(t, cfg))
	}
	return all
}

// TestChangesAreInForceOnAllReplicasWhenAnswered goes round the replicas: one
// makes a key, another revokes it, and the others are asked at once.
func TestChangesAreInForceOnAllReplicasWhenAnswered(t *testing.T) {
	t.Parallel()
	replicas := startFleet(t, 3)
	for i := range 30 {
		maker, revoker := replicas[i%3], replicas[(i+1)%3]
		made := maker.do(t, maker.key, "POST", keysPath, `{"name":"short-lived"}`)
		if got := made.header.Get("Keyreeve-Confirmed"); got != "3/3" {
			t.Errorf("creation confirmed by %q", got)
		}
		id, key := created(t, made)
		for _, r := range replicas {
			r.wantStatus(t, key, http.StatusOK)
		}
		gone := revoker.do(t, revoker.key, "DELETE", keysPath+"/"+id, "")
		if got := gone.header.Get("Keyreeve-Confirmed"); gone.status != http.StatusOK || got != "3/3" {
			t.Errorf("deletion: %d %s, confirmed by %q", gone.status, gone.body, got)
		}
		for _, r := range replicas {
			r.wantStatus(t, key, http.StatusUnauthorized)
		}
		if again := maker.do(t, maker.key, "DELETE", keysPath+"/"+id, ""); again.status != http.StatusNotFound {
			t.Errorf("deleted again: %d", again.status)
		}
	}
}

func TestReadYourWritesAnywhere(t *testing.T) {
	t.Parallel()
	replicas := startFleet(t, 2)
	revision := func(a answer) string { return a.header.Get("Keyreeve-Revision") }
	made := replicas[0].do(t, replicas[0].key, "POST", keysPath, `{"name":"new"}`)
	_, key := created(t, made)
	next, _ := strconv.Atoi(revision(made))
	for _, test := range []struct {
		name, path, atLeast string
		want                int
		says                string
	}{
		{"applied", keysPath, revision(made), http.StatusOK, ""},
		{"applied, at the gateway", "/gateway/auth", revision(made), http.StatusOK, ""},
		{"in the future", keysPath, strconv.Itoa(next + 1000), http.StatusServiceUnavailable, "revision_not_applied"},
		{"in the future, at the gateway", "/gateway/auth", strconv.Itoa(next + 1000), http.StatusServiceUnavailable, "revision_not_applied"},
		{"a word", keysPath, "latest", http.StatusBadRequest, "Keyreeve-At-Least"},
		{"a word, at the gateway", "/gateway/auth", "latest", http.StatusBadRequest, "Keyreeve-At-Least"},
		{"empty", keysPath, "", http.StatusBadRequest, "Keyreeve-At-Least"},
		{"signed", keysPath, "+1", http.StatusBadRequest, "Keyreeve-At-Least"},
		{"more than there can be", keysPath, "99999999999999999999", http.StatusBadRequest, "Keyreeve-At-Least"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := replicas[1]
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+test.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+key)
			req.Header["Keyreeve-At-Least"] = []string{test.atLeast}
			got := r.send(t, req)
			if got.status != test.want || !strings.Contains(got.body, test.says) {
				t.Errorf("%d %s, want %d and %q", got.status, got.body, test.want, test.says)
			}
		})
	}
}

func TestReplicaWithOtherTermsIsRefused(t *testing.T) {
	t.Parallel()
	first := startFleet(t, 1)[0]
	cfg := config(t)
	cfg.Database, cfg.Lease = first.Config().Database, 3*time.Second
	_, err := server.Start(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "--lease 2s --stale refuse, this one has --lease 3s --stale refuse") {
		t.Fatalf("error is %v", err)
	}
	if err := first.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	cfg.BootstrapKeyFile = first.Config().BootstrapKeyFile
	again := start(t, cfg)
	again.wantStatus(t, again.key, http.StatusOK)
}
