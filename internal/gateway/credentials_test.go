package gateway_test

import (
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/gateway"
	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// TestCredentials is the rule of what counts as one key, by both adapters. A
// row is "header: value|…" and the id of the key that is let in, or the reason
// of the refusal.
func TestCredentials(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	servers := both(t, f, false)
	long := strings.Repeat("x", 8000)
	for _, test := range [][2]string{
		{"Authorization: Bearer {admin}", adminID},
		{"authorization: bearer {admin}", adminID},
		{"AUTHORIZATION: BEARER {admin}", adminID},
		{"Authorization:Bearer   {admin}  ", adminID},
		{"Authorization:\tBearer \t{admin}\t", adminID},
		{"X-Api-Key: {admin}", adminID},
		{"x-API-key:\t{admin} ", adminID},
		{"api-key: {admin}", adminID},
		{"Authorization: Bearer {admin}|X-Api-Key: {admin}|Api-Key: {admin}", adminID},
		{"Authorization: Basic dTpw|X-Api-Key: {admin}", adminID},
		{"Authorization: Bearer|X-Api-Key: {admin}", adminID},
		{"Authorization:|X-Api-Key: {admin}", adminID},
		{"X-Api-Key:|Api-Key: {admin}", adminID},
		{"Authorization: Bearer {admin}|X-Filler: " + long, adminID},

		{"Accept: */*", "missing_key"},
		{"Authorization: Bearer", "missing_key"},
		{"Authorization: Bearer ", "missing_key"},
		{"Authorization: {admin}", "missing_key"},
		{"Authorization: Basic {admin}", "missing_key"},
		{"Authorization: Bearer\t{admin}", "missing_key"},
		{"X-Api-Key: ", "missing_key"},
		{"X_Api_Key: {admin}", "missing_key"},
		{"Cookie: x-api-key={admin}", "missing_key"},
		{"Proxy-Authorization: Bearer {admin}", "missing_key"},

		{"Authorization: Bearer {admin}|Authorization: Bearer {admin}", "ambiguous_key"},
		{"Authorization: Bearer {admin}|authorization: Bearer {project}", "ambiguous_key"},
		{"Authorization:|Authorization: Bearer {admin}", "ambiguous_key"},
		{"Authorization: Bearer {admin}|Authorization:", "ambiguous_key"},
		{"Authorization: Bearer {admin},Bearer {project}", "ambiguous_key"},
		{"Authorization: Bearer {admin}, Bearer {admin}", "ambiguous_key"},
		{"Authorization: Bearer,Bearer {admin}", "ambiguous_key"},
		{"Authorization: ,Bearer {admin}", "ambiguous_key"},
		{"Authorization: Basic dTpw,Bearer {admin}|X-Api-Key: {admin}", "ambiguous_key"},
		{"X-Api-Key: {admin}|X-Api-Key: {admin}", "ambiguous_key"},
		{"X-Api-Key: {admin},{admin}", "ambiguous_key"},
		{"Authorization: Bearer {admin}|X-Api-Key: {project}", "ambiguous_key"},
		{"Authorization: Bearer {stranger}|X-Api-Key: {admin}", "ambiguous_key"},
		{"Authorization: Bearer {admin}|Api-Key: x", "ambiguous_key"},

		{"X-Api-Key: Bearer {admin}", "invalid_api_key"},
		{"Authorization: Bearer Bearer {admin}", "invalid_api_key"},
		{"Authorization: Bearer \"{admin}\"", "invalid_api_key"},
		{"Authorization: Bearer {admin} x", "invalid_api_key"},
		{"Authorization: Bearer {admin}\u00a0", "invalid_api_key"},
		{"Authorization: Bearer \xff\xfe", "invalid_api_key"},
		{"X-Api-Key: {admin}\xe2\x80\x8b", "invalid_api_key"},
		{"X-Api-Key: {admin};", "invalid_api_key"},
		{"X-Api-Key: " + long, "invalid_api_key"},
	} {
		for _, s := range servers {
			got := ask(t, s, "GET /gateway/auth|"+f.fill(test[0]))
			who := got.Header.Get("X-Keyreeve-Key-Id") + got.Header.Get("X-Keyreeve-Reason")
			if who != test[1] || (got.Status == 200) != strings.HasPrefix(test[1], "key_") {
				t.Errorf("%.80q by %s: %d %q, want %q", test[0], s.name, got.Status, who, test[1])
			}
		}
	}
}

func TestKeyHeadersAreConfigurable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "x-KEY", " Authorization ")
	servers := both(t, f, false)
	for request, want := range map[string]int{
		"X-Key: {admin}":     200,
		"X-Api-Key: {admin}": 401,
		"X-Key: {admin}|X-Api-Key: {project}|Authorization: Bearer {admin}": 200,
		"X-Key: {admin}|Authorization: Bearer {project}":                    401,
	} {
		for _, s := range servers {
			if got := ask(t, s, "GET /gateway/auth|"+f.fill(request)); got.Status != want {
				t.Errorf("%s by %s: %d, want %d", request, s.name, got.Status, want)
			}
		}
	}
	for _, names := range [][]string{{""}, {" "}, {"a b"}, {"a:"}, {"ä"}, {"x-key", "X-Key"}, {"Host"}, {"cookie"}} {
		if _, err := gateway.New(gateway.Config{KeyHeaders: names}); err == nil {
			t.Errorf("%q: no error", names)
		}
	}
}

// FuzzCredentials puts arbitrary values into the headers of a key: none is let
// in that is not one of the two good keys alone.
func FuzzCredentials(f *testing.F) {
	x := newFixture(f)
	for _, seed := range [][3]string{
		{"Bearer {admin}", "", ""}, {"bearer  {admin} ", "{admin}", "{admin}"}, {"Bearer {admin}", "{project}", ""},
		{"", "{admin},{admin}", ""}, {"Bearer", "", "{project}"}, {"Basic x", "\xff", "{admin}\x00"}, {"Bearer {admin},", " ", "\t"},
	} {
		f.Add(seed[0], seed[1], seed[2], false)
	}
	f.Add("Bearer {admin}", "", "", true)
	f.Fuzz(func(t *testing.T, bearer, first, second string, twice bool) {
		h := gatewayHeader{"Authorization": {x.fill(bearer)}, "X-Api-Key": {x.fill(first)}, "Api-Key": {x.fill(second)}}
		if twice {
			h["Authorization"] = append(h["Authorization"], x.fill(bearer))
		}
		d, refusal := x.gate.Decide(h, gateway.Ask{Kinds: verify.AnyKind})
		if refusal != nil {
			if refusal.Status != 401 || strings.Contains(string(refusal.Body), x.admin[10:]) {
				t.Fatalf("%d %s", refusal.Status, refusal.Body)
			}
			return
		}
		good := x.admin
		if d.KeyID() != adminID {
			good = x.project
		}
		presented := []string{strings.Trim(h["X-Api-Key"][0], " \t"), strings.Trim(h["Api-Key"][0], " \t")}
		if key, ok := token.Bearer(h["Authorization"][0]); ok {
			presented = append(presented, key)
		}
		for _, key := range presented {
			if twice || key != "" && key != good {
				t.Fatalf("let in with %q", presented)
			}
		}
	})
}
