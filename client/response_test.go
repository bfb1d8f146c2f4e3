package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

func TestUnusableResponses(t *testing.T) {
	t.Parallel()
	const js = "application/json"
	// spoil replaces one part of a valid body.
	spoil := func(body, old, with string) string {
		if !strings.Contains(body, old) {
			t.Fatalf("%q is not in the body", old)
		}
		return strings.Replace(body, old, with, 1)
	}
	tests := []struct {
		name, op, contentType, body, want string
	}{
		{"no content type", "get", "", keyBody, "content type"},
		{"HTML", "get", "text/html", "<html>", "content type"},
		{"empty body", "get", js, "", "JSON"},
		{"half a body", "get", js, keyBody[:80], "JSON"},
		{"two bodies", "get", js, keyBody + keyBody, "JSON"},
		{"null", "get", js, "null", "object"},
		{"array", "get", js, "[]", "array"},
		{"duplicate member", "get", js, spoil(keyBody, `"id"`, `"object":"x","id"`), "duplicate"},
		{"invalid UTF-8", "get", js, spoil(keyBody, "deploy", "\xff"), "JSON"},
		{"too large", "get", js, keyBody + strings.Repeat(" ", 8<<20), "8 MiB"},
		{"wrong type", "get", js, spoil(keyBody, `1711471533`, `"yesterday"`), "/created_at"},
		{"fraction of a second", "get", js, spoil(keyBody, `1711471533`, `1.5`), "/created_at"},
		{"wrong object", "get", js, spoil(keyBody, "organization.admin_api_key", "organization.user"), "object"},
		{"no object", "get", js, spoil(keyBody, `"object":"organization.admin_api_key",`, ""), "object"},
		{"other case of a member", "get", js, spoil(keyBody, `"object"`, `"Object"`), "object"},
		{"no id", "get", js, spoil(keyBody, `"id":"key_1",`, ""), "id"},
		{"another id", "get", js, spoil(keyBody, "key_1", "key_2"), "id"},
		{"no redacted value", "get", js, spoil(keyBody, "sk-admin...xyz", ""), "redacted_value"},
		{"no creation time", "get", js, spoil(keyBody, `"created_at":1711471533,`, ""), "created_at"},
		{"no owner", "get", js, spoil(keyBody, `"owner"`, `"holder"`), "owner"},
		{"list of another kind", "list", js, spoil(listBody, `"list"`, `"page"`), "object"},
		{"list without data", "list", js, spoil(listBody, `"data"`, `"items"`), "data"},
		{"list with null data", "list", js, `{"object":"list","data":null,"has_more":false}`, "data"},
		{"list without has_more", "list", js, spoil(listBody, `,"has_more":false`, ""), "has_more"},
		{"list with a null element", "list", js, `{"object":"list","data":[null],"has_more":false}`, "data[0]"},
		{"list with a bad element", "list", js, spoil(listBody, `"id":"key_1",`, ""), "data[0]: id"},
		{"created without value", "create", js, keyBody, "value"},
		{"created with empty value", "create", js, spoil(createBody, "sk-admin-secretxyz", ""), "value"},
		{"created with a line break in it", "create", js, spoil(createBody, "secretxyz", `secret\nxyz`), "value"},
		{"created with a number as value", "create", js, spoil(createBody, `"sk-admin-secretxyz"`, `5550123`), "/value"},
		{"created with the value shown twice", "create", js, spoil(createBody, "sk-admin...xyz", "sk-admin-secretxyz"), "redacted_value"},
		{"created without id", "create", js, spoil(createBody, `"id":"key_1",`, ""), "id"},
		{"created with value at the wrong member", "create", js, spoil(createBody, "1711471533", `"sk-admin-secretxyz"`), "/created_at"},
		{"not deleted", "delete", js, spoil(deletedBody, "true", "false"), "deleted"},
		{"deleted is missing", "delete", js, spoil(deletedBody, `,"deleted":true`, ""), "deleted"},
		{"deleted another", "delete", js, spoil(deletedBody, "key_1", "key_2"), "id"},
		{"deleted object is wrong", "delete", js, spoil(deletedBody, ".deleted", ""), "object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, replies(200, tt.contentType, tt.body))
			err := operations[tt.op](t.Context(), c)
			e, ok := errors.AsType[*client.ResponseError](err)
			if !ok {
				t.Fatalf("got %v, want a ResponseError", err)
			}
			if !strings.Contains(e.Message, tt.want) {
				t.Errorf("message %q does not say %q", e.Message, tt.want)
			}
			if e.Status != 200 || e.RequestID != "req_1" || !strings.Contains(e.Operation, "admin API key") {
				t.Errorf("got %+v", e)
			}
			for _, secret := range []string{"secret", "canary", "5550123"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("error shows a value: %v", err)
				}
			}
		})
	}
}

func TestNoContentIsUnusable(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	err := operations["delete"](t.Context(), c)
	if e, ok := errors.AsType[*client.ResponseError](err); !ok || e.Status != http.StatusNoContent {
		t.Errorf("got %v", err)
	}
}

func TestIgnoredExpiryIsAnError(t *testing.T) {
	t.Parallel()
	c := serve(t, replies(200, "application/json", createBody))
	_, err := c.AdminAPIKeys.Create(t.Context(), api.AdminAPIKeyCreateRequest{Name: "deploy", ExpiresInSeconds: new(int64(60))})
	if e, ok := errors.AsType[*client.ResponseError](err); !ok || !strings.Contains(e.Message, "delete key_1") {
		t.Errorf("got %v, want a ResponseError that names the key", err)
	}
}

// The bodies of OpenAI's reference pages lack members that came later.
func TestOlderAndNewerBodiesAreTaken(t *testing.T) {
	t.Parallel()
	bare := strings.NewReplacer(`"expires_at":null,`, "", `"last_used_at":null,`, "", `"name":"deploy",`, "")
	for name, tt := range map[string]struct{ op, contentType, body string }{
		"without optional members": {"get", "application/json", bare.Replace(keyBody)},
		"list without first and last id": {"list", "application/json",
			`{"object":"list","data":[` + keyBody + `],"has_more":false}`},
		"unknown members": {"get", "application/json", `{"x":[1,{}],` + keyBody[1:]},
		"charset":         {"get", "Application/JSON; charset=utf-8", keyBody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := operations[tt.op](t.Context(), serve(t, replies(200, tt.contentType, tt.body))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestResponsesAreReadInFull(t *testing.T) {
	t.Parallel()
	key := api.AdminAPIKey{
		Object: api.ObjectAdminAPIKey, ID: "key_1", Name: new("deploy"), RedactedValue: "sk-admin...xyz", CreatedAt: 1711471533,
		Owner: api.AdminAPIKeyOwner{Type: "user", Object: api.ObjectUser, ID: "user_1", Name: "Ada", CreatedAt: 1711471533, Role: "owner"},
	}
	c := serve(t, replies(200, "application/json", strings.Replace(listBody, "false", "true", 1)))
	page, err := c.AdminAPIKeys.List(t.Context(), api.AdminAPIKeyListParams{})
	if err != nil {
		t.Fatal(err)
	}
	want := &api.List[api.AdminAPIKey]{
		Object: api.ObjectList, Data: []api.AdminAPIKey{key}, FirstID: new("key_1"), LastID: new("key_1"), HasMore: true,
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}

	c = serve(t, replies(200, "application/json", createBody))
	created, err := c.AdminAPIKeys.Create(t.Context(), api.AdminAPIKeyCreateRequest{Name: "deploy"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&api.AdminAPIKeyCreateResponse{AdminAPIKey: key, Value: "sk-admin-secretxyz"}, created); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
}
