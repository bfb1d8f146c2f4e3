package client_test

import (
	"context"
	"io"
	"iter"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

// A valid body of each kind; the tests of responses spoil them.
const (
	userBody = `{"object":"organization.user","id":"user_1","name":"Ada","email":"ada@example.com","role":"owner","added_at":1711471533}`

	inviteBody = `{"object":"organization.invite","id":"invite_1","email":"ada@example.com","role":"reader","status":"pending",` +
		`"created_at":1711471533,"expires_at":1712076333,"accepted_at":null,"projects":[]}`
	newInviteBody = `{"object":"organization.invite","id":"invite_1","email":"ada@example.com","role":"reader","status":"pending",` +
		`"created_at":1711471533,"expires_at":1712076333,"accepted_at":null,"projects":[],"token":"secret-token"}`

	acceptedBody = `{"object":"organization.user","id":"user_1","name":"Ada","email":"ada@example.com","role":"reader","added_at":1711471533,` +
		`"admin_api_key":{"object":"organization.admin_api_key","id":"key_1","name":"First admin key","redacted_value":"sk-admin...def",` +
		`"created_at":1711471533,"expires_at":null,"last_used_at":null,"owner":{"type":"user","object":"organization.user","id":"user_1",` +
		`"name":"Ada","created_at":1711471533,"role":"reader"},"value":"secret-key"}}`

	projectBody = `{"id":"proj_1","object":"organization.project","name":"chat","created_at":1711471533,"archived_at":null,` +
		`"status":"active","external_key_id":null}`
	archivedBody = `{"id":"proj_1","object":"organization.project","name":"chat","created_at":1711471533,"archived_at":1711471600,` +
		`"status":"archived","external_key_id":null}`

	memberBody = `{"object":"organization.project.user","id":"user_1","name":"Ada","email":"ada@example.com","role":"member","added_at":1711471533}`

	accountBody       = `{"object":"organization.project.service_account","id":"sa_1","name":"worker","role":"member","created_at":1711471533}`
	accountKeyBody    = `{"object":"organization.project.service_account.api_key","value":"sk-svcacct-secret","name":"worker","created_at":1711471533,"id":"key_1","expires_at":null}`
	newAccountBody    = `{"object":"organization.project.service_account","id":"sa_1","name":"worker","role":"member","created_at":1711471533,"api_key":` + accountKeyBody + `}`
	lonelyAccountBody = `{"object":"organization.project.service_account","id":"sa_1","name":"worker","role":"member","created_at":1711471533,"api_key":null}`

	projectKeyTail = `"object":"organization.project.api_key","redacted_value":"sk-proj...xyz","name":"laptop","created_at":1711471533,` +
		`"last_used_at":null,"id":"key_1","owner_project_access":"active","owner":{"type":"user","user":{"id":"user_1",` +
		`"email":"ada@example.com","name":"Ada","created_at":1711471533,"role":"member"}},"expires_at":null}`
	projectKeyBody    = `{` + projectKeyTail
	newProjectKeyBody = `{"value":"sk-proj-secretxyz",` + projectKeyTail

	rateLimitBody = `{"object":"project.rate_limit","id":"rl-gpt","model":"gpt","max_requests_per_1_minute":60,"max_tokens_per_1_minute":1000}`

	eventBody = `{"id":"event_1","type":"project.created","effective_at":1711471533,"actor":null,"project.created":{"id":"proj_1","data":{"name":"chat","title":"chat"}}}`
)

func listOf(element string) string {
	return `{"object":"list","data":[` + element + `],"first_id":"x","last_id":"x","has_more":false}`
}

func deletedAs(object, id string) string {
	return `{"object":"` + object + `","id":"` + id + `","deleted":true}`
}

// operation is one method of the client with a valid request, what that looks
// like on the wire, and a valid answer to it.
type operation struct {
	method string // Users.List
	call   func(context.Context, *client.Client) error
	wire   string // method, path and query, body
	reply  string
}

// discard drops the result of a method.
func discard[T any](_ T, err error) error { return err }

// walkThrough drops what All yields.
func walkThrough[T any](all iter.Seq2[T, error]) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// organizationOperations are those of the resources behind the admin API keys,
// which have tests of their own.
var organizationOperations = []operation{
	{"Users.List", func(ctx context.Context, c *client.Client) error {
		return discard(c.Users.List(ctx, api.UserListParams{After: "user_0", Limit: new(2), Emails: []string{"a@x.y", "b@x.y"}}))
	}, "GET users?after=user_0&emails%5B%5D=a%40x.y&emails%5B%5D=b%40x.y&limit=2", listOf(userBody)},
	{"Users.All", func(ctx context.Context, c *client.Client) error {
		return walkThrough(c.Users.All(ctx, api.UserListParams{}))
	}, "GET users?limit=100", listOf(userBody)},
	{"Users.Get", func(ctx context.Context, c *client.Client) error {
		return discard(c.Users.Get(ctx, "user_1"))
	}, "GET users/user_1", userBody},
	{"Users.Update", func(ctx context.Context, c *client.Client) error {
		return discard(c.Users.Update(ctx, "user_1", api.UserUpdateRequest{Role: new(api.RoleOwner)}))
	}, `POST users/user_1 {"role":"owner"}`, userBody},
	{"Users.Delete", func(ctx context.Context, c *client.Client) error {
		return discard(c.Users.Delete(ctx, "user_1"))
	}, "DELETE users/user_1", deletedAs(api.ObjectUserDeleted, "user_1")},

	{"Invites.List", func(ctx context.Context, c *client.Client) error {
		return discard(c.Invites.List(ctx, api.InviteListParams{After: "invite_0", Limit: new(0)}))
	}, "GET invites?after=invite_0&limit=0", listOf(inviteBody)},
	{"Invites.All", func(ctx context.Context, c *client.Client) error {
		return walkThrough(c.Invites.All(ctx, api.InviteListParams{Limit: new(3)}))
	}, "GET invites?limit=3", listOf(inviteBody)},
	{"Invites.Get", func(ctx context.Context, c *client.Client) error {
		return discard(c.Invites.Get(ctx, "invite_1"))
	}, "GET invites/invite_1", inviteBody},
	{"Invites.Create", func(ctx context.Context, c *client.Client) error {
		return discard(c.Invites.Create(ctx, api.InviteCreateRequest{
			Email: "ada@example.com", Role: api.RoleReader, Projects: []api.InviteProject{{ID: "proj_1", Role: api.RoleMember}},
		}))
	}, `POST invites {"email":"ada@example.com","role":"reader","projects":[{"id":"proj_1","role":"member"}]}`, newInviteBody},
	{"Invites.Delete", func(ctx context.Context, c *client.Client) error {
		return discard(c.Invites.Delete(ctx, "invite_1"))
	}, "DELETE invites/invite_1", deletedAs(api.ObjectInviteDeleted, "invite_1")},

	{"Projects.List", func(ctx context.Context, c *client.Client) error {
		return discard(c.Projects.List(ctx, api.ProjectListParams{IncludeArchived: true}))
	}, "GET projects?include_archived=true", listOf(projectBody)},
	{"Projects.All", func(ctx context.Context, c *client.Client) error {
		return walkThrough(c.Projects.All(ctx, api.ProjectListParams{After: "proj_0"}))
	}, "GET projects?after=proj_0&limit=100", listOf(projectBody)},
	{"Projects.Get", func(ctx context.Context, c *client.Client) error {
		return discard(c.Projects.Get(ctx, "proj_1"))
	}, "GET projects/proj_1", projectBody},
	{"Projects.Create", func(ctx context.Context, c *client.Client) error {
		return discard(c.Projects.Create(ctx, api.ProjectCreateRequest{Name: "chat"}))
	}, `POST projects {"name":"chat"}`, projectBody},
	{"Projects.Update", func(ctx context.Context, c *client.Client) error {
		return discard(c.Projects.Update(ctx, "proj_1", api.ProjectUpdateRequest{Name: new("chat")}))
	}, `POST projects/proj_1 {"name":"chat"}`, projectBody},
	{"Projects.Archive", func(ctx context.Context, c *client.Client) error {
		return discard(c.Projects.Archive(ctx, "proj_1"))
	}, "POST projects/proj_1/archive", archivedBody},

	{"ProjectUsers.List", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectUsers.List(ctx, "proj_1", api.ProjectUserListParams{After: "user_0", Limit: new(100)}))
	}, "GET projects/proj_1/users?after=user_0&limit=100", listOf(memberBody)},
	{"ProjectUsers.All", func(ctx context.Context, c *client.Client) error {
		return walkThrough(c.ProjectUsers.All(ctx, "proj_1", api.ProjectUserListParams{}))
	}, "GET projects/proj_1/users?limit=100", listOf(memberBody)},
	{"ProjectUsers.Get", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectUsers.Get(ctx, "proj_1", "user_1"))
	}, "GET projects/proj_1/users/user_1", memberBody},
	{"ProjectUsers.Create", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectUsers.Create(ctx, "proj_1", api.ProjectUserCreateRequest{UserID: new("user_1"), Role: api.RoleMember}))
	}, `POST projects/proj_1/users {"user_id":"user_1","role":"member"}`, memberBody},
	{"ProjectUsers.Update", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectUsers.Update(ctx, "proj_1", "user_1", api.ProjectUserUpdateRequest{Role: new(api.RoleMember)}))
	}, `POST projects/proj_1/users/user_1 {"role":"member"}`, memberBody},
	{"ProjectUsers.Delete", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectUsers.Delete(ctx, "proj_1", "user_1"))
	}, "DELETE projects/proj_1/users/user_1", deletedAs(api.ObjectProjectUserDeleted, "user_1")},

	{"ProjectServiceAccounts.List", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectServiceAccounts.List(ctx, "proj_1", api.ProjectServiceAccountListParams{Limit: new(1)}))
	}, "GET projects/proj_1/service_accounts?limit=1", listOf(accountBody)},
	{"ProjectServiceAccounts.All", func(ctx context.Context, c *client.Client) error {
		return walkThrough(c.ProjectServiceAccounts.All(ctx, "proj_1", api.ProjectServiceAccountListParams{}))
	}, "GET projects/proj_1/service_accounts?limit=100", listOf(accountBody)},
	{"ProjectServiceAccounts.Get", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectServiceAccounts.Get(ctx, "proj_1", "sa_1"))
	}, "GET projects/proj_1/service_accounts/sa_1", accountBody},
	{"ProjectServiceAccounts.Create", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectServiceAccounts.Create(ctx, "proj_1", api.ProjectServiceAccountCreateRequest{Name: "worker"}))
	}, `POST projects/proj_1/service_accounts {"name":"worker"}`, newAccountBody},
	{"ProjectServiceAccounts.Update", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectServiceAccounts.Update(ctx, "proj_1", "sa_1", api.ProjectServiceAccountUpdateRequest{Name: "worker"}))
	}, `POST projects/proj_1/service_accounts/sa_1 {"name":"worker"}`, accountBody},
	{"ProjectServiceAccounts.Delete", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectServiceAccounts.Delete(ctx, "proj_1", "sa_1"))
	}, "DELETE projects/proj_1/service_accounts/sa_1", deletedAs(api.ObjectProjectServiceAccountDeleted, "sa_1")},
	{"ProjectServiceAccounts.CreateAPIKey", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectServiceAccounts.CreateAPIKey(ctx, "proj_1", "sa_1", api.ProjectServiceAccountAPIKeyCreateRequest{}))
	}, `POST projects/proj_1/service_accounts/sa_1/api_keys {}`, accountKeyBody},

	{"ProjectAPIKeys.List", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectAPIKeys.List(ctx, "proj_1", api.ProjectAPIKeyListParams{OwnerProjectAccess: api.ProjectAccessAny}))
	}, "GET projects/proj_1/api_keys?owner_project_access=any", listOf(projectKeyBody)},
	{"ProjectAPIKeys.All", func(ctx context.Context, c *client.Client) error {
		return walkThrough(c.ProjectAPIKeys.All(ctx, "proj_1", api.ProjectAPIKeyListParams{}))
	}, "GET projects/proj_1/api_keys?limit=100", listOf(projectKeyBody)},
	{"ProjectAPIKeys.Get", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectAPIKeys.Get(ctx, "proj_1", "key_1"))
	}, "GET projects/proj_1/api_keys/key_1", projectKeyBody},
	{"ProjectAPIKeys.Create", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectAPIKeys.Create(ctx, "proj_1", api.ProjectAPIKeyCreateRequest{UserID: "user_1", Name: "laptop"}))
	}, `POST projects/proj_1/api_keys {"user_id":"user_1","name":"laptop"}`, newProjectKeyBody},
	{"ProjectAPIKeys.Delete", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectAPIKeys.Delete(ctx, "proj_1", "key_1"))
	}, "DELETE projects/proj_1/api_keys/key_1", deletedAs(api.ObjectProjectAPIKeyDeleted, "key_1")},

	{"ProjectRateLimits.List", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectRateLimits.List(ctx, "proj_1", api.ProjectRateLimitListParams{Before: "rl-x", Limit: new(1000)}))
	}, "GET projects/proj_1/rate_limits?before=rl-x&limit=1000", listOf(rateLimitBody)},
	{"ProjectRateLimits.All", func(ctx context.Context, c *client.Client) error {
		return walkThrough(c.ProjectRateLimits.All(ctx, "proj_1", api.ProjectRateLimitListParams{}))
	}, "GET projects/proj_1/rate_limits?limit=1000", listOf(rateLimitBody)},
	{"ProjectRateLimits.Update", func(ctx context.Context, c *client.Client) error {
		return discard(c.ProjectRateLimits.Update(ctx, "proj_1", "rl-gpt", api.ProjectRateLimitUpdateRequest{MaxRequestsPer1Minute: new(int64(0))}))
	}, `POST projects/proj_1/rate_limits/rl-gpt {"max_requests_per_1_minute":0}`, rateLimitBody},

	{"AuditLogs.List", func(ctx context.Context, c *client.Client) error {
		return discard(c.AuditLogs.List(ctx, api.AuditLogListParams{
			EffectiveAt: api.AuditLogTimes{GT: new(int64(1)), GTE: new(int64(2)), LT: new(int64(3)), LTE: new(int64(4))},
			ProjectIDs:  []string{"proj_1"}, EventTypes: []api.AuditEventType{api.AuditUserAdded, api.AuditUserDeleted},
			ActorIDs: []string{"user_1"}, ActorEmails: []string{"a@x.y"}, ResourceIDs: []string{"key_1"},
			After: "event_9", Before: "event_5", Limit: new(7),
		}))
	}, "GET audit_logs?actor_emails%5B%5D=a%40x.y&actor_ids%5B%5D=user_1&after=event_9&before=event_5" +
		"&effective_at%5Bgt%5D=1&effective_at%5Bgte%5D=2&effective_at%5Blt%5D=3&effective_at%5Blte%5D=4" +
		"&event_types%5B%5D=user.added&event_types%5B%5D=user.deleted&limit=7&project_ids%5B%5D=proj_1&resource_ids%5B%5D=key_1", listOf(eventBody)},
	{"AuditLogs.All", func(ctx context.Context, c *client.Client) error {
		return walkThrough(c.AuditLogs.All(ctx, api.AuditLogListParams{EventTypes: []api.AuditEventType{api.AuditInviteSent}}))
	}, "GET audit_logs?event_types%5B%5D=invite.sent&limit=100", listOf(eventBody)},
}

// TestEveryMethodIsTried keeps the table complete.
func TestEveryMethodIsTried(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, op := range organizationOperations {
		tried[op.method] = true
	}
	for service := range reflect.TypeFor[client.Client]().Fields() {
		if !service.IsExported() || service.Name == "AdminAPIKeys" {
			continue
		}
		for method := range service.Type.Methods() {
			if name := service.Name + "." + method.Name; !tried[name] {
				t.Errorf("%s is not in the table", name)
			}
		}
	}
}

func TestOrganizationRequestsOnTheWire(t *testing.T) {
	t.Parallel()
	for _, op := range organizationOperations {
		t.Run(op.method, func(t *testing.T) {
			t.Parallel()
			var got, contentType string
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = r.Method + " " + strings.TrimPrefix(r.RequestURI, "/v1/organization/")
				if len(body) != 0 {
					got += " " + string(body)
				}
				contentType = r.Header.Get("Content-Type")
				replies(200, "application/json", op.reply)(w, r)
			})
			if err := op.call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(op.wire, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			if hasBody := strings.HasSuffix(op.wire, "}"); hasBody != (contentType == "application/json") {
				t.Errorf("content type %q", contentType)
			}
		})
	}
}
