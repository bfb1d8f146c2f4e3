package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
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
// makes a key, another revokes it, and the others are asked at once. A machine
// that is very busy may have one confirm late, or answer 503.
func TestChangesAreInForceOnAllReplicasWhenAnswered(t *testing.T) {
	t.Parallel()
	replicas := startFleet(t, 3)
	confirmed := 0
	for i := range 30 {
		maker, revoker := replicas[i%3], replicas[(i+1)%3]
		made := maker.do(t, maker.key, "POST", keysPath, `{"name":"short-lived"}`)
		if made.header.Get("Keyreeve-Confirmed") == "3/3" {
			confirmed++
		}
		id, key := created(t, made)
		for _, r := range replicas {
			req := r.request(t, key, "GET", keysPath)
			req.Header.Set("Keyreeve-At-Least", made.header.Get("Keyreeve-Revision"))
			if got := r.send(t, req); got.status != http.StatusOK && got.status != http.StatusServiceUnavailable {
				t.Errorf("the new key: %d %s", got.status, got.body)
			}
		}
		gone := revoker.do(t, revoker.key, "DELETE", keysPath+"/"+id, "")
		if got := gone.header.Get("Keyreeve-Confirmed"); gone.status != http.StatusOK || !strings.HasSuffix(got, "/3") {
			t.Errorf("deletion: %d %s, confirmed by %q", gone.status, gone.body, got)
		}
		for _, r := range replicas {
			if got := r.do(t, key, "GET", keysPath, ""); got.status != http.StatusUnauthorized && got.status != http.StatusServiceUnavailable {
				t.Errorf("the revoked key: %d %s", got.status, got.body)
			}
		}
		if again := maker.do(t, maker.key, "DELETE", keysPath+"/"+id, ""); again.status != http.StatusNotFound {
			t.Errorf("deleted again: %d", again.status)
		}
	}
	if confirmed == 0 {
		t.Error("no creation was confirmed by all")
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

// startCut runs two servers, of which the second reaches the database through a
// network that can fail.
func startCut(t *testing.T, cfgs ...func(int, *server.Config)) (whole, cut *running, network *pgtest.Proxy) {
	t.Helper()
	through := func(i int, cfg *server.Config) {
		if i == 1 {
			network = pgtest.NewProxy(t, cfg.Database)
			cfg.Database = network.DSN()
		}
	}
	all := startFleet(t, 2, append(cfgs, through)...)
	return all[0], all[1], network
}

// TestReplicaThatIsCutOffStopsAnsweringInTime: a key is revoked elsewhere while a
// replica cannot hear of it. From the answer on that replica accepts it no more,
// whether its connections are reset or nothing comes through them.
func TestReplicaThatIsCutOffStopsAnsweringInTime(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*pgtest.Proxy){"reset": (*pgtest.Proxy).Cut, "silent": (*pgtest.Proxy).Hold} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole, cut, network := startCut(t)
			id, key := whole.create(t, `{"name":"short-lived"}`)
			cut.wantStatus(t, key, http.StatusOK)
			fault(network)
			ask := func(key string) int { return cut.do(t, key, "GET", "/gateway/auth", "").status }
			if got := ask(key); got != http.StatusOK {
				t.Errorf("within its lease: %d", got)
			}
			gone := whole.do(t, whole.key, "DELETE", keysPath+"/"+id, "")
			if got := gone.header.Get("Keyreeve-Confirmed"); gone.status != http.StatusOK || got != "1/2" {
				t.Errorf("deletion: %d, confirmed by %q", gone.status, got)
			}
			for _, key := range []string{key, cut.key} {
				if got := ask(key); got != http.StatusServiceUnavailable {
					t.Errorf("after the deletion was answered: %d, want 503", got)
				}
			}
			if got := cut.do(t, "", "GET", "/readyz", ""); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "the lease is over") {
				t.Errorf("readyz: %d %s", got.status, got.body)
			}
			network.Heal()
			back := time.Now()
			for ask(cut.key) != http.StatusOK {
				if time.Since(back) > 10*time.Second {
					t.Fatal("it does not come back")
				}
				time.Sleep(20 * time.Millisecond)
			}
			if got := ask(key); got != http.StatusUnauthorized {
				t.Errorf("the revoked key, when it is back: %d", got)
			}
			cut.create(t, `{"name":"after"}`)
		})
	}
}

// TestRefusalOfWhatIsOverWaits: a project is archived, and while that waits for a
// replica that is cut off, somebody else is told that the project is archived.
// Whoever is told so takes its keys for ended.
func TestRefusalOfWhatIsOverWaits(t *testing.T) {
	t.Parallel()
	whole, cut, network := startCut(t)
	projectPath := "/v1/organization/projects/" + whole.member(t, `"id":"(proj_\w{26})"`,
		whole.do(t, whole.key, "POST", "/v1/organization/projects", `{"name":"over"}`))
	account := whole.do(t, whole.key, "POST", projectPath+"/service_accounts", `{"name":"robot"}`)
	id, key := whole.member(t, idMember.String(), account), whole.member(t, `"value":"(sk-svcacct-\w+)"`, account)
	cut.do(t, cut.key, "GET", projectPath, "") // has a lease
	network.Hold()
	var archived sync.WaitGroup
	archived.Go(func() {
		if got := whole.do(t, whole.key, "POST", projectPath+"/archive", ""); got.status != http.StatusOK {
			t.Errorf("archive: %d %s", got.status, got.body)
		}
	})
	for strings.Contains(whole.do(t, whole.key, "GET", projectPath, "").body, `"status":"active"`) {
		time.Sleep(time.Millisecond)
	}
	refused := whole.do(t, whole.key, "DELETE", projectPath+"/api_keys/"+id, "")
	if got := cut.do(t, key, "GET", "/gateway/auth", ""); got.status != http.StatusServiceUnavailable {
		t.Errorf("after %d %s the key is answered %d, want 503", refused.status, refused.body, got.status)
	}
	archived.Wait()
}

// TestKeysOfARemovedOwnerLeaveMemory on every replica: what a gateway is told of
// them is the same from then on as after a restart.
func TestKeysOfARemovedOwnerLeaveMemory(t *testing.T) {
	t.Parallel()
	replicas := startFleet(t, 2)
	projectPath := "/v1/organization/projects/" + replicas[0].member(t, `"id":"(proj_\w{26})"`,
		replicas[0].do(t, replicas[0].key, "POST", "/v1/organization/projects", `{"name":"short"}`))
	account := replicas[0].member(t, `"id":"(sa_\w{26})"`, replicas[0].do(t, replicas[0].key, "POST", projectPath+"/service_accounts", `{"name":"robot"}`))
	if got := replicas[1].do(t, replicas[1].key, "DELETE", projectPath+"/service_accounts/"+account, ""); got.status != http.StatusOK {
		t.Fatalf("delete: %d %s", got.status, got.body)
	}
	for i, r := range replicas {
		for end := time.Now().Add(10 * time.Second); !strings.Contains(r.do(t, "", "GET", "/metrics", "").body, "keyreeve_index_keys 1\n"); {
			if time.Now().After(end) {
				t.Fatalf("replica %d still has keys of an owner that was removed", i)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// TestGraceIsSaid: with --stale allow a replica goes on for a while and marks its
// answers, and a revocation waits for that as well.
func TestGraceIsSaid(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	whole, cut, network := startCut(t, func(i int, cfg *server.Config) {
		cfg.Lease, cfg.Grace = 500*time.Millisecond, 3*time.Second
		if i == 1 {
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		}
	})
	id, key := whole.create(t, `{"name":"short-lived"}`)
	network.Cut()
	for _, path := range []string{"/gateway/auth", keysPath + "/none"} {
		end := time.Now().Add(3 * time.Second)
		for cut.do(t, key, "GET", path, "").header.Get("Keyreeve-Stale") != "grace" {
			if time.Now().After(end) {
				t.Fatalf("%s: no answer was marked", path)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	if got := cut.do(t, "", "GET", "/metrics", "").body; strings.Contains(got, "keyreeve_stale_decisions_total 0\n") {
		t.Error("no decision was counted as stale")
	}
	if gone := whole.do(t, whole.key, "DELETE", keysPath+"/"+id, ""); gone.status != http.StatusOK {
		t.Errorf("deletion: %d %s", gone.status, gone.body)
	}
	if got := cut.do(t, key, "GET", "/gateway/auth", ""); got.status != http.StatusServiceUnavailable {
		t.Errorf("after the deletion was answered: %d", got.status)
	}
	if !strings.Contains(log.String(), "in its grace") {
		t.Errorf("the log does not say so:\n%s", log.String())
	}
}

// TestChangesWhilePostgresIsSilent: it neither answers nor refuses. Changes are
// told so in a second, and served when it is back.
func TestChangesWhilePostgresIsSilent(t *testing.T) {
	t.Parallel()
	_, cut, network := startCut(t)
	id, _ := cut.create(t, `{"name":"short-lived"}`)
	network.Hold()
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			method, path, body := "POST", keysPath, `{"name":"new"}`
			if i%2 == 0 {
				method, path, body = "DELETE", keysPath+"/"+id, ""
			}
			began := time.Now()
			got := cut.do(t, cut.key, method, path, body)
			if took := time.Since(began); got.status != http.StatusServiceUnavailable || took > 1500*time.Millisecond {
				t.Errorf("%s: %d after %v", method, got.status, took)
			}
		})
	}
	clients.Wait()
	network.Heal()
	for back := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if got := cut.do(t, cut.key, "DELETE", keysPath+"/"+id, ""); got.status == http.StatusOK || got.status == http.StatusNotFound {
			return
		}
		if time.Since(back) > 10*time.Second {
			t.Fatal("changes are still refused")
		}
	}
}
