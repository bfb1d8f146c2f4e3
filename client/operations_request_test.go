package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

func TestBadOrganizationRequestsAreNotSent(t *testing.T) {
	t.Parallel()
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("sent: %s %s", r.Method, r.RequestURI)
	})
	ctx := t.Context()
	reader, member := api.RoleReader, api.RoleMember
	for _, tt := range []struct {
		name  string
		call  func() error
		param string
	}{
		{"no user", func() error { return discard(c.Users.Get(ctx, "")) }, "user_id"},
		{"a page of no users", func() error { return discard(c.Users.List(ctx, api.UserListParams{Limit: new(0)})) }, "limit"},
		{"an empty address", func() error { return discard(c.Users.List(ctx, api.UserListParams{Emails: []string{"a@b", ""}})) }, "emails[]"},
		{"a change of nothing", func() error { return discard(c.Users.Update(ctx, "user_1", api.UserUpdateRequest{})) }, "role"},
		{"a role of projects", func() error { return discard(c.Users.Update(ctx, "user_1", api.UserUpdateRequest{Role: &member})) }, "role"},
		{"delete a key for a user", func() error { return discard(c.Users.Delete(ctx, testKey)) }, "user_id"},

		{"no address", func() error { return discard(c.Invites.Create(ctx, api.InviteCreateRequest{Role: reader})) }, "email"},
		{"half an address", func() error {
			return discard(c.Invites.Create(ctx, api.InviteCreateRequest{Email: "ada@", Role: reader}))
		}, "email"},
		{"a space in an address", func() error {
			return discard(c.Invites.Create(ctx, api.InviteCreateRequest{Email: "a da@x", Role: reader}))
		}, "email"},
		{"no role", func() error { return discard(c.Invites.Create(ctx, api.InviteCreateRequest{Email: "a@b"})) }, "role"},
		{"an invite to no project", func() error {
			return discard(c.Invites.Create(ctx, api.InviteCreateRequest{Email: "a@b", Role: reader, Projects: []api.InviteProject{
				{ID: "proj_1", Role: member}, {Role: member},
			}}))
		}, "projects[1].id"},
		{"an invite as a reader of a project", func() error {
			return discard(c.Invites.Create(ctx, api.InviteCreateRequest{Email: "a@b", Role: reader, Projects: []api.InviteProject{{ID: "proj_1", Role: reader}}}))
		}, "projects[0].role"},

		{"a nameless project", func() error { return discard(c.Projects.Create(ctx, api.ProjectCreateRequest{Name: " "})) }, "name"},
		{"a change of nothing in a project", func() error { return discard(c.Projects.Update(ctx, "proj_1", api.ProjectUpdateRequest{})) }, "name"},
		{"a project's new name is empty", func() error {
			return discard(c.Projects.Update(ctx, "proj_1", api.ProjectUpdateRequest{Name: new("")}))
		}, "name"},
		{"archive nothing", func() error { return discard(c.Projects.Archive(ctx, "..")) }, "project_id"},

		{"members of no project", func() error { return discard(c.ProjectUsers.List(ctx, "", api.ProjectUserListParams{})) }, "project_id"},
		{"no member", func() error { return discard(c.ProjectUsers.Get(ctx, "proj_1", "")) }, "user_id"},
		{"nobody as a member", func() error {
			return discard(c.ProjectUsers.Create(ctx, "proj_1", api.ProjectUserCreateRequest{Role: member}))
		}, "user_id"},
		{"a member named twice", func() error {
			return discard(c.ProjectUsers.Create(ctx, "proj_1", api.ProjectUserCreateRequest{UserID: new("user_1"), Email: new("a@b"), Role: member}))
		}, "user_id"},
		{"a member without an address", func() error {
			return discard(c.ProjectUsers.Create(ctx, "proj_1", api.ProjectUserCreateRequest{Email: new("ada"), Role: member}))
		}, "email"},
		{"a member as a reader", func() error {
			return discard(c.ProjectUsers.Create(ctx, "proj_1", api.ProjectUserCreateRequest{UserID: new("user_1"), Role: reader}))
		}, "role"},
		{"a member's change of nothing", func() error {
			return discard(c.ProjectUsers.Update(ctx, "proj_1", "user_1", api.ProjectUserUpdateRequest{}))
		}, "role"},

		{"a nameless account", func() error {
			return discard(c.ProjectServiceAccounts.Create(ctx, "proj_1", api.ProjectServiceAccountCreateRequest{}))
		}, "name"},
		{"the life of no key", func() error {
			return discard(c.ProjectServiceAccounts.Create(ctx, "proj_1", api.ProjectServiceAccountCreateRequest{
				Name: "w", CreateServiceAccountOnly: new(true), ExpiresInSeconds: new(int64(60)),
			}))
		}, "expires_in_seconds"},
		{"an account's change of nothing", func() error {
			return discard(c.ProjectServiceAccounts.Update(ctx, "proj_1", "sa_1", api.ProjectServiceAccountUpdateRequest{}))
		}, "name"},
		{"an account as a reader", func() error {
			return discard(c.ProjectServiceAccounts.Update(ctx, "proj_1", "sa_1", api.ProjectServiceAccountUpdateRequest{Role: reader}))
		}, "role"},
		{"a key of no account", func() error {
			return discard(c.ProjectServiceAccounts.CreateAPIKey(ctx, "proj_1", "", api.ProjectServiceAccountAPIKeyCreateRequest{}))
		}, "service_account_id"},
		{"a key that lives 0 seconds", func() error {
			return discard(c.ProjectServiceAccounts.CreateAPIKey(ctx, "proj_1", "sa_1", api.ProjectServiceAccountAPIKeyCreateRequest{ExpiresInSeconds: new(int64(0))}))
		}, "expires_in_seconds"},
		{"a key with a control character", func() error {
			return discard(c.ProjectServiceAccounts.CreateAPIKey(ctx, "proj_1", "sa_1", api.ProjectServiceAccountAPIKeyCreateRequest{Name: "\t"}))
		}, "name"},

		{"an unknown access", func() error {
			return discard(c.ProjectAPIKeys.List(ctx, "proj_1", api.ProjectAPIKeyListParams{OwnerProjectAccess: "some"}))
		}, "owner_project_access"},
		{"a key of nobody", func() error {
			return discard(c.ProjectAPIKeys.Create(ctx, "proj_1", api.ProjectAPIKeyCreateRequest{Name: "laptop"}))
		}, "user_id"},
		{"a key that lives too long", func() error {
			return discard(c.ProjectAPIKeys.Create(ctx, "proj_1", api.ProjectAPIKeyCreateRequest{
				UserID: "user_1", Name: "laptop", ExpiresInSeconds: new(int64(api.MaxExpiresInSeconds + 1)),
			}))
		}, "expires_in_seconds"},
		{"the value of a key for its id", func() error { return discard(c.ProjectAPIKeys.Delete(ctx, "proj_1", "sk-proj-canary")) }, "api_key_id"},

		{"a page of 1001 limits", func() error {
			return discard(c.ProjectRateLimits.List(ctx, "proj_1", api.ProjectRateLimitListParams{Limit: new(1001)}))
		}, "limit"},
		{"a negative limit", func() error {
			return discard(c.ProjectRateLimits.Update(ctx, "proj_1", "rl-gpt", api.ProjectRateLimitUpdateRequest{MaxRequestsPer1Day: new(int64(-1))}))
		}, "max_requests_per_1_day"},
		{"no limit to change", func() error {
			return discard(c.ProjectRateLimits.Update(ctx, "proj_1", "rl-gpt", api.ProjectRateLimitUpdateRequest{}))
		}, "max_requests_per_1_minute"},
		{"all limits before one", func() error {
			return walkThrough(c.ProjectRateLimits.All(ctx, "proj_1", api.ProjectRateLimitListParams{Before: "rl-gpt"}))
		}, "before"},

		{"the value of a key for a resource", func() error {
			return discard(c.AuditLogs.List(ctx, api.AuditLogListParams{ResourceIDs: []string{"key_1", testKey}}))
		}, "resource_ids[]"},
		{"an empty type", func() error {
			return discard(c.AuditLogs.List(ctx, api.AuditLogListParams{EventTypes: []api.AuditEventType{""}}))
		}, "event_types[]"},
		{"a page of no events", func() error { return discard(c.AuditLogs.List(ctx, api.AuditLogListParams{Limit: new(0)})) }, "limit"},
		{"all events in pages of 0", func() error { return walkThrough(c.AuditLogs.All(ctx, api.AuditLogListParams{Limit: new(0)})) }, "limit"},
		{"all events before one", func() error {
			return walkThrough(c.AuditLogs.All(ctx, api.AuditLogListParams{Before: "event_1"}))
		}, "before"},

		{"no token", func() error {
			return discard(client.AcceptInvite(ctx, "http://127.0.0.1:1/v1", api.InviteAcceptRequest{Name: "Ada"}))
		}, "token"},
		{"nobody accepts", func() error {
			return discard(client.AcceptInvite(ctx, "http://127.0.0.1:1/v1", api.InviteAcceptRequest{Token: "canary"}))
		}, "name"},
		{"a key for no time", func() error {
			return discard(client.AcceptInvite(ctx, "http://127.0.0.1:1/v1", api.InviteAcceptRequest{Token: "canary", Name: "Ada", ExpiresInSeconds: new(int64(0))}))
		}, "expires_in_seconds"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.call()
			refused, ok := errors.AsType[*client.RequestError](err)
			if !ok {
				t.Fatalf("got %v, want a RequestError", err)
			}
			if refused.Param != tt.param || refused.Operation == "" || refused.Message == "" {
				t.Errorf("got %+v, want param %s", refused, tt.param)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("error shows a secret: %v", err)
			}
		})
	}
}
