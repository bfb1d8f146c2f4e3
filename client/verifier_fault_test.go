package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// mustFail demands an error, no outcome, and no key in the error.
func mustFail(t *testing.T, found client.Verification, err error, secrets ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, but %+v", found)
	}
	if found != (client.Verification{}) || found.Allowed() {
		t.Errorf("besides the error: %+v", found)
	}
	for ; err != nil; err = errors.Unwrap(err) {
		for _, secret := range secrets {
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, secret) {
				t.Errorf("the error shows a key: %.40s…", strings.ReplaceAll(text, secret, "[KEY]"))
			}
		}
	}
}

func asError(t *testing.T, err error) *client.Error {
	t.Helper()
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		t.Fatalf("not an *Error: %v", err)
	}
	return e
}

const active = `{"active":true,"client_id":"key_1","sub":"user_1","keyreeve_kind":"project","keyreeve_owner_type":"user"}`

func TestTheSmallestActiveAnswer(t *testing.T) {
	t.Parallel()
	if got := outcome(t, verifier(t, replies(200, "application/json", active)), testKey); got != client.Allowed {
		t.Errorf("got %s", got) // or the tests below would show nothing
	}
}

func TestAnAnswerThatIsNotOneIsAnError(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"no body": replies(200, "application/json", ""),
		"no content type": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, active)
		},
		"a login page":            replies(200, "text/html", "<title>Log in</title>"),
		"JSON called text":        replies(200, "text/plain", active),
		"no object":               replies(200, "application/json", "true"),
		"null":                    replies(200, "application/json", "null"),
		"empty object":            replies(200, "application/json", "{}"),
		"active is null":          replies(200, "application/json", `{"active":null}`),
		"active is a string":      replies(200, "application/json", `{"active":"false"}`),
		"Active":                  replies(200, "application/json", strings.Replace(active, "active", "Active", 1)),
		"active twice":            replies(200, "application/json", `{"active":false,`+active[1:]),
		"two answers":             replies(200, "application/json", `{"active":false}`+active),
		"half an answer":          replies(200, "application/json", active[:40]),
		"active alone":            replies(200, "application/json", `{"active":true}`),
		"no key id":               replies(200, "application/json", strings.Replace(active, "key_1", "", 1)),
		"no owner":                replies(200, "application/json", strings.Replace(active, "user_1", "", 1)),
		"no kind":                 replies(200, "application/json", strings.Replace(active, "keyreeve_kind", "x", 1)),
		"no owner type":           replies(200, "application/json", strings.Replace(active, "keyreeve_owner_type", "x", 1)),
		"expiry is 0":             replies(200, "application/json", `{"exp":0,`+active[1:]),
		"expiry is text":          replies(200, "application/json", `{"exp":"never",`+active[1:]),
		"as large as a film":      replies(200, "application/json", active+strings.Repeat(" ", 1<<20)),
		"another good status":     replies(203, "application/json", active),
		"no content":              replies(204, "", ""),
		"refused, though active":  replies(401, "application/json", active),
		"broken, though inactive": replies(500, "application/json", `{"active":false}`),
		"not found":               replies(404, "text/plain", "404 page not found"),
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, active)
		},
		"hung up": func(w http.ResponseWriter, _ *http.Request) { hangUp(w) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := verifier(t, h, client.WithCache(time.Hour))
			for range 2 { // nor does the second time find anything in the cache
				found, err := v.Verify(t.Context(), testKey)
				mustFail(t, found, err, testKey)
			}
		})
	}
}

// TestEchoedKeysAreTakenOut has a server show the whole request wherever an
// answer can.
func TestEchoedKeysAreTakenOut(t *testing.T) {
	t.Parallel()
	g := newGate(false)
	admin := g.add(token.KindAdmin, nil)
	for _, key := range []string{mint(token.KindProject).Reveal(), `junk&with%odd"<characters>=\`} {
		for name, answer := range map[string]func(w http.ResponseWriter, echo string){
			"error body": func(w http.ResponseWriter, echo string) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = fmt.Fprintf(w, `{"error":{"message":%q,"type":%[1]q,"code":%[1]q,"param":%[1]q}}`, echo)
			},
			"text": func(w http.ResponseWriter, echo string) { http.Error(w, echo, http.StatusBadGateway) },
			"request id": func(w http.ResponseWriter, echo string) {
				w.Header().Set("X-Request-Id", echo)
				w.WriteHeader(http.StatusInternalServerError)
			},
			"redirect": func(w http.ResponseWriter, echo string) {
				w.Header().Set("Location", "/x?"+url.QueryEscape(echo))
				w.WriteHeader(http.StatusFound)
			},
			"redirect path": func(w http.ResponseWriter, echo string) {
				w.Header().Set("Location", "/"+url.PathEscape(echo))
				w.WriteHeader(http.StatusFound)
			},
			"member": func(w http.ResponseWriter, echo string) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("X-Request-Id", echo)
				_, _ = fmt.Fprintf(w, `{"active":true,%q:1,%[1]q:2}`, echo)
			},
			"status line": func(w http.ResponseWriter, echo string) {
				if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
					_, _ = io.WriteString(conn, echo+"\r\n\r\n")
					conn.Close()
				}
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				v := verifier(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					form, _ := io.ReadAll(r.Body)
					answer(w, r.Header.Get("Authorization")+" "+string(form)+" "+key)
				}), client.WithAdminKey(admin))
				found, err := v.Verify(t.Context(), key)
				mustFail(t, found, err, admin, key, url.QueryEscape(key))
			})
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Error("the key was carried to another server")
		replies(200, "application/json", active)(w, r)
	}))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		v := verifier(t, http.RedirectHandler(other.URL+"/gateway/introspect", status))
		found, err := v.Verify(t.Context(), testKey)
		mustFail(t, found, err, testKey)
		if e := asError(t, err); e.Status != status {
			t.Errorf("status %d, want %d", e.Status, status)
		}
	}
}

func TestServerThatCannotKnow(t *testing.T) {
	t.Parallel()
	g := newGate(true)
	key := g.add(token.KindProject, nil)
	g.index.Reset()
	found, err := verifier(t, g.handler).Verify(t.Context(), key)
	mustFail(t, found, err, key)
	if e := asError(t, err); e.Status != 503 || e.RetryAfter != time.Second {
		t.Errorf("status %d, retry after %v", e.Status, e.RetryAfter)
	}
}

func TestServerAway(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(newGate(true).handler)
	v := verifierAt(t, srv.URL)
	if got := outcome(t, v, testKey); got != client.Inactive {
		t.Fatalf("got %s", got)
	}
	srv.Close()
	found, err := v.Verify(t.Context(), testKey)
	mustFail(t, found, err, testKey)
}

func TestSlowServer(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{"no answer": "", "half an answer": active[:20]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			v := verifier(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if begin != "" {
					_, _ = io.WriteString(w, begin)
					_ = http.NewResponseController(w).Flush()
				}
				<-release
			}), client.WithTimeout(50*time.Millisecond))
			t.Cleanup(func() { close(release) })

			found, err := v.Verify(t.Context(), testKey)
			mustFail(t, found, err, testKey)
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no complete answer within 50ms") {
				t.Errorf("got %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			found, err = v.Verify(ctx, testKey)
			mustFail(t, found, err, testKey)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestVerifyRefusesUnknownKinds(t *testing.T) {
	t.Parallel()
	g := newGate(true)
	key := g.add(token.KindProject, func(k *verify.KeyAdded) { k.ProjectID = "proj_1" })
	v := verifier(t, g.handler)
	for _, kind := range []client.Kind{"", "Project", "user"} {
		found, err := v.Verify(t.Context(), key, client.KindProject, kind)
		mustFail(t, found, err, key)
		if _, ok := errors.AsType[*client.RequestError](err); !ok {
			t.Errorf("%q: %v", kind, err)
		}
	}
}

func TestNewVerifierRefuses(t *testing.T) {
	t.Parallel()
	const good = "http://127.0.0.1:8081"
	for name, tt := range map[string]struct {
		baseURL string
		opts    []client.VerifierOption
		want    string
	}{
		"nothing":            {"", nil, "base URL: must begin with http"},
		"another scheme":     {"ftp://example.com", nil, "base URL: must begin with http"},
		"no host":            {"http:", nil, "base URL: has no host"},
		"no host, slashes":   {"http://", nil, "base URL: ends in two slashes"},
		"a user":             {"http://a:b@example.com", nil, "base URL: must not contain a user"},
		"a query":            {good + "?a=b", nil, "base URL: must not contain a query"},
		"a fragment":         {good + "#a", nil, "base URL: must not contain a fragment"},
		"dots":               {good + "/a/../b", nil, "base URL: has a path with empty"},
		"the API":            {good + "/v1", nil, "must not end in /v1"},
		"the API, slash":     {good + "/v1/", nil, "must not end in /v1"},
		"no path":            {"unix:", nil, "unix:PATH"},
		"a URL of a socket":  {"unix:///run/x.sock", nil, "unix:PATH"},
		"empty admin key":    {good, opts(client.WithAdminKey("")), "admin key: is empty"},
		"admin key in lines": {good, opts(client.WithAdminKey("a\nb")), "admin key: contains"},
		"cache for no time":  {good, opts(client.WithCache(0)), "more than 0"},
		"negative cache":     {good, opts(client.WithCache(-1)), "more than 0"},
		"retries":            {good, opts(client.WithMaxRetries(2)), "does not retry"},
		"no client":          {good, opts(client.WithHTTPClient(nil)), "HTTP client is nil"},
		"no error function":  {good, opts(client.WithErrorFunc(nil)), "error function is nil"},
		"socket and client":  {"unix:/run/x.sock", opts(client.WithHTTPClient(http.DefaultClient)), "does not go with a unix: address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := client.NewVerifier(tt.baseURL, tt.opts...)
			if v != nil || err == nil || !strings.HasPrefix(err.Error(), "new verifier: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want %q", v, err, tt.want)
			}
		})
	}
	for _, base := range []string{good, good + "/", "https://example.com/keys", "unix:relative.sock"} {
		if _, err := client.NewVerifier(base); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func opts(o ...client.VerifierOption) []client.VerifierOption { return o }
