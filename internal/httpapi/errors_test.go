package httpapi

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestErrorsOfTheContract has a row for each row of the contract's table of
// errors, in its order, that bind and bearerToken do not show already.
func TestErrorsOfTheContract(t *testing.T) {
	t.Parallel()
	const key = "sk-admin-0123456789abcdefABCDEF"
	const masked = "sk-admin*******************CDEF"
	r := receive(t, http.MethodPut, "/v1/things?key="+key)
	for _, test := range []struct {
		err    *apiError
		status int
		header http.Header // beside the content type
		body   string
	}{
		{
			errMissingBearer(), 401, http.Header{"Www-Authenticate": {`Bearer realm="keyreeve"`}},
			`{"error":{"message":"Missing bearer authentication in header","type":"invalid_request_error","param":null,"code":null}}`,
		},
		{
			errInvalidAPIKey(key), 401, http.Header{"Www-Authenticate": {`Bearer realm="keyreeve"`}},
			`{"error":{"message":"Incorrect API key provided: ` + masked + `. It is unknown, revoked or expired: use another key, ` +
				`or ask an owner of this organization for one.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`,
		},
		{
			errUnknownURL(r), 404, nil,
			`{"error":{"message":"Invalid URL (PUT /v1/things)","type":"invalid_request_error","param":null,"code":null}}`,
		},
		{
			errWrongMethod(r, "GET", "HEAD", "POST"), 405, http.Header{"Allow": {"GET, HEAD, POST"}},
			`{"error":{"message":"Invalid method for URL (PUT /v1/things)","type":"invalid_request_error","param":null,"code":null}}`,
		},
		{
			errInternal(), 500, http.Header{"X-Should-Retry": {"false"}},
			`{"error":{"message":"The server had an error while processing your request. ` +
				`If it persists, give the x-request-id of this response to whoever runs this server.",` +
				`"type":"server_error","param":null,"code":null}}`,
		},
		{
			errStorageUnavailable(0), 503, http.Header{"Retry-After": {"1"}},
			`{"error":{"message":"The storage of this server is not available at the moment. Nothing was changed; please try again.",` +
				`"type":"server_error","param":null,"code":"storage_unavailable"}}`,
		},
		{
			errOutcomeUnknown(time.Second), 503, http.Header{"Retry-After": {"1"}, "X-Should-Retry": {"false"}},
			`{"error":{"message":"The storage of this server went away while it saved your change. It may have been saved: ` +
				`look before you send it again.","type":"server_error","param":null,"code":"storage_unavailable"}}`,
		},
	} {
		w := httptest.NewRecorder()
		writeError(w, r, test.err)
		header := http.Header{"Content-Type": {"application/json"}}
		maps.Copy(header, test.header)
		if w.Code != test.status || test.err.Error() != test.err.Body.Message {
			t.Errorf("%v: status %d", test.err, w.Code)
		}
		if diff := cmp.Diff(header, w.Header()); diff != "" {
			t.Errorf("%v: header %s", test.err, diff)
		}
		if diff := cmp.Diff(test.body, w.Body.String()); diff != "" {
			t.Errorf("%v: body %s", test.err, diff)
		}
	}
}

func TestErrorsShowValuesSafely(t *testing.T) {
	t.Parallel()
	const key = "sk-proj-0123456789abcdefABCDEF"
	for value, want := range map[string]string{
		"x":                         "x",
		key:                         "sk-proj-" + strings.Repeat("*", 18) + "CDEF",
		"a " + key + "," + key:      "a sk-proj-" + strings.Repeat("*", 18) + "CDEF,sk-proj-" + strings.Repeat("*", 18) + "CDEF",
		"sk-1 task-x":               "sk-1 task-x",
		"\x1b[1m\r\n\xff":           "\uFFFD[1m\uFFFD\uFFFD\uFFFD",
		"\u202Ex":                   "\uFFFDx", // would turn the rest of a line around
		strings.Repeat("ä", 100):    strings.Repeat("ä", 100),
		strings.Repeat("ä", 101):    strings.Repeat("ä", 100) + "…",
		strings.Repeat("sk- ", 1e5): strings.Repeat("sk- ", 25) + "…",
	} {
		err := errUnknownParameter(value)
		if got := *err.Body.Param; got != want {
			t.Errorf("%.40q: got %q, want %q", value, got, want)
		}
		if strings.Contains(err.Body.Message, "0123456789") {
			t.Errorf("%.40q: a secret in %q", value, err.Body.Message)
		}
	}
}
