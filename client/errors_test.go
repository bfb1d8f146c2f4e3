package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/client"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		header map[string]string
		body   string
		want   client.Error // Operation and RequestID are the same for all
		reads  string
	}{
		{
			name: "API error", status: 404,
			body:  `{"error":{"message":"No such admin API key: 'key_1'.","type":"invalid_request_error","param":null,"code":null}}`,
			want:  client.Error{Type: "invalid_request_error", Message: "No such admin API key: 'key_1'."},
			reads: "get admin API key: No such admin API key: 'key_1'. (404 invalid_request_error, request req_1)",
		},
		{
			name: "with code and param", status: 400,
			body:  `{"error":{"message":"Bad.","type":"invalid_request_error","param":"after","code":"invalid_value"}}`,
			want:  client.Error{Type: "invalid_request_error", Code: "invalid_value", Param: "after", Message: "Bad."},
			reads: "get admin API key: Bad. (400 invalid_value, request req_1)",
		},
		{
			name: "told when to return", status: 429, header: map[string]string{"Retry-After": "7"},
			body:  `{"error":{"message":"Slow down.","type":"invalid_request_error","param":null,"code":"rate_limit_exceeded"}}`,
			want:  client.Error{Type: "invalid_request_error", Code: "rate_limit_exceeded", Message: "Slow down.", RetryAfter: 7 * time.Second},
			reads: "get admin API key: Slow down. (429 rate_limit_exceeded, request req_1)",
		},
		{
			name: "a bare string", status: 403, body: `{"error":"no"}`,
			want:  client.Error{Message: "no"},
			reads: "get admin API key: no (403, request req_1)",
		},
		{
			name: "a proxy's page", status: 502, body: "<html>\r\n<h1>Bad\x1b[31m\tGateway</h1>\xff",
			want:  client.Error{Message: "not an API error, but: <html> <h1>Bad [31m Gateway</h1>\uFFFD"},
			reads: "get admin API key: not an API error, but: <html> <h1>Bad [31m Gateway</h1>\uFFFD (502, request req_1)",
		},
		{
			name: "no body", status: 503, body: "",
			want:  client.Error{Message: "Service Unavailable"},
			reads: "get admin API key: Service Unavailable (503, request req_1)",
		},
		{
			name: "members of the wrong type", status: 400, body: `{"error":{"message":"x","code":7}}`,
			want:  client.Error{Message: `not an API error, but: {"error":{"message":"x","code":7}}`},
			reads: `get admin API key: not an API error, but: {"error":{"message":"x","code":7}} (400, request req_1)`,
		},
		{
			name: "redirect", status: 301, header: map[string]string{"Location": "https://u:p@other.example/v1/x?token=t#f"},
			want:  client.Error{Message: "redirects are not followed; this one points to https://other.example/v1/x"},
			reads: "get admin API key: redirects are not followed; this one points to https://other.example/v1/x (301, request req_1)",
		},
		{
			name: "redirect to nowhere", status: 308,
			want:  client.Error{Message: "Permanent Redirect"},
			reads: "get admin API key: Permanent Redirect (308, request req_1)",
		},
		{
			name: "not modified", status: 304,
			want:  client.Error{Message: "Not Modified"},
			reads: "get admin API key: Not Modified (304, request req_1)",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				for k, v := range tt.header {
					w.Header().Set(k, v)
				}
				replies(tt.status, "", tt.body)(w, r)
			}, client.WithMaxRetries(0))
			err := operations["get"](t.Context(), c)
			got, ok := errors.AsType[*client.Error](err)
			if !ok {
				t.Fatalf("got %v, want an Error", err)
			}
			tt.want.Operation, tt.want.Status, tt.want.RequestID = "get admin API key", tt.status, "req_1"
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if err.Error() != tt.reads {
				t.Errorf("reads %q,\nwant  %q", err, tt.reads)
			}
		})
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for name, call := range operations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			followed := false
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					followed = true
				}
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			}, client.WithHTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}))
			err := call(t.Context(), c)
			if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != http.StatusTemporaryRedirect {
				t.Errorf("got %v", err)
			}
			if followed {
				t.Error("followed")
			}
		})
	}
}

// A careless proxy repeats the request it could not pass on.
func TestEchoedKeyIsRemoved(t *testing.T) {
	t.Parallel()
	quoted := `{"error":{"message":"key ` + testKey + `","type":"` + testKey + `","code":"` + testKey + `","param":"` + testKey + `"}}`
	for name, h := range map[string]http.HandlerFunc{
		"page":       replies(400, "text/plain", strings.Repeat("x", 190)+testKey),
		"API error":  replies(400, "application/json", quoted),
		"status 200": replies(200, "application/json", `{"`+testKey+`":1,"`+testKey+`":2}`),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/"+testKey, http.StatusFound)
		},
		"request id": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", testKey)
			w.WriteHeader(http.StatusBadRequest)
		},
		"broken status line": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = conn.Write([]byte("HTTP/1.1 " + testKey + "\r\n\r\n"))
			_ = conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, h, client.WithMaxRetries(0))
			err := operations["get"](t.Context(), c)
			if err == nil {
				t.Fatal("no error")
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), "canary") {
					t.Errorf("%T shows the key: %v", e, e)
				}
			}
		})
	}
}

func TestEndlessErrorBodyIsCut(t *testing.T) {
	t.Parallel()
	c := serve(t, replies(400, "application/json", `{"error":{"message":"`+strings.Repeat("é", 9<<20)+`"}}`))
	err := operations["get"](t.Context(), c)
	if n := len(err.Error()); n > 5000 {
		t.Errorf("error of %d bytes", n)
	}
}

func TestNoAnswerWrapsItsCause(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	c := serve(t, func(http.ResponseWriter, *http.Request) { <-stop },
		client.WithMaxRetries(0), client.WithTimeout(20*time.Millisecond))
	t.Cleanup(func() { close(stop) }) // before the server waits for its handlers

	err := operations["create"](t.Context(), c)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no complete answer within 20ms") {
		t.Errorf("slow server: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := operations["get"](ctx, c); !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "get admin API key: ") {
		t.Errorf("cancelled: %v", err)
	}
}
