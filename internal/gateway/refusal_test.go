package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/apierror"
	"github.com/keyreeve/keyreeve/internal/gateway"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// ours are the headers of an answer that this package is answerable for.
var ours = []string{
	"Allow", "Cache-Control", "Content-Type", "Retry-After", "Www-Authenticate", "X-Content-Type-Options",
	"X-Keyreeve-Reason", "X-Keyreeve-Key-Id", "X-Keyreeve-Owner-Id", "X-Keyreeve-Owner-Type", "X-Keyreeve-Project-Id",
	"X-Keyreeve-Kind", "X-Keyreeve-Expires-At", "X-Envoy-Auth-Headers-To-Remove", "Server",
}

func oursOf(h http.Header) map[string]string {
	out := map[string]string{}
	for _, name := range ours {
		if values := h.Values(name); len(values) > 0 {
			out[name] = strings.Join(values, " | ")
		}
	}
	return out
}

const (
	missingBody    = `{"error":{"message":"Missing bearer authentication in header","type":"invalid_request_error","param":null,"code":null}}`
	ambiguousBody  = `{"error":{"message":"More than one API key was sent. Send one key, in one header.","type":"invalid_request_error","param":null,"code":null}}`
	incorrectBody  = `{"error":{"message":"Incorrect API key provided: {masked}. It is unknown, revoked or expired: use another key, or ask an owner of this organization for one.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`
	wrongKindBody  = `{"error":{"message":"You have insufficient permissions for this operation. This API key is good, but not of a kind that may be used here.","type":"invalid_request_error","param":null,"code":null}}`
	staleBody      = `{"error":{"message":"The storage of this server is not available at the moment. Nothing was changed; please try again.","type":"server_error","param":null,"code":"storage_unavailable"}}`
	unknownURLBody = `{"error":{"message":"Invalid URL. This listener answers /gateway/auth, /gateway/introspect and /gateway/ext_authz/.","type":"invalid_request_error","param":null,"code":null}}`
	badQueryBody   = `{"error":{"message":"Invalid query: kind may stand in it once, as admin, project or service_account, or several of these with commas between.","type":"invalid_request_error","param":"kind","code":"invalid_value"}}`
	badPathBody    = `{"error":{"message":"Invalid path: behind /gateway/ext_authz/ it needs the kinds of keys, or any, and the original path.","type":"invalid_request_error","param":"kind","code":"invalid_value"}}`
	methodBody     = `{"error":{"message":"Invalid method for URL. Expected POST /gateway/introspect.","type":"invalid_request_error","param":null,"code":null}}`
)

// refusalHeader is the header of a refusal, with pairs of further ones.
func refusalHeader(reason string, more ...string) map[string]string {
	h := map[string]string{
		"Cache-Control": "no-store", "Content-Type": "application/json",
		"X-Content-Type-Options": "nosniff", "X-Keyreeve-Reason": reason,
	}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = more[i+1]
	}
	return h
}

// TestAnswers has each answer in full, by both adapters.
func TestAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	servers := both(t, f, false)
	const challenge, invalid = `Bearer realm="keyreeve"`, `Bearer realm="keyreeve", error="invalid_token"`
	for _, test := range []struct {
		name, request string
		status        int
		header        map[string]string
		body          string
	}{
		{
			"admin key", "GET /gateway/auth|Authorization: Bearer {admin}", 200, map[string]string{
				"Cache-Control": "no-store", "X-Keyreeve-Key-Id": adminID, "X-Keyreeve-Owner-Id": "user_owner",
				"X-Keyreeve-Owner-Type": "user", "X-Keyreeve-Kind": "admin", "X-Keyreeve-Project-Id": "", "X-Keyreeve-Expires-At": "",
			}, "",
		},
		{
			"project key", "POST /gateway/auth?kind=project|X-Api-Key: {project}", 200, map[string]string{
				"Cache-Control": "no-store", "X-Keyreeve-Key-Id": projectID, "X-Keyreeve-Owner-Id": "user_reader",
				"X-Keyreeve-Owner-Type": "user", "X-Keyreeve-Project-Id": "proj_1", "X-Keyreeve-Kind": "project",
				"X-Keyreeve-Expires-At": "1752001001",
			}, "",
		},
		{
			"service account's key for Envoy", "GET /gateway/ext_authz/project,service_account/v1/models?kind=admin|Api-Key: {account}", 200, map[string]string{
				"Cache-Control": "no-store", "X-Keyreeve-Key-Id": accountID, "X-Keyreeve-Owner-Id": "sa_1",
				"X-Keyreeve-Owner-Type": "service_account", "X-Keyreeve-Project-Id": "proj_1", "X-Keyreeve-Kind": "service_account",
				"X-Envoy-Auth-Headers-To-Remove": "authorization,x-api-key,api-key,x-keyreeve-expires-at",
			}, "",
		},
		{
			"admin key for Envoy", "GET /gateway/ext_authz/any/gateway/../x//y%2f|Authorization: Bearer {admin}", 200, map[string]string{
				"Cache-Control": "no-store", "X-Keyreeve-Key-Id": adminID, "X-Keyreeve-Owner-Id": "user_owner",
				"X-Keyreeve-Owner-Type": "user", "X-Keyreeve-Kind": "admin",
				"X-Envoy-Auth-Headers-To-Remove": "authorization,x-api-key,api-key,x-keyreeve-project-id,x-keyreeve-expires-at",
			}, "",
		},
		{
			"identity made up by the client",
			"GET /gateway/auth|Authorization: Bearer {admin}|X-Keyreeve-Project-Id: proj_1|X-Keyreeve-Owner-Id: user_x|X-Keyreeve-Reason: x", 200,
			map[string]string{
				"Cache-Control": "no-store", "X-Keyreeve-Key-Id": adminID, "X-Keyreeve-Owner-Id": "user_owner",
				"X-Keyreeve-Owner-Type": "user", "X-Keyreeve-Kind": "admin", "X-Keyreeve-Project-Id": "", "X-Keyreeve-Expires-At": "",
			}, "",
		},
		{"no key", "GET /gateway/auth", 401, refusalHeader("missing_key", "Www-Authenticate", challenge), missingBody},
		{"two keys", "GET /gateway/auth|Authorization: Bearer {admin}|Api-Key: {project}", 401,
			refusalHeader("ambiguous_key", "Www-Authenticate", challenge), ambiguousBody},
		{"unknown key", "GET /gateway/auth|Authorization: Bearer {stranger}", 401,
			refusalHeader("invalid_api_key", "Www-Authenticate", invalid), incorrectBody},
		{"wrong kind", "GET /gateway/auth?kind=admin,service_account|Authorization: Bearer {project}", 403, refusalHeader("wrong_kind"), wrongKindBody},
		{"wrong kind for Envoy", "GET /gateway/ext_authz/admin|Authorization: Bearer {project}", 403, refusalHeader("wrong_kind"), wrongKindBody},
		{"bad query", "GET /gateway/auth?kind=root|Authorization: Bearer {admin}", 400, refusalHeader("bad_request"), badQueryBody},
		{"bad path", "GET /gateway/ext_authz/v1/models|Authorization: Bearer {admin}", 400, refusalHeader("bad_request"), badPathBody},
		{"unknown path", "GET /gateway/authx|Authorization: Bearer {admin}", 404, refusalHeader("bad_request"), unknownURLBody},
		{"wrong method", "GET /gateway/introspect|Authorization: Bearer {admin}", 405, refusalHeader("bad_request", "Allow", "POST"), methodBody},
	} {
		for _, s := range servers {
			got := ask(t, s, f.fill(test.request))
			if got.Status != test.status {
				t.Errorf("%s by %s: status %d, want %d", test.name, s.name, got.Status, test.status)
			}
			if diff := cmp.Diff(test.header, oursOf(got.Header)); diff != "" {
				t.Errorf("%s by %s: header (-want +got):\n%s", test.name, s.name, diff)
			}
			if diff := cmp.Diff(f.fill(test.body), got.Body); diff != "" {
				t.Errorf("%s by %s: body (-want +got):\n%s", test.name, s.name, diff)
			}
		}
	}
}

// ask sends "METHOD target|header|…" and returns the one answer.
func ask(tb testing.TB, s server, request string) answer {
	tb.Helper()
	first, rest, _ := strings.Cut(request, "|")
	raw := []string{first + " HTTP/1.1", "Host: gateway", "Connection: close"}
	if rest != "" {
		raw = append(raw, strings.Split(rest, "|")...)
	}
	answers, err := converse(tb.Context(), s, lines(raw...))
	if err != nil || len(answers) != 1 {
		tb.Fatalf("%s: %d answers to %s: %v", s.name, len(answers), first, err)
	}
	return answers[0]
}

// What became of a key is nobody's business who does not hold a good one.
func TestEndedKeysAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, s := range both(t, f, false) {
		var first answer
		for i, key := range []string{"{stranger}", "{expired}", "{revoked}", "{archived}"} {
			got := ask(t, s, f.fill("GET /gateway/auth?kind=service_account|X-Api-Key: "+key))
			got.Header.Del("Date")
			got.Body = strings.ReplaceAll(got.Body, got.Body[strings.Index(got.Body, "sk-"):strings.Index(got.Body, ". It is")], "")
			got.Header.Del("Content-Length") // the kinds differ in length
			if i == 0 {
				first = got
			} else if diff := cmp.Diff(first, got); diff != "" {
				t.Errorf("%s of %s differs: %s", key, s.name, diff)
			}
		}
	}
}

// The body of an unknown key is put together by hand: it must be what encoding
// it would give.
func TestUnknownKeysAreEchoedSafely(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, key := range []string{
		"x", `"`, `"\"\` + "\t" + `\"<>&\u0041xxxxxxxx"\"`, strings.Repeat("\xff", 20), strings.Repeat(`\`, 300), "sk-proj-ä€😀xxxxxxxxxé", f.stranger,
	} {
		_, refusal := f.gate.Decide(gatewayHeader{"X-Api-Key": {key}}, gateway.Ask{Kinds: verify.AnyKind})
		want, err := json.Marshal(api.ErrorResponse{Error: apierror.InvalidKey(key)})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(refusal.Body)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", key, diff)
		}
	}
}

func TestStaleIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.index.Reset()
	for _, s := range both(t, f, true) {
		for _, request := range []string{
			"GET /gateway/auth|Authorization: Bearer {admin}",
			"GET /gateway/auth?kind=admin|Authorization: Bearer {stranger}",
			"GET /gateway/ext_authz/any|Authorization: Bearer {admin}",
		} {
			got := ask(t, s, f.fill(request))
			if diff := cmp.Diff(refusalHeader("unavailable", "Retry-After", "1"), oursOf(got.Header)); got.Status != 503 || got.Body != staleBody || diff != "" {
				t.Errorf("%s: %d %s %s", s.name, got.Status, got.Body, diff)
			}
		}
		if got := introspect(t, s, "token="+f.admin); got.Status != 503 || got.Body != staleBody {
			t.Errorf("%s: introspection %d %s", s.name, got.Status, got.Body)
		}
	}
}

func TestRefusedKindIsNotAUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	servers := both(t, f, false)
	for _, s := range servers {
		ask(t, s, f.fill("GET /gateway/auth?kind=project|Authorization: Bearer {admin}"))
	}
	if uses := f.index.DrainUses(make([]verify.Use, 0, 8)); len(uses) != 0 {
		t.Errorf("used: %v", uses)
	}
	ask(t, servers[0], f.fill("GET /gateway/auth|Authorization: Bearer {admin}"))
	if uses := f.index.DrainUses(make([]verify.Use, 0, 8)); len(uses) != 1 {
		t.Errorf("used: %v", uses)
	}
	snapshot := f.stats.Snapshot()
	if snapshot.Decisions(verify.WrongKind, 1) != 2 || snapshot.Decisions(verify.Allowed, 1) != 1 {
		t.Errorf("counted: %v", snapshot)
	}
}

func TestRequestsWithoutOneKeyAreCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, s := range both(t, f, false) {
		ask(t, s, "GET /gateway/auth|Accept: */*")
		ask(t, s, f.fill("GET /gateway/auth|X-Api-Key: {admin}|Api-Key: {project}"))
	}
	snapshot := f.stats.Snapshot()
	if snapshot.Decisions(verify.NoKey, 0) != 2 || snapshot.Decisions(verify.Ambiguous, 0) != 2 {
		t.Errorf("counted: %v", snapshot)
	}
}

func TestDecideDoesNotAllocate(t *testing.T) {
	f := newFixture(t)
	h := gatewayHeader{"Authorization": {"Bearer " + f.project}, "X-Api-Key": {f.project}, "Accept": {"*/*"}}
	if n := testing.AllocsPerRun(1000, func() {
		if _, refusal := f.gate.Decide(h, gateway.Ask{Kinds: verify.AnyKind}); refusal != nil {
			t.Fatal(refusal.Reason)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// gatewayHeader is a Header for tests.
type gatewayHeader http.Header

func (h gatewayHeader) First(name gateway.Name) (string, int) {
	values := h[name.Canonical]
	if len(values) == 0 {
		return "", 0
	}
	return values[0], len(values)
}
