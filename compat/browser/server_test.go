package browser

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is a running keyreeve with an empty organization.
type server struct {
	url     string // of the console
	gateway string // of the gateways' listener
	key     string // its first admin key
	log     *output
}

// output is what the server prints, for all to read while it does.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs the built binary on a new database until the test ends.
func start(t *testing.T) server {
	t.Helper()
	return startAt(t, freeAddress(t))
}

// startAt is start at an address, with more flags.
func startAt(t *testing.T, address string, flags ...string) server {
	t.Helper()
	binary, err := filepath.Abs(cmp.Or(os.Getenv("KEYREEVE_BIN"), filepath.Join("..", "..", "bin", "keyreeve")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("no server to test, run make build: %v", err)
	}
	dir, gateway := t.TempDir(), freeAddress(t)
	keyFile := filepath.Join(dir, "admin-key")
	s := server{url: "http://" + address, gateway: "http://" + gateway, log: new(output)}
	cmd := exec.CommandContext(t.Context(), binary, append([]string{
		"serve", "--listen", address, "--gateway-listen", gateway,
		"--database", filepath.Join(dir, "keyreeve.db"), "--bootstrap-key-file", keyFile, "--log-level", "debug",
		"--owner-name", "Ada Lovelace", "--owner-email", "ada@example.com",
	}, flags...)...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // the test's context is done by now
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the server stopped badly: %v", err)
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.log)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); s.status(t, s.url+"/readyz", "") != http.StatusOK; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server is not ready")
		}
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	s.key = strings.TrimSpace(string(key))
	return s
}

// status asks for a URL with a bearer key, and returns 0 where nobody answers.
func (s server) status(t *testing.T, url, key string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// verify is what a gateway is told of a key.
func (s server) verify(t *testing.T, key string) int {
	t.Helper()
	return s.status(t, s.gateway+"/gateway/auth", key)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// created is what is read of something new.
type created struct{ ID, Value string }

// post changes something over the API, and returns what came back.
func (s server) post(t *testing.T, path, body string) (made created) {
	t.Helper()
	s.api(t, http.MethodPost, path, body, &made)
	return made
}

func (s server) userID(t *testing.T, email string) string {
	t.Helper()
	var list struct{ Data []struct{ ID, Email string } }
	s.api(t, http.MethodGet, "/v1/organization/users", "", &list)
	for _, u := range list.Data {
		if u.Email == email {
			return u.ID
		}
	}
	t.Fatalf("no user %s", email)
	return ""
}

func (s server) api(t *testing.T, method, path, body string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %v\n%s", method, path, resp.StatusCode, err, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
