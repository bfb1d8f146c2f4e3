package httpapi

import (
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
			errInsufficientPermissions("api.management.read"), 403, nil,
			`{"error":{"message":"You have insufficient permissions for this operation. Missing scopes: api.management.read. ` +
				`Use an admin API key whose owner has them.","type":"invalid_request_error","param":null,"code":null}}`,
		},
		{
			errUnknownURL(r), 404, nil,
			`{"error":{"message":"Invalid URL (PUT /v1/things)","type":"invalid_request_error","param":null,"code":null}}`,
		},
		{
			errNoSuch("admin API key", "key_x"), 404, nil,
			`{"error":{"message":"No such admin API key: 'key_x'.","type":"invalid_request_error","param":null,"code":null}}`,
		},
		{
			errWrongMethod(r, "GET", "HEAD", "POST"), 405, http.Header{"Allow": {"GET, HEAD, POST"}},
			`{"error":{"message":"Invalid method for URL (PUT /v1/things)","type":"invalid_request_error","param":null,"code":null}}`,
		},
		{
			errInvalidValue("after", "x", "It is the id of an admin API key."), 400, nil,
			`{"error":{"message":"Invalid value: 'x'. It is the id of an admin API key.",` +
				`"type":"invalid_request_error","param":"after","code":"invalid_value"}}`,
		},
		{
			errEmptyString("name"), 400, nil,
			`{"error":{"message":"Invalid 'name': empty string. Expected a string with minimum length 1, but got an empty string instead.",` +
				`"type":"invalid_request_error","param":"name","code":"empty_string"}}`,
		},
		{
			errStringTooLong("name", 256, 257), 400, nil,
			`{"error":{"message":"Invalid 'name': string too long. Expected a string with maximum length 256, ` +
				`but got a string with length 257 instead.","type":"invalid_request_error","param":"name","code":"string_above_max_length"}}`,
		},
		{
			errProjectArchived("proj_x"), 400, nil,
			`{"error":{"message":"Project 'proj_x' is archived. An archived project cannot be changed.",` +
				`"type":"invalid_request_error","param":null,"code":"project_archived"}}`,
		},
		{
			errLastAdminAPIKey(), 400, nil,
			`{"error":{"message":"This would take away the last usable admin API key of the organization, ` +
				`and nothing could be administered any more. Create another one first.",` +
				`"type":"invalid_request_error","param":null,"code":"last_admin_api_key"}}`,
		},
		{
			errTooManyRequests(1100 * time.Millisecond), 429, http.Header{"Retry-After": {"2"}},
			`{"error":{"message":"Rate limit reached. Slow down and try again after the time given in the Retry-After header.",` +
				`"type":"invalid_request_error","param":null,"code":"rate_limit_exceeded"}}`,
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
		for name, values := range test.header {
			header[name] = values
		}
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
