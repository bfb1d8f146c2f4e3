package server_test

import (
	"bufio"
	"context"
	"database/sql/driver"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/server"
	"github.com/keyreeve/keyreeve/internal/sqlstore/faulty"
)

func TestWithoutConsole(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.NoConsole = true
	s := start(t, cfg)
	for _, path := range []string{"/", "/sign-in", "/assets/x"} {
		got := s.do(t, "", "GET", path, "")
		if got.status != 404 || !strings.Contains(got.body, "Invalid URL") {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

// page asks for a page of the console with a session, or sends a form.
func (r *running) page(t *testing.T, session, path string, form url.Values) answer {
	t.Helper()
	method := "GET"
	if form != nil {
		method = "POST"
	}
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", session)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r.send(t, req)
}

// session signs in with a key.
func (r *running) session(t *testing.T, key string) string {
	t.Helper()
	client := *r.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.PostForm(r.url+"/sign-in", url.Values{"key": {key}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	cookie, _, _ := strings.Cut(resp.Header.Get("Set-Cookie"), ";")
	if cookie == "" {
		t.Fatalf("no session: %d", resp.StatusCode)
	}
	return cookie
}

// TestASessionIsOneOnAllReplicas signs in at one replica and works at the others.
func TestASessionIsOneOnAllReplicas(t *testing.T) {
	t.Parallel()
	replicas := startFleet(t, 3)
	one, two, three := replicas[0], replicas[1], replicas[2]
	session := one.session(t, one.key)
	form := url.Values{"name": {"short-lived"}, "expiry": {"7"}, "form": {"x"}}
	made := two.page(t, session, "/admin-keys/new", form)
	value := regexp.MustCompile(`sk-admin-\w+`).FindString(made.body)
	id := regexp.MustCompile(`key_\w+`).FindString(made.body)
	if made.status != http.StatusOK || value == "" {
		t.Fatalf("%d %s", made.status, made.body)
	}
	if again := three.page(t, session, "/admin-keys/new", form); again.status != http.StatusConflict {
		t.Errorf("the same form at another replica: %d", again.status)
	}
	second := three.session(t, value)
	gone := one.page(t, session, "/admin-keys/"+id+"/revoke", url.Values{"typed": {value[len(value)-3:]}})
	if gone.status != http.StatusOK || !regexp.MustCompile(`[1-3]/3`).MatchString(gone.body) {
		t.Errorf("%d %s", gone.status, gone.body)
	}
	for _, r := range replicas {
		if got := r.page(t, second, "/users", nil); !strings.Contains(got.body, "Sign in to Keyreeve") && got.status != http.StatusServiceUnavailable {
			t.Errorf("a session of the revoked key: %d", got.status)
		}
	}
	if got := two.page(t, session, "/", nil); strings.Count(got.body, `<th scope="row">`) != 3 {
		t.Errorf("the overview does not show three replicas:\n%s", got.body)
	}
}

func TestTheConsoleSaysThatStorageIsAway(t *testing.T) {
	t.Parallel()
	var away atomic.Bool
	cfg := config(t)
	cfg.WrapConnector = func(c driver.Connector) driver.Connector {
		return faulty.Hook(func(_ context.Context, _ faulty.Call, do func() error) error {
			if away.Load() {
				return errors.New("gone")
			}
			return do()
		}).Wrap(c)
	}
	s := start(t, cfg)
	session := s.session(t, s.key)
	away.Store(true)
	for _, path := range []string{"/", "/admin-keys", "/activity"} {
		got := s.page(t, session, path, nil)
		if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "The database does not answer") {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	got := s.page(t, "", "/sign-in", url.Values{"key": {s.key}})
	if got.status != http.StatusServiceUnavailable || strings.Contains(got.body, s.key) {
		t.Errorf("sign in: %d %s", got.status, got.body)
	}
	away.Store(false)
	if got := s.page(t, session, "/", nil); got.status != http.StatusOK {
		t.Errorf("after it came back: %d", got.status)
	}
}

// TestStopEndsWhoFollowsTheLog holds that a stop does not wait for streams, which
// end by themselves never.
func TestStopEndsWhoFollowsTheLog(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.ShutdownTimeout = time.Minute
	srv, err := server.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := &running{Server: srv, url: srv.URL(), key: readKey(t, cfg.BootstrapKeyFile), http: newClient(t, &http.Transport{})}
	req := s.request(t, "", "GET", "/activity/live")
	req.Header.Set("Cookie", s.session(t, s.key))
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "data: ") {
		t.Fatalf("%d %q", resp.StatusCode, lines.Text())
	}
	s.do(t, s.key, "POST", keysPath, `{"name":"new"}`)
	first := lines.Text()
	for lines.Scan() && (lines.Text() == "" || lines.Text() == first) {
	}
	if lines.Text() == first {
		t.Error("the stream does not tell of a change")
	}
	if err := srv.Stop(context.Background()); err != nil {
		t.Errorf("stop: %v", err) // it would speak of requests that were cut
	}
}
