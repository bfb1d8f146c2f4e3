package compat

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is a running keyreeve with an empty organization.
type server struct {
	url string // with the prefix /v1, as every SDK's base URL has it
	key string // its first admin key
}

// start runs the built binary on a new database until the test ends.
func start(t *testing.T) server {
	t.Helper()
	binary, err := filepath.Abs(cmp.Or(os.Getenv("KEYREEVE_BIN"), filepath.Join("..", "bin", "keyreeve")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("no server to test, run make build: %v", err)
	}
	dir, address := t.TempDir(), freeAddress(t)
	keyFile := filepath.Join(dir, "admin-key")

	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, "serve", "--listen", address,
		"--database", filepath.Join(dir, "keyreeve.db"), "--bootstrap-key-file", keyFile)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // the test's context is done by now
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the server stopped badly: %v\n%s", err, &log)
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", &log)
		}
	})
	waitReady(t, "http://"+address+"/readyz")
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return server{url: "http://" + address + "/v1", key: strings.TrimSpace(string(key))}
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

func waitReady(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server is not ready: %v", err)
		}
	}
}

// run executes a client written in another language, which reads the server's
// address from its environment, and fails with what it printed.
func (s server) run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "KEYREEVE_URL="+s.url, "KEYREEVE_ADMIN_KEY="+s.key)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", program, err, out)
		return
	}
	t.Logf("%s", out)
}

// require ends the test unless the check succeeds: a laptop may lack the
// client's language, CI may not.
func require(t *testing.T, what string, check ...string) {
	t.Helper()
	err := exec.CommandContext(t.Context(), check[0], check[1:]...).Run()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is required in CI: %v", what, err)
	default:
		t.Skipf("skipped without %s: %v", what, err)
	}
}
