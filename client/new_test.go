package client_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

func TestBaseURLIsTakenWithAndWithoutSlash(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"http://127.0.0.1:8080/v1":       "http://127.0.0.1:8080/v1",
		"http://127.0.0.1:8080/v1/":      "http://127.0.0.1:8080/v1",
		"HTTPS://keys.example.com/a/v1/": "https://keys.example.com/a/v1",
		"https://[::1]:8443/v1":          "https://[::1]:8443/v1",
	} {
		c, err := client.New(raw, testKey)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		} else if got := c.String(); got != "client of "+want {
			t.Errorf("%s: got %q", raw, got)
		}
	}
}

func TestNewRefusesBadArguments(t *testing.T) {
	t.Parallel()
	const good = "https://keys.example.com/v1"
	tests := []struct {
		name, url, key string
		opts           []client.Option
		want           string
	}{
		{"empty URL", "", testKey, nil, "http://"},
		{"no scheme", "keys.example.com/v1", testKey, nil, "http://"},
		{"other scheme", "ftp://keys.example.com/v1", testKey, nil, "http://"},
		{"not a URL", "http://a b/v1", testKey, nil, "not a URL"},
		{"swapped arguments", testKey, good, nil, "http://"},
		{"no host", "http:///v1", testKey, nil, "host"},
		{"only a port", "http://:80/v1", testKey, nil, "host"},
		{"opaque", "http:v1", testKey, nil, "host"},
		{"password", "https://u:hunter2@h/v1", testKey, nil, "password"},
		{"query", "https://h/v1?a=b", testKey, nil, "query"},
		{"empty query", "https://h/v1?", testKey, nil, "query"},
		{"fragment", "https://h/v1#x", testKey, nil, "fragment"},
		{"empty fragment", "https://h/v1#", testKey, nil, "fragment"},
		{"no version", "https://h/api", testKey, nil, "base URL: must end in /v1, is https://h/api"},
		{"no version, but a password", "https://u:hunter2@h", testKey, nil, "password"},
		{"no version, but a query", "https://h/?key=canary", testKey, nil, "query"},
		{"other version", "https://h/v2", testKey, nil, "/v1"},
		{"part of a segment", "https://h/xv1", testKey, nil, "/v1"},
		{"dot segments", "https://h/a/../v1", testKey, nil, "segments"},
		{"empty segments", "https://h//v1", testKey, nil, "segments"},
		{"two slashes at the end", "https://h/v1//", testKey, nil, "/v1"},
		{"escaped slash", "https://h/a%2Fb/v1", testKey, nil, "segments"},
		{"empty key", good, "", nil, "empty"},
		{"key with line break", good, testKey + "\n", nil, "line break"},
		{"key with carriage return", good, "a\rb: c", nil, "line break"},
		{"key with space", good, testKey + " x", nil, "space"},
		{"key not ASCII", good, testKey + "é", nil, "another character"},
		{"nil HTTP client", good, testKey, []client.Option{client.WithHTTPClient(nil)}, "HTTP client"},
		{"negative retries", good, testKey, []client.Option{client.WithMaxRetries(-1)}, "retries"},
		{"negative timeout", good, testKey, []client.Option{client.WithTimeout(-time.Second)}, "timeout"},
		{"empty user agent", good, testKey, []client.Option{client.WithUserAgent("")}, "user agent"},
		{"user agent with line break", good, testKey, []client.Option{client.WithUserAgent("a\nb")}, "user agent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := client.New(tt.url, tt.key, tt.opts...)
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
			for _, secret := range []string{"canary", "hunter2"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("error shows a secret: %v", err)
				}
			}
		})
	}
}

func TestPrintedClientHidesKey(t *testing.T) {
	t.Parallel()
	c, err := client.New("https://keys.example.com/v1", testKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, v := range []any{c, *c, c.AdminAPIKeys, struct{ C *client.Client }{c}} {
			s := fmt.Sprintf(verb, v)
			if strings.Contains(s, "canary") || strings.Contains(s, fmt.Sprintf("%x", testKey)) {
				t.Errorf("%s of %T shows the key: %s", verb, v, s)
			}
		}
	}
}

func TestRequestsCarryKeyAndUserAgent(t *testing.T) {
	t.Parallel()
	got := make(chan http.Header, 1)
	h := func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header
		replies(200, "application/json", listBody)(w, r)
	}
	for name, tt := range map[string]struct {
		opts []client.Option
		want string
	}{
		"default": {nil, "keyreeve-go/"},
		"chosen":  {[]client.Option{client.WithUserAgent("robot/1")}, "robot/1"},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, h, tt.opts...)
			if _, err := c.AdminAPIKeys.List(t.Context(), api.AdminAPIKeyListParams{}); err != nil {
				t.Fatal(err)
			}
			header := <-got
			if a := header.Get("Authorization"); a != "Bearer "+testKey {
				t.Errorf("Authorization: %q", a)
			}
			if ua := header.Get("User-Agent"); !strings.HasPrefix(ua, tt.want) {
				t.Errorf("User-Agent: %q, want %q", ua, tt.want)
			}
			if a := header.Get("Accept"); a != "application/json" {
				t.Errorf("Accept: %q", a)
			}
		})
	}
}

// Only -race can see this fail.
func TestClientIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	c := serve(t, replies(200, "application/json", keyBody))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := c.AdminAPIKeys.Get(t.Context(), "key_1"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
