package httpapi_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/contracttest"
)

// keysPath is where the admin keys are.
const keysPath = "/v1/organization/admin_api_keys"

// request is one as a scenario writes it down.
type request struct {
	method string // GET where empty
	path   string // with its query
	key    string // credentials; empty: the first admin key
	header http.Header
	body   string // sent as application/json unless header says otherwise
}

// answer is what came back, already held to the contract.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request. Whatever it is for, its answer agrees with the contract
// and shows no value that was issued before, nor a digest of one.
func (s *system) do(t *testing.T, r request) answer {
	t.Helper()
	if r.method == "" {
		r.method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, s.server.URL()+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if r.key == "" {
		r.key = s.seed.first.value
	}
	req.Header.Set("Authorization", "Bearer "+r.key)
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range r.header {
		if req.Header[name] = values; values == nil {
			req.Header.Del(name)
		}
	}
	client := http.Client{
		Transport:     contracttest.Transport(t, s.transport),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
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
	a := answer{resp.StatusCode, resp.Header, string(body)}
	s.checkSilence(t, a)
	return a
}

// checkSilence fails the test when an answer tells what was issued before it.
func (s *system) checkSilence(t *testing.T, a answer) {
	t.Helper()
	text := fmt.Sprint(a.header, a.body)
	if s.leaks(text) {
		t.Error("an answer shows the value of a key")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range s.secrets {
		digest := sha256.Sum256([]byte(value))
		for _, form := range []string{
			hex.EncodeToString(digest[:]), base64.StdEncoding.EncodeToString(digest[:]), base64.URLEncoding.EncodeToString(digest[:]),
		} {
			if strings.Contains(text, strings.TrimRight(form, "=")) {
				t.Error("an answer shows the digest of a key")
			}
		}
	}
}

// create makes a key by the API.
func (s *system) create(t *testing.T, body string) (api.AdminAPIKeyCreateResponse, answer) {
	t.Helper()
	a := s.do(t, request{method: http.MethodPost, path: keysPath, body: body})
	key := decode[api.AdminAPIKeyCreateResponse](t, a)
	s.issued(key.Value)
	return key, a
}

// decode reads a 200.
func decode[T any](t *testing.T, a answer) (body T) {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("status %d, want 200: %s", a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatal(err)
	}
	return body
}

// fault is an error of the contract in short. Empty code and param are null.
type fault struct {
	status               int
	code, param, message string
}

// checkFault compares an error to the byte: the order of its members too.
func checkFault(t *testing.T, got answer, want fault) {
	t.Helper()
	quoted := func(s string) string {
		if s == "" {
			return "null"
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	body := fmt.Sprintf(`{"error":{"message":%s,"type":"invalid_request_error","param":%s,"code":%s}}`,
		quoted(want.message), quoted(want.param), quoted(want.code))
	if diff := cmp.Diff(body, got.body); got.status != want.status || diff != "" {
		t.Errorf("status %d, want %d; body (-want +got):\n%s", got.status, want.status, diff)
	}
}

// ids are those of a list.
func ids(t *testing.T, a answer) []string {
	t.Helper()
	var out []string
	for _, key := range decode[api.List[api.AdminAPIKey]](t, a).Data {
		out = append(out, key.ID)
	}
	return out
}

// pages follows a list to its end, as a client does, and returns its ids.
func (s *system) pages(t *testing.T, query string, between func(last string)) []string {
	t.Helper()
	var all []string
	for after := ""; ; {
		a := s.do(t, request{path: keysPath + "?" + query + "&after=" + after})
		page := decode[api.List[api.AdminAPIKey]](t, a)
		got := ids(t, a)
		if len(got) > 0 && (*page.FirstID != got[0] || *page.LastID != got[len(got)-1]) {
			t.Fatalf("first_id and last_id are not those of the page: %s", a.body)
		}
		if slices.Contains(all, after) && len(got) > 0 && got[0] == after {
			t.Fatal("a page begins with its own cursor")
		}
		all = append(all, got...)
		if !page.HasMore {
			return all
		}
		if after = *page.LastID; between != nil {
			between(after)
		}
	}
}

var keyValue = regexp.MustCompile(`sk-[a-z]+-[0-9A-Za-z]{49}`)

// values are all that a body shows of keys and tokens.
func values(body string) []string { return keyValue.FindAllString(body, -1) }

// value is that of a key just created.
func value(t *testing.T, a answer) string {
	t.Helper()
	return decode[api.AdminAPIKeyCreateResponse](t, a).Value
}
