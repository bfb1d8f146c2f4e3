package modeltest

import (
	"bytes"
	"context"
	"database/sql/driver"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/internal/server"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// world is a server with its gateways' listener, and somebody who may do all.
// One serves many organizations of the model, which do not meet.
type world struct {
	config server.Config
	server *server.Server
	ahead  atomic.Int64 // of the server's clock, in seconds
	key    string       // an admin key of the first owner, outside the model
	http   *http.Client
	people atomic.Int64 // who came so far
}

// newWorld starts a server on an empty database. wrap, which may be nil, puts
// faults between the two.
func newWorld(t *testing.T, database string, wrap func(driver.Connector) driver.Connector) *world {
	t.Helper()
	keyFile := filepath.Join(t.TempDir(), "key")
	w := &world{http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}}
	w.config = server.Config{
		Listen: "127.0.0.1:0", GatewayListen: "127.0.0.1:0", Database: database, NoConsole: true,
		OwnerName: "Owner", OwnerEmail: "owner@example.com", BootstrapKeyFile: keyFile, WrapConnector: wrap,
		// Short, so that a replica soon has a new lease when the clock was put forward.
		Lease: 400 * time.Millisecond,
		Now:   func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load()) * time.Second) },
	}
	w.start(t)
	t.Cleanup(func() { w.stop(t) })
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	w.key = strings.TrimSpace(string(key))
	return w
}

// failer is a test, or one of its checks.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func (w *world) start(t failer) {
	t.Helper()
	s, err := server.Start(context.Background(), w.config)
	if err != nil {
		t.Fatal(err)
	}
	w.server = s
}

func (w *world) stop(t failer) {
	t.Helper()
	w.http.CloseIdleConnections()
	if err := w.server.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// now is the Unix second by the server's clock.
func (w *world) now() int64 { return time.Now().Unix() + w.ahead.Load() }

// wait puts the clock forward. A replica's lease ends with it: until it has a
// new one, it answers nobody.
func (w *world) wait(d time.Duration) { w.ahead.Add(int64(d.Seconds())) }

// present asks whether a key is good, as a gateway does.
func (w *world) present(t failer, key string) (status int, header http.Header) {
	t.Helper()
	status, header, _ = w.send(t, "http://"+w.server.GatewayAddr()+"/gateway/auth", http.MethodGet, key, nil)
	return status, header
}

// ask sends a request to the API.
func (w *world) ask(t failer, method, path, key string, body any) (status int, answer []byte) {
	t.Helper()
	status, _, answer = w.send(t, w.server.URL()+"/v1/organization"+path, method, key, body)
	return status, answer
}

// send asks again where the server cannot tell: not to answer is no answer that
// could be wrong. Nothing was changed then.
func (w *world) send(t failer, url, method, key string, body any) (status int, header http.Header, answer []byte) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		status, header, answer = w.sendOnce(t, url, method, key, body)
		if status != http.StatusServiceUnavailable || header.Get("X-Should-Retry") == "false" || time.Now().After(end) {
			return status, header, answer
		}
	}
}

func (w *world) sendOnce(t failer, url, method, key string, body any) (int, http.Header, []byte) {
	t.Helper()
	var text []byte
	var err error
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := w.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, answer
}

// verifyLog stops the server and compares all rows with the log.
func (w *world) verifyLog(t *testing.T) {
	t.Helper()
	w.stop(t)
	defer w.start(t) // for the end of the test
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: w.config.Database, Access: sqlstore.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.VerifyLog(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
