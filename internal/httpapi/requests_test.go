package httpapi_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
)

// invalidKey is the one answer to a key that is not good, whatever the reason.
func invalidKey(key string) fault {
	return fault{401, "invalid_api_key", "", "Incorrect API key provided: " + token.Mask(key) +
		". It is unknown, revoked or expired: use another key, or ask an owner of this organization for one."}
}

func TestAuthorizationHeader(t *testing.T) {
	t.Parallel()
	missing := fault{401, "", "", "Missing bearer authentication in header"}
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		key := s.seed.first.value
		const unknown = "sk-admin-0000000000000000000000000000000000000000000000000"
		for _, test := range []struct {
			name   string
			header []string // lines; nil: none
			want   fault    // of status 200: accepted
		}{
			{"none", nil, missing},
			{"empty", []string{""}, missing},
			{"scheme only", []string{"Bearer"}, missing},
			{"no credentials", []string{"Bearer   "}, missing},
			{"basic", []string{"Basic OnNrLWFkbWlu"}, missing},
			{"bare key", []string{key}, missing},
			{"bearer", []string{"Bearer " + key}, fault{status: 200}},
			{"lower case", []string{"bearer " + key}, fault{status: 200}},
			{"upper case", []string{"BEARER " + key}, fault{status: 200}},
			{"more spaces", []string{"Bearer   " + key + "  "}, fault{status: 200}},
			{"two headers", []string{"Bearer " + key, "Bearer " + key}, fault{401, "", "", "Expected one Authorization header, but got 2. Send the API key once."}},
			{"junk", []string{"Bearer junk"}, invalidKey("junk")},
			{"unknown", []string{"Bearer " + unknown}, invalidKey(unknown)},
			{"bad checksum", []string{"Bearer " + key[:len(key)-1] + "!"}, invalidKey(key[:len(key)-1] + "!")},
			{"longer", []string{"Bearer " + key + "A"}, invalidKey(key + "A")},
			{"two keys", []string{"Bearer " + key + "," + key}, invalidKey(key + "," + key)},
			{"two words", []string{"Bearer " + key + " x"}, invalidKey(key + " x")},
			{"other case", []string{"Bearer " + strings.ToUpper(key)}, invalidKey(strings.ToUpper(key))},
			{"quoted", []string{`Bearer "` + key + `"`}, invalidKey(`"` + key + `"`)},
			{"not ASCII", []string{"Bearer schlüssel-schlüssel"}, invalidKey("schlüssel-schlüssel")},
		} {
			t.Run(test.name, func(t *testing.T) {
				a := s.do(t, request{path: keysPath, header: http.Header{"Authorization": test.header}})
				if test.want.status != http.StatusOK {
					checkFault(t, a, test.want)
				} else if a.status != http.StatusOK {
					t.Errorf("status %d: %s", a.status, a.body)
				}
			})
		}
	})
}

func TestPathsAndMethods(t *testing.T) {
	t.Parallel()
	unknown := func(method, path string) fault {
		return fault{404, "", "", "Invalid URL (" + method + " " + path + ")"}
	}
	wrong := func(method, path string) fault {
		return fault{405, "", "", "Invalid method for URL (" + method + " " + path + ")"}
	}
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		id := s.seed.first.id
		for _, test := range []struct {
			method, path string
			want         fault
			allow        string
		}{
			{"GET", "/v1/foo", unknown("GET", "/v1/foo"), ""},
			{"GET", "/", unknown("GET", "/"), ""},
			{"GET", "/v1", unknown("GET", "/v1"), ""},
			{"GET", "/v2/organization/admin_api_keys", unknown("GET", "/v2/organization/admin_api_keys"), ""},
			{"POST", "/v1/organization", unknown("POST", "/v1/organization"), ""},
			{"GET", "/v1/organization/admin_api_keys/", unknown("GET", keysPath+"/"), ""},
			{"POST", "/v1/organization/admin_api_keys/", unknown("POST", keysPath+"/"), ""},
			{"DELETE", "/v1/organization/admin_api_keys/", unknown("DELETE", keysPath+"/"), ""},
			{"GET", keysPath + "/" + id + "/", unknown("GET", keysPath+"/"+id+"/"), ""},
			{"GET", keysPath + "/" + id + "/x", unknown("GET", keysPath+"/"+id+"/x"), ""},
			{"POST", "//v1/organization/admin_api_keys", unknown("POST", "//v1/organization/admin_api_keys"), ""},
			{"POST", "/v1//organization/admin_api_keys", unknown("POST", "/v1//organization/admin_api_keys"), ""},
			{"GET", "/v1/./organization/admin_api_keys", unknown("GET", "/v1/./organization/admin_api_keys"), ""},
			{"GET", "/v1/x/../organization/admin_api_keys", unknown("GET", "/v1/x/../organization/admin_api_keys"), ""},
			{"GET", "/v1/%2e/organization/admin_api_keys", unknown("GET", "/v1/%2e/organization/admin_api_keys"), ""},
			{"GET", "/v1/x/%2E%2e/organization/admin_api_keys", unknown("GET", "/v1/x/%2E%2e/organization/admin_api_keys"), ""},
			{"GET", "/v1/organization%2Fadmin_api_keys", unknown("GET", "/v1/organization%2Fadmin_api_keys"), ""},
			{"GET", keysPath + "%2f" + id, unknown("GET", keysPath+"%2f"+id), ""},
			{"GET", keysPath + "/..%5c" + id, unknown("GET", keysPath+"/..%5c"+id), ""},
			{"GET", "/v1/organization/%61dmin_api_keys", unknown("GET", "/v1/organization/%61dmin_api_keys"), ""},
			{"PUT", "/%761/organization/admin_api_keys/" + id, unknown("PUT", "/%761/organization/admin_api_keys/"+id), ""},
			{"GET", keysPath + "/%00", unknown("GET", keysPath+"/%00"), ""},
			{"GET", keysPath + "/%ff", unknown("GET", keysPath+"/%ff"), ""},
			{"GET", "/V1/organization/admin_api_keys", unknown("GET", "/V1/organization/admin_api_keys"), ""},
			{"GET", "/v1/organization/admin-api-keys", unknown("GET", "/v1/organization/admin-api-keys"), ""},
			{"PUT", keysPath, wrong("PUT", keysPath), "GET, HEAD, POST"},
			{"DELETE", keysPath, wrong("DELETE", keysPath), "GET, HEAD, POST"},
			{"OPTIONS", keysPath, wrong("OPTIONS", keysPath), "GET, HEAD, POST"},
			{"POST", keysPath + "/" + id, wrong("POST", keysPath+"/"+id), "DELETE, GET, HEAD"},
			{"PATCH", keysPath + "/" + id, wrong("PATCH", keysPath+"/"+id), "DELETE, GET, HEAD"},
			{"TRACE", keysPath + "/" + id, wrong("TRACE", keysPath+"/"+id), "DELETE, GET, HEAD"},
			{"get", keysPath, wrong("get", keysPath), "GET, HEAD, POST"},
		} {
			t.Run(test.method+" "+test.path, func(t *testing.T) {
				// Neither needs a key: an address is no secret.
				for _, key := range []string{"", "junk"} {
					a := s.do(t, request{method: test.method, path: test.path, key: key, body: "{}"})
					checkFault(t, a, test.want)
					if got := a.header.Get("Allow"); got != test.allow {
						t.Errorf("Allow: %q, want %q", got, test.allow)
					}
					if got := a.header.Values("Location"); got != nil {
						t.Errorf("Location: %q", got)
					}
				}
			})
		}
	})
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	onBothEngines(t, withKeys(1), func(t *testing.T, s *system) {
		id := s.seed.keys[1].id
		for path, status := range map[string]int{
			keysPath: 200, keysPath + "?limit=x": 400, keysPath + "/" + id: 200, keysPath + "/key_x": 404, "/v1/foo": 404, keysPath + "/": 404,
		} {
			get, head := s.do(t, request{path: path}), s.do(t, request{method: http.MethodHead, path: path})
			if head.status != status || get.status != status || head.body != "" {
				t.Errorf("%s: HEAD %d, GET %d, body %q", path, head.status, get.status, head.body)
			}
			for _, name := range []string{"Content-Type", "Content-Length"} {
				if h, g := head.header.Get(name), get.header.Get(name); status == 200 && h != g {
					t.Errorf("%s: %s of HEAD %q, of GET %q", path, name, h, g)
				}
			}
		}
	})
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	const good = `{"name":"a"}`
	typed := func(v string) fault {
		return fault{415, "unsupported_content_type", "", "Unsupported content type: '" + v + "'. Send the body as 'application/json'."}
	}
	coded := func(v string) fault {
		return fault{415, "unsupported_content_type", "", "Unsupported content encoding: '" + v + "'. Send the body without compression."}
	}
	untyped := fault{400, "", "", "We could not parse the JSON body of your request. " +
		"The request has no content type: send the header 'Content-Type: application/json'."}
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		for _, test := range []struct {
			header http.Header
			want   fault // of status 200: accepted
		}{
			{http.Header{"Content-Type": {"application/json; charset=utf-8"}}, fault{status: 200}},
			{http.Header{"Content-Type": {"application/json;charset=iso-8859-1"}}, fault{status: 200}},
			{http.Header{"Content-Type": {"Application/JSON ; x=y"}}, fault{status: 200}},
			{http.Header{"Content-Encoding": {"identity"}}, fault{status: 200}},
			{http.Header{"Content-Type": nil}, untyped},
			{http.Header{"Content-Type": {""}}, untyped},
			{http.Header{"Content-Type": {"text/plain"}}, typed("text/plain")},
			{http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, typed("application/x-www-form-urlencoded")},
			{http.Header{"Content-Type": {"application/json5"}}, typed("application/json5")},
			{http.Header{"Content-Type": {"application/json", "text/plain"}}, typed("text/plain")},
			{http.Header{"Content-Encoding": {"gzip"}}, coded("gzip")},
			{http.Header{"Content-Encoding": {"br"}}, coded("br")},
		} {
			a := s.do(t, request{method: http.MethodPost, path: keysPath, header: test.header, body: good})
			if test.want.status == http.StatusOK {
				s.issued(value(t, a))
			} else {
				checkFault(t, a, test.want)
			}
		}
	})
}

var requestID = regexp.MustCompile(`^req_[0-9a-f]{32}$`)

// TestHeaders looks at what contracttest, which sees every answer of every
// test, leaves out.
func TestHeaders(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		seen := map[string]bool{}
		for _, r := range []request{
			{path: keysPath}, {path: keysPath, key: "junk"}, {path: "/v1/foo"}, {method: "PUT", path: keysPath},
			{path: keysPath + "?limit=x"}, {path: keysPath + "/key_x"},
			{method: "POST", path: keysPath, body: strings.Repeat(" ", 1<<19)},
			{method: "POST", path: keysPath, body: "{}", header: http.Header{"Content-Type": {"a/b"}}},
			{path: keysPath, header: http.Header{"X-Request-Id": {"req_00000000000000000000000000000000"}, "Openai-Organization": {"org-x"}, "Openai-Project": {"proj_x"}}},
		} {
			a := s.do(t, r)
			if id := a.header.Get("X-Request-Id"); !requestID.MatchString(id) || seen[id] || strings.HasSuffix(id, "00000000") {
				t.Errorf("%s: request id %q", r.path, id)
			} else {
				seen[id] = true
			}
			if got := a.header.Get("Content-Type"); got != "application/json" {
				t.Errorf("%s: content type %q", r.path, got)
			}
			if got := a.header.Get("WWW-Authenticate"); (got == `Bearer realm="keyreeve"`) != (a.status == 401) {
				t.Errorf("%d with WWW-Authenticate %q", a.status, got)
			}
			if got := a.header.Get("Openai-Organization"); a.status != 401 && !strings.HasPrefix(got, "org_") {
				t.Errorf("%d with openai-organization %q", a.status, got)
			}
		}
	})
}
