package contracttest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/contracttest"
)

const (
	keysPath  = "/v1/organization/admin_api_keys"
	keyPath   = keysPath + "/key_01"
	owner     = `"owner":{"type":"user","object":"organization.user","id":"user_01","name":"Ada","created_at":1,"role":"owner"}`
	keyTail   = `"id":"key_01","name":null,"redacted_value":"sk-admin...xyz","created_at":1,"expires_at":null,"last_used_at":null,`
	goodKey   = `{"object":"organization.admin_api_key",` + keyTail + owner + `}`
	newKey    = `{"object":"organization.admin_api_key",` + keyTail + owner + `,"value":"sk-admin-secret"}`
	newInvite = `{"object":"organization.invite","id":"invite_01","email":"a@example.com","role":"reader","status":"pending",` +
		`"created_at":1,"expires_at":2,"accepted_at":null,"projects":[],"token":"t"}`
	notFound = `{"error":{"message":"No.","type":"invalid_request_error","param":null,"code":null}}`
	away     = `{"error":{"message":"No.","type":"server_error","param":null,"code":"storage_unavailable"}}`
)

func TestResponsesAgainstTheContractAreCaught(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		method, path string
		status       int
		header       string // one more, "Name: value"
		body         string
		want         string // part of the failure; empty: valid
	}{
		{"a key", "GET", keyPath, 200, "", goodKey, ""},
		{"a new key", "POST", keysPath, 200, "", newKey, ""},
		{"an empty page", "GET", keysPath, 200, "", `{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}`, ""},
		{"a page", "GET", keysPath, 200, "", `{"object":"list","data":[` + goodKey + `],"first_id":"key_01","last_id":"key_01","has_more":false}`, ""},
		{"a deletion", "DELETE", keyPath, 200, "", `{"id":"key_01","object":"organization.admin_api_key.deleted","deleted":true}`, ""},
		{"a 404", "GET", keyPath, 404, "", notFound, ""},
		{"a new invite", "POST", "/v1/organization/invites", 200, "", newInvite, ""},
		{"an unknown route", "GET", "/v1/foo", 404, "", notFound, ""},
		{"a charset", "GET", keyPath, 200, "Content-Type: application/json; charset=utf-8", goodKey, ""},
		{"a HEAD", "HEAD", keyPath, 200, "", "", ""},

		{"an extra member", "GET", keyPath, 200, "", strings.Replace(goodKey, `{`, `{"digest":"x",`, 1), "'digest' not allowed"},
		{"an extra member within", "GET", keyPath, 200, "", strings.Replace(goodKey, `"role"`, `"email":"x","role"`, 1), "'email' not allowed"},
		{"an extra member beside value", "POST", keysPath, 200, "", strings.Replace(newKey, `{`, `{"digest":"x",`, 1), "'digest' not allowed"},
		{"an extra member in a page", "GET", keysPath, 200, "", `{"object":"list","data":[` + newKey + `],"first_id":null,"last_id":null,"has_more":false}`, "'value' not allowed"},
		{"a value shown again", "GET", keyPath, 200, "", newKey, "'value' not allowed"},
		{"an invite's token shown again", "GET", "/v1/organization/invites/invite_01", 200, "", newInvite, "'token' not allowed"},
		{"an invite without its token", "POST", "/v1/organization/invites", 200, "", strings.Replace(newInvite, `,"token":"t"`, "", 1), "missing property 'token'"},
		{"a missing member", "GET", keyPath, 200, "", strings.Replace(goodKey, `"expires_at":null,`, ``, 1), "missing property 'expires_at'"},
		{"one that only we promise", "GET", keyPath, 200, "", strings.Replace(goodKey, `"last_used_at":null,`, ``, 1), "missing property 'last_used_at'"},
		{"a missing value", "POST", keysPath, 200, "", goodKey, "missing property 'value'"},
		{"a wrong constant", "GET", keyPath, 200, "", strings.Replace(goodKey, "admin_api_key", "api_key", 1), "value must be"},
		{"a null", "GET", keyPath, 200, "", strings.Replace(goodKey, `"created_at":1`, `"created_at":null`, 1), "got null, want integer"},
		{"a fraction", "GET", keyPath, 200, "", strings.Replace(goodKey, `"created_at":1`, `"created_at":1.5`, 1), "want integer"},
		{"a member twice", "GET", keyPath, 200, "", strings.Replace(goodKey, `{`, `{"id":"key_01",`, 1), "duplicate"},
		{"data null", "GET", keysPath, 200, "", `{"object":"list","data":null,"first_id":null,"last_id":null,"has_more":false}`, "got null, want array"},
		{"another operation's body", "DELETE", keyPath, 200, "", goodKey, "not allowed"},
		{"an empty body", "DELETE", keyPath, 200, "", "", "no JSON"},
		{"trailing data", "GET", keyPath, 200, "", goodKey + "{}", "no JSON"},
		{"text", "GET", keyPath, 404, "Content-Type: text/plain", "404 page not found", "content type"},
		{"no content type", "GET", keyPath, 200, "Content-Type:", goodKey, "content type"},
		{"201", "POST", keysPath, 201, "", newKey, "no response with status 201"},
		{"204", "DELETE", keyPath, 204, "", `{}`, "no response with status 204"},
		{"a redirect", "GET", keysPath, 301, "", goodKey, "no response with status 301"},
		{"409", "POST", keysPath, 409, "", notFound, "error status"},
		{"success without an operation", "GET", keysPath + "/", 200, "", goodKey, "no such operation"},
		{"an error without param", "GET", keyPath, 404, "", strings.Replace(notFound, `"param":null,`, "", 1), "missing property 'param'"},
		{"an error with more", "GET", keyPath, 404, "", strings.Replace(notFound, `"param"`, `"stack":"x","param"`, 1), "'stack' not allowed"},
		{"a bare error", "GET", keyPath, 404, "", `{"error":"not found"}`, "got string, want object"},
		{"an error without a message", "GET", keyPath, 404, "", strings.Replace(notFound, "No.", "", 1), "no message"},
		{"another type of error", "GET", keyPath, 503, "Retry-After: 1", notFound, `want "server_error"`},
		{"503 without Retry-After", "GET", keyPath, 503, "", away, "Retry-After"},
		{"503 with a date", "GET", keyPath, 503, "Retry-After: Fri, 01 Jan 2027 00:00:00 GMT", away, "Retry-After"},
		{"405 without Allow", "PUT", keysPath, 405, "", notFound, "no Allow"},
		{"401 without WWW-Authenticate", "GET", keyPath, 401, "", notFound, "WWW-Authenticate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"Content-Type": {"application/json"}}
			if name, value, ok := strings.Cut(tt.header, ":"); ok {
				header.Set(name, strings.TrimSpace(value))
			}
			got := &recorder{TB: t}
			contracttest.ValidateResponse(got, tt.method, tt.path, tt.status, header, []byte(tt.body))
			got.expect(t, tt.want)
			for _, failure := range got.failures {
				if strings.Contains(failure, "sk-admin-secret") {
					t.Errorf("the failure shows a key: %s", failure)
				}
			}
		})
	}
}
