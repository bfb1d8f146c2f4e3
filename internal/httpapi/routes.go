package httpapi

import (
	"net/http"
	"slices"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Route is one operation of the contract as it is served.
type Route struct {
	Method     string
	Path       string // of http.ServeMux, without the method
	Operation  string // operationId of the contract
	Permission org.Permission
}

// permission is what a request needs of its caller. To delete the very key that
// it came with, it is enough to read.
func (r Route) permission(caller org.Caller, req *http.Request) org.Permission {
	if r.Operation == deleteKey && caller.Admin && req.PathValue("key_id") == caller.KeyID {
		return org.ManagementRead
	}
	return r.Permission
}

const deleteKey = "admin-api-keys-delete"

// anybody is the permission of an operation that takes no key: what the request
// holds is the permission.
const anybody org.Permission = ""

// route is a row with its handler.
type route struct {
	Route
	handler http.Handler
}

// table is every operation that is served.
func (a *admin) table() []route {
	return slices.Concat(
		a.adminAPIKeyRoutes(), a.userRoutes(), a.inviteRoutes(),
		a.projectRoutes(), a.projectUserRoutes(), a.projectServiceAccountRoutes(), a.projectAPIKeyRoutes(), a.rateLimitRoutes(),
		a.auditRoutes(),
	)
}

func (a *admin) adminAPIKeyRoutes() []route {
	const (
		keys = "/v1/organization/admin_api_keys"
		key  = keys + "/{key_id}"
	)
	return []route{
		{Route{http.MethodGet, keys, "admin-api-keys-list", org.ManagementRead}, handle(a, a.listAdminAPIKeys)},
		{Route{http.MethodPost, keys, "admin-api-keys-create", org.ManagementWrite}, handle(a, a.createAdminAPIKey)},
		{Route{http.MethodGet, key, "admin-api-keys-get", org.ManagementRead}, handle(a, a.getAdminAPIKey)},
		{Route{http.MethodDelete, key, deleteKey, org.ManagementWrite}, handle(a, a.deleteAdminAPIKey)},
	}
}

func (a *admin) userRoutes() []route {
	const (
		users = "/v1/organization/users"
		user  = users + "/{user_id}"
	)
	return []route{
		{Route{http.MethodGet, users, "list-users", org.ManagementRead}, handle(a, a.listUsers)},
		{Route{http.MethodGet, user, "retrieve-user", org.ManagementRead}, handle(a, a.getUser)},
		{Route{http.MethodPost, user, "modify-user", org.ManagementWrite}, handle(a, a.updateUser)},
		{Route{http.MethodDelete, user, "delete-user", org.ManagementWrite}, handle(a, a.deleteUser)},
	}
}

// One project, and what it has lies below.
const (
	projectsPath = "/v1/organization/projects"
	projectPath  = projectsPath + "/{project_id}"
)

func (a *admin) projectRoutes() []route {
	return []route{
		{Route{http.MethodGet, projectsPath, "list-projects", org.ManagementRead}, handle(a, a.listProjects)},
		{Route{http.MethodPost, projectsPath, "create-project", org.ManagementWrite}, handle(a, a.createProject)},
		{Route{http.MethodGet, projectPath, "retrieve-project", org.ManagementRead}, handle(a, a.getProject)},
		{Route{http.MethodPost, projectPath, "modify-project", org.ManagementWrite}, handle(a, a.updateProject)},
		{Route{http.MethodPost, projectPath + "/archive", "archive-project", org.ManagementWrite}, handle(a, a.archiveProject)},
	}
}

func (a *admin) inviteRoutes() []route {
	const (
		invites = "/v1/organization/invites"
		invite  = invites + "/{invite_id}"
	)
	return []route{
		{Route{http.MethodGet, invites, "list-invites", org.ManagementRead}, handle(a, a.listInvites)},
		{Route{http.MethodPost, invites, "inviteUser", org.ManagementWrite}, handle(a, a.createInvite)},
		{Route{http.MethodGet, invite, "retrieve-invite", org.ManagementRead}, handle(a, a.getInvite)},
		{Route{http.MethodDelete, invite, "delete-invite", org.ManagementWrite}, handle(a, a.deleteInvite)},
		{Route{http.MethodPost, invites + "/accept", "keyreeve-accept-invite", anybody}, handle(a, a.acceptInvite)},
	}
}

func (a *admin) projectUserRoutes() []route {
	const (
		users = projectPath + "/users"
		user  = users + "/{user_id}"
	)
	return []route{
		{Route{http.MethodGet, users, "list-project-users", org.ManagementRead}, handle(a, a.listProjectUsers)},
		{Route{http.MethodPost, users, "create-project-user", org.ManagementWrite}, handle(a, a.createProjectUser)},
		{Route{http.MethodGet, user, "retrieve-project-user", org.ManagementRead}, handle(a, a.getProjectUser)},
		{Route{http.MethodPost, user, "modify-project-user", org.ManagementWrite}, handle(a, a.updateProjectUser)},
		{Route{http.MethodDelete, user, "delete-project-user", org.ManagementWrite}, handle(a, a.deleteProjectUser)},
	}
}

func (a *admin) projectServiceAccountRoutes() []route {
	const (
		accounts = projectPath + "/service_accounts"
		account  = accounts + "/{service_account_id}"
	)
	return []route{
		{Route{http.MethodGet, accounts, "list-project-service-accounts", org.ManagementRead}, handle(a, a.listProjectServiceAccounts)},
		{Route{http.MethodPost, accounts, "create-project-service-account", org.ManagementWrite}, handle(a, a.createProjectServiceAccount)},
		{Route{http.MethodGet, account, "retrieve-project-service-account", org.ManagementRead}, handle(a, a.getProjectServiceAccount)},
		{Route{http.MethodPost, account, "update-project-service-account", org.ManagementWrite}, handle(a, a.updateProjectServiceAccount)},
		{Route{http.MethodDelete, account, "delete-project-service-account", org.ManagementWrite}, handle(a, a.deleteProjectServiceAccount)},
		{Route{http.MethodPost, account + "/api_keys", "CreateanAPIkeyforaserviceaccount", org.ManagementWrite}, handle(a, a.createProjectServiceAccountKey)},
	}
}

func (a *admin) projectAPIKeyRoutes() []route {
	const (
		keys = projectPath + "/api_keys"
		key  = keys + "/{api_key_id}"
	)
	return []route{
		{Route{http.MethodGet, keys, "list-project-api-keys", org.ManagementRead}, handle(a, a.listProjectAPIKeys)},
		{Route{http.MethodPost, keys, "keyreeve-create-project-api-key", org.ManagementWrite}, handle(a, a.createProjectAPIKey)},
		{Route{http.MethodGet, key, "retrieve-project-api-key", org.ManagementRead}, handle(a, a.getProjectAPIKey)},
		{Route{http.MethodDelete, key, "delete-project-api-key", org.ManagementWrite}, handle(a, a.deleteProjectAPIKey)},
	}
}

func (a *admin) rateLimitRoutes() []route {
	const limits = projectPath + "/rate_limits"
	return []route{
		{Route{http.MethodGet, limits, "list-project-rate-limits", org.ManagementRead}, handle(a, a.listRateLimits)},
		{Route{http.MethodPost, limits + "/{rate_limit_id}", "update-project-rate-limits", org.ManagementWrite}, handle(a, a.updateRateLimit)},
	}
}

func (a *admin) auditRoutes() []route {
	return []route{
		{Route{http.MethodGet, "/v1/organization/audit_logs", "list-audit-logs", org.ManagementRead}, handle(a, a.listAuditLogs)},
	}
}

// Routes lists what is served, for tests that must not miss a row.
func Routes() []Route {
	var out []Route
	for _, r := range new(admin).table() {
		out = append(out, r.Route)
	}
	return out
}
