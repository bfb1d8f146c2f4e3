package contracttest_test

import (
	"testing"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/contracttest"
)

// page is a list of the contract with these elements.
func page[T any](data ...T) api.List[T] {
	return api.List[T]{Object: api.ObjectList, Data: data, FirstID: new("a"), LastID: new("b"), HasMore: true}
}

func deleted(object string) api.Deleted {
	return api.Deleted{Object: object, ID: "x_01", Deleted: true}
}

func TestUserTypesAgreeWithTheContract(t *testing.T) {
	t.Parallel()
	user := api.User{
		Object: api.ObjectUser, ID: "user_01", Name: new("Ada"), Email: new("ada@example.com"), Role: new(api.RoleOwner), AddedAt: 1700000000,
	}
	full := user
	full.User = &api.UserProfile{Object: "user", ID: "user_01", Banned: new(false)}
	full.Projects = &api.UserProjects{Object: api.ObjectList, Data: []api.UserProject{{ID: new("proj_01"), Role: new(api.RoleMember)}}}
	nameless := api.User{Object: api.ObjectUser, ID: "user_02", AddedAt: 1700000000}
	contracttest.CheckType(t, "User", user, full, nameless)
	contracttest.CheckResponse(t, "retrieve-user", user)
	contracttest.CheckResponse(t, "list-users", page(user, full), page[api.User]())
	contracttest.CheckRequest(t, "modify-user", api.UserUpdateRequest{Role: new(api.RoleReader)})
	contracttest.CheckResponse(t, "delete-user", deleted(api.ObjectUserDeleted))
}

func TestInviteTypesAgreeWithTheContract(t *testing.T) {
	t.Parallel()
	invite := api.Invite{
		Object: api.ObjectInvite, ID: "invite_01", Email: "ada@example.com", Role: api.RoleReader, Status: api.InvitePending,
		CreatedAt: 1700000000, ExpiresAt: new(int64(1700604800)), Projects: []api.InviteProject{},
	}
	accepted := invite
	accepted.Status, accepted.AcceptedAt = api.InviteAccepted, new(int64(1700000060))
	accepted.Projects = []api.InviteProject{{ID: "proj_01", Role: api.RoleMember}}
	contracttest.CheckType(t, "Invite", invite, accepted)
	contracttest.CheckResponse(t, "retrieve-invite", invite)
	contracttest.CheckResponse(t, "list-invites", page(invite, accepted))
	contracttest.CheckRequest(t, "inviteUser",
		api.InviteCreateRequest{Email: "ada@example.com", Role: api.RoleOwner},
		api.InviteCreateRequest{Email: "ada@example.com", Role: api.RoleReader, Projects: accepted.Projects})
	contracttest.CheckResponse(t, "inviteUser", api.InviteCreateResponse{Invite: invite, Token: "t"})
	contracttest.CheckResponse(t, "delete-invite", deleted(api.ObjectInviteDeleted))
	contracttest.CheckRequest(t, "keyreeve-accept-invite",
		api.InviteAcceptRequest{Token: "t", Name: "Ada"},
		api.InviteAcceptRequest{Token: "t", Name: "Ada", ExpiresInSeconds: new(int64(60))})
	contracttest.CheckResponse(t, "keyreeve-accept-invite", api.InviteAcceptResponse{
		User: api.User{Object: api.ObjectUser, ID: "user_01", Name: new("Ada"), Email: new("ada@example.com"), Role: new(api.RoleReader), AddedAt: 1700000000},
		AdminAPIKey: api.AdminAPIKeyCreateResponse{
			AdminAPIKey: api.AdminAPIKey{
				Object: api.ObjectAdminAPIKey, ID: "key_01", Name: new("First admin key"), RedactedValue: "sk-admin...abc", CreatedAt: 1700000000,
				Owner: api.AdminAPIKeyOwner{
					Type: "user", Object: api.ObjectUser, ID: "user_01", Name: "Ada", CreatedAt: 1700000000, Role: api.RoleReader,
				},
			},
			Value: "sk-admin-x",
		},
	})
}

func TestProjectTypesAgreeWithTheContract(t *testing.T) {
	t.Parallel()
	active := api.Project{
		ID: "proj_01", Object: api.ObjectProject, Name: new("chat"), CreatedAt: 1700000000, Status: new(api.ProjectActive),
	}
	archived := api.Project{
		ID: "proj_01", Object: api.ObjectProject, Name: new("chat"), CreatedAt: 1700000000, ArchivedAt: new(int64(1700000060)),
		Status: new(api.ProjectArchived), ExternalKeyID: new("k"), Residency: "GLOBAL",
	}
	contracttest.CheckType(t, "Project", active, archived)
	for _, operation := range []string{"create-project", "retrieve-project", "modify-project", "archive-project"} {
		contracttest.CheckResponse(t, operation, active)
	}
	contracttest.CheckResponse(t, "list-projects", page(active, archived))
	contracttest.CheckRequest(t, "create-project",
		api.ProjectCreateRequest{Name: "chat"},
		api.ProjectCreateRequest{Name: "chat", Residency: new("GLOBAL"), ExternalKeyID: new("k")})
	contracttest.CheckRequest(t, "modify-project", api.ProjectUpdateRequest{Name: new("talk")})
}

func TestProjectUserTypesAgreeWithTheContract(t *testing.T) {
	t.Parallel()
	user := api.ProjectUser{
		Object: api.ObjectProjectUser, ID: "user_01", Name: new("Ada"), Email: new("ada@example.com"), Role: api.RoleMember, AddedAt: 1700000000,
	}
	contracttest.CheckType(t, "ProjectUser", user)
	for _, operation := range []string{"create-project-user", "retrieve-project-user", "modify-project-user"} {
		contracttest.CheckResponse(t, operation, user)
	}
	contracttest.CheckResponse(t, "list-project-users", page(user))
	contracttest.CheckRequest(t, "create-project-user",
		api.ProjectUserCreateRequest{UserID: new("user_01"), Role: api.RoleMember},
		api.ProjectUserCreateRequest{Email: new("ada@example.com"), Role: api.RoleOwner})
	contracttest.CheckRequest(t, "modify-project-user", api.ProjectUserUpdateRequest{Role: new(api.RoleOwner)})
	contracttest.CheckResponse(t, "delete-project-user", deleted(api.ObjectProjectUserDeleted))
}

func TestProjectServiceAccountTypesAgreeWithTheContract(t *testing.T) {
	t.Parallel()
	account := api.ProjectServiceAccount{
		Object: api.ObjectProjectServiceAccount, ID: "sa_01", Name: "worker", Role: api.RoleMember, CreatedAt: 1700000000,
	}
	key := api.ProjectServiceAccountAPIKey{
		Object: api.ObjectProjectServiceAccountAPIKey, Value: "sk-svcacct-x", Name: "worker", CreatedAt: 1700000000, ID: "key_01",
	}
	contracttest.CheckType(t, "ProjectServiceAccount", account)
	contracttest.CheckType(t, "ProjectServiceAccountApiKey", key)
	for _, operation := range []string{"retrieve-project-service-account", "update-project-service-account"} {
		contracttest.CheckResponse(t, operation, account)
	}
	contracttest.CheckResponse(t, "list-project-service-accounts", page(account))
	contracttest.CheckRequest(t, "create-project-service-account",
		api.ProjectServiceAccountCreateRequest{Name: "worker"},
		api.ProjectServiceAccountCreateRequest{Name: "worker", CreateServiceAccountOnly: new(true), ExpiresInSeconds: new(int64(60))})
	contracttest.CheckResponse(t, "create-project-service-account",
		api.ProjectServiceAccountCreateResponse{ProjectServiceAccount: account},
		api.ProjectServiceAccountCreateResponse{ProjectServiceAccount: account, APIKey: &key})
	contracttest.CheckRequest(t, "update-project-service-account",
		api.ProjectServiceAccountUpdateRequest{Name: "worker 2"}, api.ProjectServiceAccountUpdateRequest{Role: api.RoleOwner})
	contracttest.CheckResponse(t, "delete-project-service-account", deleted(api.ObjectProjectServiceAccountDeleted))
	contracttest.CheckRequest(t, "CreateanAPIkeyforaserviceaccount",
		api.ProjectServiceAccountAPIKeyCreateRequest{},
		api.ProjectServiceAccountAPIKeyCreateRequest{Name: "second", Scopes: []string{"model.request"}, ExpiresInSeconds: new(int64(60))})
	expiring := key
	expiring.ExpiresAt = new(int64(1700000060))
	contracttest.CheckResponse(t, "CreateanAPIkeyforaserviceaccount", key, expiring)
}

func TestProjectAPIKeyTypesAgreeWithTheContract(t *testing.T) {
	t.Parallel()
	ofUser := api.ProjectAPIKey{
		Object: api.ObjectProjectAPIKey, RedactedValue: "sk-proj...xyz", Name: "laptop", CreatedAt: 1700000000,
		LastUsedAt: new(int64(1700000060)), ID: "key_01", OwnerProjectAccess: api.ProjectAccessActive,
		Owner: api.ProjectAPIKeyOwner{Type: "user", User: &api.ProjectAPIKeyOwnerUser{
			ID: "user_01", Email: "ada@example.com", Name: "Ada", CreatedAt: 1700000000, Role: api.RoleMember,
		}},
		ExpiresAt: new(int64(1700003600)),
	}
	ofAccount := api.ProjectAPIKey{
		Object: api.ObjectProjectAPIKey, RedactedValue: "sk-svcacct...xyz", Name: "worker", CreatedAt: 1700000000,
		ID: "key_02", OwnerProjectAccess: api.ProjectAccessInactive,
		Owner: api.ProjectAPIKeyOwner{Type: "service_account", ServiceAccount: &api.ProjectAPIKeyOwnerServiceAccount{
			ID: "sa_01", Name: "worker", CreatedAt: 1700000000, Role: api.RoleMember,
		}},
	}
	contracttest.CheckType(t, "ProjectApiKey", ofUser, ofAccount)
	contracttest.CheckResponse(t, "retrieve-project-api-key", ofUser)
	contracttest.CheckResponse(t, "list-project-api-keys", page(ofUser, ofAccount))
	contracttest.CheckResponse(t, "delete-project-api-key", deleted(api.ObjectProjectAPIKeyDeleted))
	contracttest.CheckRequest(t, "keyreeve-create-project-api-key",
		api.ProjectAPIKeyCreateRequest{UserID: "user_01", Name: "laptop"},
		api.ProjectAPIKeyCreateRequest{UserID: "user_01", Name: "laptop", ExpiresInSeconds: new(int64(60))})
	contracttest.CheckResponse(t, "keyreeve-create-project-api-key",
		api.ProjectAPIKeyCreateResponse{ProjectAPIKey: ofUser, Value: "sk-proj-x"})
}

func TestProjectRateLimitTypesAgreeWithTheContract(t *testing.T) {
	t.Parallel()
	text := api.ProjectRateLimit{
		Object: api.ObjectProjectRateLimit, ID: "rl-gpt", Model: "gpt", MaxRequestsPer1Minute: 60, MaxTokensPer1Minute: 1000,
	}
	all := text
	all.MaxImagesPer1Minute, all.MaxAudioMegabytesPer1Minute = new(int64(1)), new(int64(0))
	all.MaxRequestsPer1Day, all.Batch1DayMaxInputTokens = new(int64(2)), new(int64(3))
	contracttest.CheckType(t, "ProjectRateLimit", text, all)
	contracttest.CheckResponse(t, "list-project-rate-limits", page(text, all))
	contracttest.CheckRequest(t, "update-project-rate-limits", api.ProjectRateLimitUpdateRequest{MaxRequestsPer1Minute: new(int64(0))})
	contracttest.CheckResponse(t, "update-project-rate-limits", all)
}

func TestAuditLogTypesAgreeWithTheContract(t *testing.T) {
	t.Parallel()
	event := func(kind api.AuditEventType, actor *api.AuditLogActor, payload api.AuditLogPayload) api.AuditLog {
		return api.AuditLog{ID: "event_01", Type: kind, EffectiveAt: 1700000000, Actor: actor, AuditLogPayload: payload}
	}
	person := &api.AuditLogActorUser{ID: "user_01", Email: "ada@example.com"}
	byUser := &api.AuditLogActor{Type: "api_key", APIKey: &api.AuditLogActorAPIKey{
		ID: "key_01", Type: "user", User: person, IPAddress: "192.0.2.1", UserAgent: "curl/8",
	}}
	byAccount := &api.AuditLogActor{Type: "api_key", APIKey: &api.AuditLogActorAPIKey{
		ID: "key_02", Type: "service_account", ServiceAccount: &api.AuditLogActorServiceAccount{ID: "sa_01"},
	}}
	bySession := &api.AuditLogActor{Type: "session", Session: &api.AuditLogActorSession{User: person, IPAddress: "192.0.2.1", UserAgent: "Mozilla/5.0"}}
	archived := event(api.AuditProjectArchived, bySession, api.AuditLogPayload{ProjectArchived: &api.AuditObject{ID: "proj_01"}})
	archived.Project = &api.AuditLogProject{ID: "proj_01", Name: "chat"}
	examples := []api.AuditLog{
		archived,
		event(api.AuditAPIKeyCreated, byUser, api.AuditLogPayload{APIKeyCreated: &api.AuditCreated[api.AuditScopes]{
			ID: "key_03", Data: &api.AuditScopes{Scopes: []string{"model.request"}},
		}}),
		event(api.AuditRateLimitUpdated, byAccount, api.AuditLogPayload{RateLimitUpdated: &api.AuditChanged[api.ProjectRateLimitUpdateRequest]{
			ID: "rl-gpt", ChangesRequested: &api.ProjectRateLimitUpdateRequest{MaxRequestsPer1Day: new(int64(0))},
		}}),
		event(api.AuditOrganizationUpdated, nil, api.AuditLogPayload{OrganizationUpdated: &api.AuditChanged[api.AuditOrganizationChange]{
			ID: "org_01", ChangesRequested: &api.AuditOrganizationChange{Description: api.HostRestored},
		}}),
		event("login.succeeded", bySession, api.AuditLogPayload{LoginSucceeded: map[string]any{}}),
	}
	contracttest.CheckType(t, "AuditLog", examples...)
	contracttest.CheckResponse(t, "list-audit-logs", page(examples...))
	for _, kind := range []api.AuditEventType{
		api.AuditAPIKeyCreated, api.AuditAPIKeyUpdated, api.AuditAPIKeyDeleted, api.AuditInviteSent, api.AuditInviteAccepted,
		api.AuditInviteDeleted, api.AuditOrganizationUpdated, api.AuditProjectCreated, api.AuditProjectUpdated, api.AuditProjectArchived,
		api.AuditRateLimitUpdated, api.AuditRoleAssignmentCreated, api.AuditRoleAssignmentDeleted, api.AuditServiceAccountCreated,
		api.AuditServiceAccountUpdated, api.AuditServiceAccountDeleted, api.AuditUserAdded, api.AuditUserUpdated, api.AuditUserDeleted,
	} {
		contracttest.CheckType(t, "AuditLogEventType", kind)
	}
}
