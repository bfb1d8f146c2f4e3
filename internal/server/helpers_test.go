package server_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/server"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

const keysPath = "/v1/organization/admin_api_keys"

// config is one that starts, on a database of the test's own.
func config(t *testing.T) server.Config {
	t.Helper()
	dir := t.TempDir()
	return server.Config{
		Listen: "127.0.0.1:0", Database: filepath.Join(dir, "keyreeve.db"),
		OwnerName: "Ada", OwnerEmail: "ada@example.com",
		BootstrapKeyFile: filepath.Join(dir, "first-key"),
	}
}

// running is a started server and a client with its first admin key.
type running struct {
	*server.Server
	url  string
	key  string
	http *http.Client
}

// start runs a server until the test ends.
func start(t *testing.T, cfg server.Config) *running {
	t.Helper()
	s, err := server.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	r := &running{Server: s, url: s.URL(), key: readKey(t, cfg.BootstrapKeyFile), http: newClient(t, &http.Transport{})}
	return r
}

func newClient(t *testing.T, transport *http.Transport) *http.Client {
	t.Helper()
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func readKey(t *testing.T, file string) string {
	t.Helper()
	key, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(key))
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request with a key, or without one.
func (r *running) do(t *testing.T, key, method, path, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	return r.send(t, req)
}

// request is a GET or a DELETE for a test to add to.
func (r *running) request(t *testing.T, key, method, path string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	return req
}

func (r *running) send(t *testing.T, req *http.Request) answer {
	t.Helper()
	if req.Method == http.MethodPost && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := r.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

var (
	idMember    = regexp.MustCompile(`"id":"(key_\w{26})"`)
	valueMember = regexp.MustCompile(`"value":"(sk-admin-\w+)"`)
)

// create makes an admin key by a JSON body and returns its id and value.
func (r *running) create(t *testing.T, body string) (id, value string) {
	t.Helper()
	return created(t, r.do(t, r.key, "POST", keysPath, body))
}

func created(t *testing.T, got answer) (id, value string) {
	t.Helper()
	gotID, gotValue := idMember.FindStringSubmatch(got.body), valueMember.FindStringSubmatch(got.body)
	if got.status != http.StatusOK || gotID == nil || gotValue == nil {
		t.Fatalf("create: status %d", got.status)
	}
	return gotID[1], gotValue[1]
}

// member finds a part of an answer by a pattern with one group.
func (r *running) member(t *testing.T, pattern string, of answer) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(of.body)
	if of.status != http.StatusOK || found == nil {
		t.Fatalf("%d %s has no %s", of.status, of.body, pattern)
	}
	return found[1]
}

// wantStatus checks what a key is answered.
func (r *running) wantStatus(t *testing.T, key string, want int) {
	t.Helper()
	if got := r.do(t, key, "GET", keysPath, ""); got.status != want {
		t.Errorf("status %d, want %d: %s", got.status, want, got.body)
	}
}

// events returns the log as it is stored.
func events(t *testing.T, database string) []org.StoredEvent {
	t.Helper()
	store := openReadOnly(t, database)
	var all []org.StoredEvent
	for e, err := range store.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func openReadOnly(t *testing.T, database string) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: database, Access: sqlstore.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// syncBuffer is a log that a test reads while the server writes it.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
