package httpapi

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

// receive reads a request as a server does.
func receive(t *testing.T, method, target string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(method + " " + target + " HTTP/1.1\r\nHost: x\r\n\r\n")))
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	return r
}

func TestCheckPathAccepts(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"/", "/v1", "/v1/organization/admin_api_keys", "/v1/keys/key_1?x=//..%2F", "/v1/keys?",
		"/v1/keys/key%5F1", "/v1/keys/%C3%A4", "/v1/.../..a", "/v1/a%20b", "/v1/%252e%252e", "/v1/a:b@c;d=e,f",
		"http://example.com/v1/keys",
	} {
		if !checkPath(receive(t, http.MethodGet, target)) {
			t.Errorf("%s is refused", target)
		}
	}
}

func TestCheckPathRefuses(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"//", "//v1", "/v1//keys", "/v1/keys/", "/v1/", "/v1/keys//",
		"/.", "/..", "/v1/../v1/keys", "/v1/./keys", "/v1/keys/..", "/v1/keys/.",
		"/v1/%2e%2E/keys", "/v1/%2e/keys", "/v1/.%2e", "/v1/keys/%2E",
		"/v1/keys%2Fkey_1", "/v1/keys%2fkey_1", "/v1/keys/%2F", "/v1/%5C", "/v1/..%5cx",
		"/v1/a%00", "/v1/a%0d%0aX", "/v1/%1b", "/v1/%7F", "/v1/%C2%85",
		"/v1/%FF", "/v1/%C0%AE%C0%AE", "/v1/%ED%A0%80",
		`/v1\keys`, "/v1/keys#x", `/v1/"a%2Fb`, "/v1/<b>", "/v1/ä", "/v1/{id}", "/v1/a|b", "/v1/a[b]",
		"http://example.com", "http://example.com//v1", "*",
	} {
		if r := receive(t, http.MethodGet, target); checkPath(r) {
			t.Errorf("%s is accepted", target)
		}
	}
}

func TestUnknownURLShowsThePathSafely(t *testing.T) {
	t.Parallel()
	const secret = "sk-admin-0123456789abcdefABCDEF"
	for target, want := range map[string]string{
		"/v1/foo":                       "Invalid URL (PATCH /v1/foo)",
		"/v1/foo/?key=" + secret:        "Invalid URL (PATCH /v1/foo/)",
		"/v1/../a%2Fb%0a%00":            "Invalid URL (PATCH /v1/../a%2Fb%0a%00)",
		`/v1/"<ä>`:                      "Invalid URL (PATCH /v1/%22%3C%C3%A4%3E)",
		"/v1/" + secret + "/x":          "Invalid URL (PATCH /v1/sk-admin" + strings.Repeat("*", 19) + "CDEF/x)",
		"/v1/s%6B%2Dadmin" + secret[8:]: "Invalid URL (PATCH /v1/sk-admin" + strings.Repeat("*", 19) + "CDEF)",
		"/" + strings.Repeat("a", 500):  "Invalid URL (PATCH /" + strings.Repeat("a", 199) + "…)",
	} {
		if got := errUnknownURL(receive(t, http.MethodPatch, target)); got.Body.Message != want || got.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s, want %s", target, got.Status, got.Body.Message, want)
		}
	}
}
