package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

// demanded are the members without which an answer is unusable, by a valid
// answer. Those of lists are those of their elements and the envelope's.
var demanded = map[string]string{
	userBody:          "object id added_at",
	inviteBody:        "object id created_at email role status projects",
	newInviteBody:     "object id created_at email role status projects",
	projectBody:       "object id created_at",
	archivedBody:      "object id created_at archived_at",
	memberBody:        "object id added_at role",
	accountBody:       "object id created_at role",
	newAccountBody:    "object id created_at role api_key value",
	lonelyAccountBody: "object id created_at role",
	accountKeyBody:    "object id created_at value",
	projectKeyBody:    "object id created_at redacted_value owner user",
	newProjectKeyBody: "object id created_at redacted_value owner user value",
	rateLimitBody:     "object id model",
	eventBody:         "id type effective_at",
}

// spoiled are the answers that lack one of the members which a valid one must
// have, by member.
func spoiled(t *testing.T, reply string) map[string]string {
	out := map[string]string{}
	lose := func(members, body string, wrap func(string) string) {
		for member := range strings.FieldsSeq(members) {
			out[member] = wrap(strings.Replace(body, `"`+member+`":`, `"lost":`, 1))
		}
	}
	as := func(s string) string { return s }
	switch element, isList := strings.CutPrefix(reply, `{"object":"list","data":[`); {
	case isList:
		element, _, _ = strings.Cut(element, `],"first_id"`)
		lose(demanded[element], element, listOf)
		lose("object data has_more", reply, as)
	case strings.Contains(reply, `"deleted":`):
		lose("object id deleted", reply, as)
	case demanded[reply] != "":
		lose(demanded[reply], reply, as)
	default:
		t.Fatalf("nothing is demanded of %s", reply)
	}
	return out
}

func TestAnswersLackingAMemberAreUnusable(t *testing.T) {
	t.Parallel()
	for _, op := range organizationOperations {
		for member, body := range spoiled(t, op.reply) {
			t.Run(op.method+" "+member, func(t *testing.T) {
				t.Parallel()
				mustBeUnusable(t, op.call(t.Context(), serve(t, replies(200, "application/json", body))), member)
			})
		}
	}
}

// mustBeUnusable demands an error about the response that names a part of it and
// shows no value.
func mustBeUnusable(t *testing.T, err error, part string) {
	t.Helper()
	e, ok := errors.AsType[*client.ResponseError](err)
	if !ok {
		t.Fatalf("got %v, want a ResponseError", err)
	}
	if part == "user" {
		part = "owner"
	}
	if !strings.Contains(e.Message, part) {
		t.Errorf("message %q does not name %s", e.Message, part)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("error shows a value: %v", err)
	}
}

func TestAnswersAboutAnotherObjectAreUnusable(t *testing.T) {
	t.Parallel()
	for _, op := range organizationOperations {
		verb := op.method[strings.Index(op.method, ".")+1:]
		if verb == "List" || verb == "All" || verb == "Create" || verb == "CreateAPIKey" {
			continue
		}
		t.Run(op.method, func(t *testing.T) {
			t.Parallel()
			path, _, _ := strings.Cut(strings.TrimSuffix(op.wire, "/archive"), " {")
			id := path[strings.LastIndex(path, "/")+1:]
			other := strings.Replace(op.reply, `"id":"`+id, `"id":"other`, 1)
			mustBeUnusable(t, op.call(t.Context(), serve(t, replies(200, "application/json", other))), "id is not the one asked for")
		})
	}
}

func TestAnswersAgainstTheRequestAreUnusable(t *testing.T) {
	t.Parallel()
	hour := new(int64(3600))
	for _, tt := range []struct {
		name  string
		reply string
		call  func(*client.Client) error
		want  string
	}{
		{"an invite of somebody else", strings.Replace(newInviteBody, "ada@", "eve@", 1), func(c *client.Client) error {
			return discard(c.Invites.Create(t.Context(), api.InviteCreateRequest{Email: "ada@example.com", Role: api.RoleReader}))
		}, "email"},
		{"another member", strings.Replace(memberBody, "user_1", "user_2", 1), func(c *client.Client) error {
			return discard(c.ProjectUsers.Create(t.Context(), "proj_1", api.ProjectUserCreateRequest{UserID: new("user_1"), Role: api.RoleMember}))
		}, "id is not"},
		{"an account without its key", lonelyAccountBody, func(c *client.Client) error {
			return discard(c.ProjectServiceAccounts.Create(t.Context(), "proj_1", api.ProjectServiceAccountCreateRequest{Name: "w"}))
		}, "delete sa_1"},
		{"a key that nobody asked for", newAccountBody, func(c *client.Client) error {
			return discard(c.ProjectServiceAccounts.Create(t.Context(), "proj_1", api.ProjectServiceAccountCreateRequest{Name: "w", CreateServiceAccountOnly: new(true)}))
		}, "delete sa_1"},
		{"an account whose key never expires", newAccountBody, func(c *client.Client) error {
			return discard(c.ProjectServiceAccounts.Create(t.Context(), "proj_1", api.ProjectServiceAccountCreateRequest{Name: "w", ExpiresInSeconds: hour}))
		}, "delete key_1"},
		{"a second key that never expires", accountKeyBody, func(c *client.Client) error {
			return discard(c.ProjectServiceAccounts.CreateAPIKey(t.Context(), "proj_1", "sa_1", api.ProjectServiceAccountAPIKeyCreateRequest{ExpiresInSeconds: hour}))
		}, "delete key_1"},
		{"a project key that never expires", newProjectKeyBody, func(c *client.Client) error {
			return discard(c.ProjectAPIKeys.Create(t.Context(), "proj_1", api.ProjectAPIKeyCreateRequest{UserID: "user_1", Name: "l", ExpiresInSeconds: hour}))
		}, "delete key_1"},
		{"a value shown as redacted", strings.Replace(newProjectKeyBody, "sk-proj...xyz", "sk-proj-secretxyz", 1), func(c *client.Client) error {
			return discard(c.ProjectAPIKeys.Create(t.Context(), "proj_1", api.ProjectAPIKeyCreateRequest{UserID: "user_1", Name: "l"}))
		}, "redacted_value"},
		{"an owner of another type", strings.Replace(projectKeyBody, `"type":"user"`, `"type":"service_account"`, 1), func(c *client.Client) error {
			return discard(c.ProjectAPIKeys.Get(t.Context(), "proj_1", "key_1"))
		}, "owner"},
		{"a project that is not archived", projectBody, func(c *client.Client) error {
			return discard(c.Projects.Archive(t.Context(), "proj_1"))
		}, "archived_at"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mustBeUnusable(t, tt.call(serve(t, replies(200, "application/json", tt.reply))), tt.want)
		})
	}
}

func TestAccountWithoutAKeyWhereNoneIsAskedFor(t *testing.T) {
	t.Parallel()
	c := serve(t, replies(200, "application/json", lonelyAccountBody))
	got, err := c.ProjectServiceAccounts.Create(t.Context(), "proj_1",
		api.ProjectServiceAccountCreateRequest{Name: "worker", CreateServiceAccountOnly: new(true)})
	if err != nil || got.APIKey != nil || got.ID != "sa_1" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What holds for one deletion holds for all: a 404 after an attempt whose answer
// was lost is a success, and nothing that is not a deletion is.
func TestLostAnswersOfAllOperations(t *testing.T) {
	t.Parallel()
	for _, op := range organizationOperations {
		if strings.HasPrefix(op.wire, "POST") {
			continue // is sent once
		}
		t.Run(op.method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: []step{fails(errReset), answers(http.StatusNotFound, noKey)}}
				err := op.call(t.Context(), s.client(t))
				if strings.HasPrefix(op.wire, "DELETE") {
					if err != nil {
						t.Errorf("a deletion: %v", err)
					}
					return
				}
				if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != http.StatusNotFound {
					t.Errorf("got %v, want the 404", err)
				}
			})
		})
	}
}
