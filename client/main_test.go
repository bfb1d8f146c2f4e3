package client_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"

	"github.com/keyreeve/keyreeve/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testKey is searched for in every error and print.
const testKey = "sk-admin-canary0123456789"

// serve returns a client of a server that runs h.
func serve(t *testing.T, h http.HandlerFunc, opts ...client.Option) *client.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	c, err := client.New(srv.URL+"/v1", testKey, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// replies answers every request the same.
func replies(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.Header().Set("X-Request-Id", "req_1")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// A valid body of each kind; the tests of responses spoil them.
const (
	keyBody = `{"object":"organization.admin_api_key","id":"key_1","name":"deploy",` +
		`"redacted_value":"sk-admin...xyz","created_at":1711471533,"expires_at":null,"last_used_at":null,` +
		`"owner":{"type":"user","object":"organization.user","id":"user_1","name":"Ada","created_at":1711471533,"role":"owner"}}`
	listBody    = `{"object":"list","data":[` + keyBody + `],"first_id":"key_1","last_id":"key_1","has_more":false}`
	deletedBody = `{"id":"key_1","object":"organization.admin_api_key.deleted","deleted":true}`
)

// createBody is keyBody with a value.
var createBody = keyBody[:len(keyBody)-1] + `,"value":"sk-admin-secretxyz"}`
