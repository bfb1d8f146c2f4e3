package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/token"
)

func TestCreateIsTheContractsToTheByte(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		for _, test := range []struct {
			body     string
			lifetime int64 // 0: null
		}{
			{`{"name":"deploy"}`, 0},
			{`{"name":"deploy","expires_in_seconds":null}`, 0},
			{`{"expires_in_seconds":1,"name":"deploy"}`, 1},
			{`{"name":"deploy","expires_in_seconds":31536000}`, 31536000},
			{`{"name":"deploy","expires_in_seconds":60.0}`, 60},
			{`{"name":"deploy","expires_in_seconds":6e1}`, 60},
			{" \r\n\t{ \"na\\u006de\" : \"deplo\\u0079\" } \n", 0},
		} {
			before := time.Now().Unix()
			key, a := s.create(t, test.body)
			if key.CreatedAt < before || key.CreatedAt > time.Now().Unix() {
				t.Errorf("%s: created_at %d is not now", test.body, key.CreatedAt)
			}
			expires := "null"
			if test.lifetime > 0 {
				expires = strconv.FormatInt(key.CreatedAt+test.lifetime, 10)
			}
			if kind, ok := token.Parse(key.Value); !ok || kind != token.KindAdmin {
				t.Errorf("%s: the value is no admin key", test.body)
			}
			// The value is not printed, should the comparison fail.
			want := fmt.Sprintf(`{"object":"organization.admin_api_key","id":%q,"name":"deploy","redacted_value":"sk-admin...%s",`+
				`"created_at":%d,"expires_at":%s,"last_used_at":null,`+
				`"owner":{"type":"user","object":"organization.user","id":%q,"name":"Ada Lovelace","created_at":1700000000,"role":"owner"}`,
				key.ID, key.Value[len(key.Value)-3:], key.CreatedAt, expires, s.seed.owner.ID)
			shown, found := strings.CutSuffix(a.body, `,"value":"`+key.Value+`"}`)
			if diff := cmp.Diff(want, shown); diff != "" || !found {
				t.Errorf("%s: value last: %v; before it (-want +got):\n%s", test.body, found, diff)
			}
			// Reading gives the same without the value. do looks for leaks.
			read := s.do(t, request{path: keysPath + "/" + key.ID})
			if diff := cmp.Diff(want+"}", read.body); diff != "" {
				t.Errorf("%s: read back (-want +got):\n%s", test.body, diff)
			}
		}
	})
}

func TestRevisionsCountChanges(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		var last int64
		change := func(a answer) {
			t.Helper()
			revision, err := strconv.ParseInt(a.header.Get("Keyreeve-Revision"), 10, 64)
			if err != nil || revision <= 0 || last != 0 && revision != last+1 {
				t.Errorf("revision %q after %d", a.header.Get("Keyreeve-Revision"), last)
			}
			last = revision
		}
		key, a := s.create(t, `{"name":"a"}`)
		change(a)
		for _, r := range []request{{path: keysPath}, {path: keysPath + "/" + key.ID}, {method: http.MethodPost, path: keysPath, body: `{}`}} {
			if got := s.do(t, r).header.Values("Keyreeve-Revision"); got != nil {
				t.Errorf("%s %s, which changes nothing: revision %s", r.method, r.path, got)
			}
		}
		_, a = s.create(t, `{"name":"b"}`)
		change(a)
		change(s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + key.ID}))
	})
}

func TestNamesAreKeptVerbatim(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		for _, name := range []string{
			"a", "deploy pipeline", "  spaces at both ends  ", "ä ö ü ß", "日本語", "👩‍👩‍👧‍👦 family", "e\u0301 and \u00e9",
			`"quoted" \ back / slash`, "<script>&amp;", "'; DROP TABLE api_keys; --", "%41%00", "$1 ?",
			"\u00a0no-break\u00a0", "line\u2028and\u2029paragraph", "\u200fmarked", "null", "\ufeffmark", "\U0010fffd",
			strings.Repeat("x", 256), strings.Repeat("ä", 256), strings.Repeat("👍", 256), "   " + strings.Repeat("x", 256) + "   ",
		} {
			text, err := json.Marshal(map[string]string{"name": name})
			if err != nil {
				t.Fatal(err)
			}
			var escaped strings.Builder // the same name with every character escaped
			for _, r := range name {
				if r >= 0x10000 {
					fmt.Fprintf(&escaped, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
				} else {
					fmt.Fprintf(&escaped, `\u%04X`, r)
				}
			}
			for _, body := range []string{string(text), `{"name":"` + escaped.String() + `"}`} {
				key, _ := s.create(t, body)
				read := decode[api.AdminAPIKey](t, s.do(t, request{path: keysPath + "/" + key.ID}))
				listed := decode[api.List[api.AdminAPIKey]](t, s.do(t, request{path: keysPath + "?limit=1&order=desc"})).Data[0]
				for _, got := range []*string{key.Name, read.Name, listed.Name} {
					if diff := cmp.Diff(&name, got); diff != "" {
						t.Errorf("%q:\n%s", name, diff)
					}
				}
			}
		}
	})
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	const malformed = "We could not parse the JSON body of your request. "
	bad := func(why string) fault { return fault{400, "", "", malformed + why} }
	typed := func(param, want, got string) fault {
		return fault{400, "invalid_type", param, "Invalid type for '" + param + "': expected " + want + ", but got " + got + " instead."}
	}
	body := func(got string) fault {
		return fault{400, "invalid_type", "", "Invalid type for the request body: expected an object, but got " + got + " instead."}
	}
	name := func(code, what string) fault { return fault{400, code, "name", "Invalid 'name': " + what} }
	expiry := func(code, what string) fault {
		return fault{400, code, "expires_in_seconds", "Invalid 'expires_in_seconds': integer " + what + " instead."}
	}
	const empty = "empty string. Expected a string with minimum length 1, but got an empty string instead."
	unknown := func(p string) fault { return fault{400, "unknown_parameter", p, "Unknown parameter: '" + p + "'."} }
	missing := fault{400, "missing_required_parameter", "name", "Missing required parameter: 'name'."}
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		for _, test := range []struct {
			body string
			want fault
		}{
			{"", bad("The body is empty: send a JSON object.")},
			{" ", bad("It ends before the JSON value is complete.")},
			{"{", bad("It ends before the JSON value is complete.")},
			{`{"name":"a"`, bad("It ends before the JSON value is complete.")},
			{`{"name":"a"}{}`, bad("Something follows after the JSON object: send one object only.")},
			{`{"name":"a"} x`, bad("Something follows after the JSON object: send one object only.")},
			{`{"name":"a","name":"b"}`, bad("The member 'name' is given twice in one object.")},
			{`{"name":"a","n\u0061me":"b"}`, bad("The member 'name' is given twice in one object.")},
			{"{\"name\":\"\xff\"}", bad("It is not valid UTF-8.")},
			{"\xef\xbb\xbf{\"name\":\"a\"}", bad("It begins with a byte order mark: send plain UTF-8.")},
			{strings.Repeat(`{"a":`, 33) + strings.Repeat("}", 33), bad("It is nested too deeply: at most 32 levels are accepted.")},
			{"[]", body("an array")},
			{"null", body("null")},
			{`"name"`, body("a string")},
			{"1", body("an integer")},
			{"1.5", body("a decimal number")},
			{"true", body("a boolean")},
			{"{}", missing},
			{`{"expires_in_seconds":5}`, missing},
			{`{"Name":"a"}`, unknown("Name")},
			{`{"name":"a","scopes":[]}`, unknown("scopes")},
			{`{"name":1,"x":2}`, unknown("x")},
			{`{"name":null}`, typed("name", "a string", "null")},
			{`{"name":1}`, typed("name", "a string", "an integer")},
			{`{"name":1.5}`, typed("name", "a string", "a decimal number")},
			{`{"name":["a"]}`, typed("name", "a string", "an array")},
			{`{"name":{}}`, typed("name", "a string", "an object")},
			{`{"name":false}`, typed("name", "a string", "a boolean")},
			{`{"name":""}`, name("empty_string", empty)},
			{`{"name":" \u00a0\u3000"}`, name("empty_string", empty)},
			{`{"name":"\t"}`, name("empty_string", empty)},
			{
				`{"name":"` + strings.Repeat("ä", 257) + `"}`,
				name("string_above_max_length", "string too long. Expected a string with maximum length 256, but got a string with length 257 instead."),
			},
			{`{"name":"a\u0000b"}`, name("invalid_value", "control characters are not allowed, but it contains U+0000.")},
			{`{"name":"a\n"}`, name("invalid_value", "control characters are not allowed, but it contains U+000A.")},
			{`{"name":"a\u0085b"}`, name("invalid_value", "control characters are not allowed, but it contains U+0085.")},
			{`{"name":"a\u007f"}`, name("invalid_value", "control characters are not allowed, but it contains U+007F.")},
			{`{"name":"a","expires_in_seconds":0}`, expiry("integer_below_min_value", "below minimum value. Expected a value >= 1, but got 0")},
			{`{"name":"a","expires_in_seconds":-1}`, expiry("integer_below_min_value", "below minimum value. Expected a value >= 1, but got -1")},
			{`{"name":"a","expires_in_seconds":31536001}`, expiry("integer_above_max_value", "above maximum value. Expected a value <= 31536000, but got 31536001")},
			{`{"name":"a","expires_in_seconds":1e400}`, expiry("integer_above_max_value", "above maximum value. Expected a value <= 31536000, but got 1e400")},
			{`{"name":"a","expires_in_seconds":1.5}`, typed("expires_in_seconds", "an integer", "a decimal number")},
			{`{"name":"a","expires_in_seconds":"5"}`, typed("expires_in_seconds", "an integer", "a string")},
			{`{"name":"a","expires_in_seconds":true}`, typed("expires_in_seconds", "an integer", "a boolean")},
			{`{"name":"a","expires_in_seconds":[]}`, typed("expires_in_seconds", "an integer", "an array")},
		} {
			t.Run(test.body[:min(len(test.body), 50)], func(t *testing.T) {
				checkFault(t, s.do(t, request{method: http.MethodPost, path: keysPath, body: test.body}), test.want)
			})
		}
		// Syntax errors say where; these only have to be malformed, not unknown or accepted.
		for _, body := range []string{`{"name":"\ud800"}`, `{"name":"\x"}`, "{\"name\":\"a\nb\"}", `{name:"a"}`, `{'name':'a'}`, `{"name":"a",}`, `{"name":NaN}`, "}", `{"expires_in_seconds":01,"name":"a"}`} {
			a := s.do(t, request{method: http.MethodPost, path: keysPath, body: body})
			if a.status != 400 || !strings.Contains(a.body, malformed) || !strings.Contains(a.body, `"code":null`) {
				t.Errorf("%s: %d %s", body, a.status, a.body)
			}
		}
		if n := len(ids(t, s.do(t, request{path: keysPath}))); n != 1 {
			t.Errorf("%d keys after refusals only", n)
		}
	})
}

// A request is let in by its header. When its key is revoked while the body is
// still on its way, it must not make a key that outlives the revocation.
func TestCreateWithAKeyRevokedWhileItsBodyWasOnItsWay(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		stolen, _ := s.create(t, `{"name":"stolen"}`)
		const body = `{"name":"survivor"}`
		w := dial(t, s.address())
		fmt.Fprintf(w, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			keysPath, stolen.Value, len(body), body[:5])
		time.Sleep(200 * time.Millisecond) // the header was read and judged
		if a := s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + stolen.ID}); a.status != http.StatusOK {
			t.Fatalf("revoke: %d %s", a.status, a.body)
		}
		if _, err := io.WriteString(w, body[5:]); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(w.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("status %d after the key was revoked, want 401", resp.StatusCode)
		}
		if got := ids(t, s.do(t, request{path: keysPath})); len(got) != 1 {
			t.Errorf("%d keys, want the first alone", len(got))
		}
	})
}
