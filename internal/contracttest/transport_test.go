package contracttest_test

import (
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/contracttest"
)

// everyHeader are the headers of a good response.
var everyHeader = http.Header{
	"Content-Type":           {"application/json"},
	"X-Request-Id":           {"req_0123456789abcdef0123456789abcdef"},
	"X-Content-Type-Options": {"nosniff"},
	"Cache-Control":          {"no-store"},
	"Openai-Version":         {"2020-10-01"},
	"Openai-Organization":    {"org-01"},
	"Openai-Processing-Ms":   {"3"},
}

func TestHeadersAgainstTheContractAreCaught(t *testing.T) {
	t.Parallel()
	check := func(status int, change func(http.Header), want string) {
		t.Helper()
		header := maps.Clone(everyHeader)
		change(header)
		got := &recorder{TB: t}
		contracttest.ValidateHeaders(got, status, header)
		got.expect(t, want)
	}
	check(200, func(http.Header) {}, "")
	for name := range everyHeader {
		if name != "Content-Type" { // ValidateResponse's
			check(200, func(h http.Header) { h.Del(name) }, name)
			check(200, func(h http.Header) { h[name] = []string{"a", "b"} }, name)
		}
	}
	check(401, func(http.Header) {}, "Openai-Organization")
	check(401, func(h http.Header) {
		maps.DeleteFunc(h, func(name string, _ []string) bool { return strings.HasPrefix(name, "Openai-") })
	}, "")
}

// roundTripper answers every request alike.
type roundTripper func() *http.Response

func (f roundTripper) RoundTrip(*http.Request) (*http.Response, error) { return f(), nil }

func TestTransportChecksTheAPIAndHandsTheBodyOn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, url, body, want string }{
		{"good", "http://k.test" + keyPath + "?x=1", goodKey, ""},
		{"bad", "http://k.test" + keyPath, newKey, "'value' not allowed"},
		{"another path", "http://k.test/metrics", "up 1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := &recorder{TB: t}
			client := http.Client{Transport: contracttest.Transport(got, roundTripper(func() *http.Response {
				return &http.Response{StatusCode: http.StatusOK, Header: everyHeader, Body: io.NopCloser(strings.NewReader(tt.body))}
			}))}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.url, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.body, string(body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			got.expect(t, tt.want)
		})
	}
}
