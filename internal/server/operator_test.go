package server_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestOperatorPages(t *testing.T) {
	t.Parallel()
	s := start(t, config(t))
	s.wantStatus(t, s.key, http.StatusOK)
	s.wantStatus(t, "", http.StatusUnauthorized)
	for _, tc := range []struct {
		method, path string
		status       int
		contentType  string
		body         []string
	}{
		{"GET", "/healthz", 200, "application/json", []string{`{"status":"ok"}`}},
		{"GET", "/readyz", 200, "application/json", []string{`{"status":"ready"}`}},
		{"HEAD", "/readyz", 200, "application/json", nil},
		{"POST", "/readyz", 405, "application/json", []string{"only GET and HEAD"}},
		{"DELETE", "/metrics", 405, "application/json", nil},
		{"GET", "/metrics", 200, "text/plain", []string{
			`keyreeve_http_requests_total{operation="admin-api-keys-list",status="200"} 1`,
			`keyreeve_http_requests_total{operation="admin-api-keys-list",status="401"} 1`,
			`keyreeve_decisions_total{kind="admin",outcome="allowed"} 1`,
			`keyreeve_index_keys 1`, `keyreeve_index_revision 4`, `keyreeve_build_info{version=""} 1`,
		}},
		{"GET", "/healthz/", 404, "application/json", []string{"Invalid URL (GET /healthz/)"}},
		{"GET", "/x", 404, "application/json", []string{"Invalid URL (GET /x)"}},
		{"GET", "/", 200, "text/html", []string{"<h1>Sign in to Keyreeve</h1>"}},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			t.Parallel()
			got := s.do(t, "", tc.method, tc.path, "")
			if got.status != tc.status || !strings.HasPrefix(got.header.Get("Content-Type"), tc.contentType) {
				t.Errorf("%d %s, want %d %s", got.status, got.header.Get("Content-Type"), tc.status, tc.contentType)
			}
			if allow := got.header.Get("Allow"); (tc.status == 405) != (allow == "GET, HEAD") {
				t.Errorf("Allow is %q at status %d", allow, tc.status)
			}
			for _, want := range tc.body {
				if !strings.Contains(got.body, want) {
					t.Errorf("the body lacks %s", want)
				}
			}
			if strings.Contains(got.body, s.key) {
				t.Error("the body holds a key")
			}
		})
	}
}
