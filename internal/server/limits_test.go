package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/server"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/token"
)

// addProjectKey makes a key of the Default project behind the server's back.
func addProjectKey(t *testing.T, database string) (value, project string) {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: database})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	projects, err := store.Projects(t.Context(), org.ProjectPage{Page: org.Page{Limit: 1}})
	if err != nil || len(projects) == 0 {
		t.Fatalf("%d projects, %v", len(projects), err)
	}
	users, err := store.Users(t.Context(), org.UserPage{Page: org.Page{Limit: 1}})
	if err != nil || len(users) == 0 {
		t.Fatalf("%d users, %v", len(users), err)
	}
	secret, err := token.Mint(token.KindProject, strings.NewReader(strings.Repeat("not very random", 20)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Update(t.Context(), func(tx org.Tx) error {
		id, err := tx.NewID(org.PrefixKey)
		if err != nil {
			return err
		}
		key := org.Key{
			ID: id.String(), Kind: org.KindProject, Name: "models", Digest: secret.Digest(), Redacted: secret.Redacted(),
			CreatedAt: tx.Now(), OwnerType: org.OwnerUser, OwnerID: users[0].ID, ProjectID: projects[0].ID,
		}
		tx.Emit(org.Event{Type: org.EventAPIKeyCreated, Effects: []org.Effect{org.KeyAdded{
			ID: key.ID, Kind: key.Kind, Digest: key.Digest, OwnerType: key.OwnerType, OwnerID: key.OwnerID, ProjectID: key.ProjectID,
		}}})
		return tx.InsertKey(key)
	})
	if err != nil {
		t.Fatal(err)
	}
	return secret.Reveal(), projects[0].ID
}

// gatewayAsks asks as a gateway does, and returns how many of so many requests
// are let through.
func (r *running) gatewayAsks(t *testing.T, key, model string, requests int) (let int) {
	t.Helper()
	for range requests {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/gateway/auth?model="+model, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Api-Key", key)
		switch got := r.send(t, req); got.status {
		case http.StatusOK:
			let++
		case http.StatusTooManyRequests:
		default:
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	return let
}

// TestReplicasShareALimit asks each of three replicas. A limit that is set at one
// of them holds at all.
func TestReplicasShareALimit(t *testing.T) {
	t.Parallel()
	replicas := startFleet(t, 3)
	key, project := addProjectKey(t, replicas[0].Config().Database)
	path := "/v1/organization/projects/" + project + "/rate_limits/rl-gpt-4o"
	if got := replicas[0].do(t, replicas[0].key, "POST", path, `{"max_requests_per_1_minute":9}`); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for _, r := range replicas {
		r.awaitReplicas(t, 3)
	}
	time.Sleep(2 * server.ShareInterval) // until the limits were told
	for i, r := range replicas {
		// A tenth of a minute gives one more back.
		if let := r.gatewayAsks(t, key, "gpt-4o", 10); let < 3 || let > 4 {
			t.Errorf("replica %d let %d through, want its third of 9", i, let)
		}
	}
}

// awaitReplicas waits until a server knows of so many.
func (r *running) awaitReplicas(t *testing.T, n int) {
	t.Helper()
	want := fmt.Sprintf("\nkeyreeve_replicas %d\n", n)
	for range 200 {
		if strings.Contains(r.do(t, "", "GET", "/metrics", "").body, want) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the server does not count %d replicas", n)
}

func TestCatalogueOfTheOperator(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.Catalogue = filepath.Join(t.TempDir(), "models.json")
	write := func(text string) {
		if err := os.WriteFile(cfg.Catalogue, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("{\n\"models\": 1}")
	_, err := server.Start(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "--catalogue: "+cfg.Catalogue+": line 2: expected an array of models") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(cfg.BootstrapKeyFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a first key was made: %v", err)
	}
	write(`{"models": [{"model": "own", "max_requests_per_1_minute": 2, "max_tokens_per_1_minute": 1}], "others": {"max_requests_per_1_day": 3}}`)
	r := start(t, cfg)
	stopped := r.Config().Database
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	key, project := addProjectKey(t, stopped)
	r = start(t, cfg)
	list := r.do(t, r.key, "GET", "/v1/organization/projects/"+project+"/rate_limits", "")
	if !strings.Contains(list.body, `"id":"rl-own","model":"own","max_requests_per_1_minute":2,"max_tokens_per_1_minute":1}`) {
		t.Errorf("%d %s", list.status, list.body)
	}
	got := []int{r.gatewayAsks(t, key, "own", 3), r.gatewayAsks(t, key, "a", 2), r.gatewayAsks(t, key, "b", 3), r.gatewayAsks(t, key, "", 9)}
	if got[0] != 2 || got[1] != 2 || got[2] != 1 || got[3] != 9 {
		t.Errorf("%v let through, want [2 2 1 9]", got)
	}
}
