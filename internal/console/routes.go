package console

import (
	"slices"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Route is one page, or what one form does.
type Route struct {
	Pattern    string         // of http.ServeMux
	Permission org.Permission // empty: nobody has to be signed in
}

// route is a row with its handler.
type route struct {
	Route
	serve func(*visit) error
}

const (
	anyone = org.Permission("")
	read   = org.ManagementRead
	write  = org.ManagementWrite
)

// table is every page.
func (c *Console) table() []route {
	return slices.Concat(c.frontRoutes(), c.adminAPIKeyRoutes(), c.projectRoutes(), c.projectAPIKeyRoutes(),
		c.serviceAccountRoutes(), c.memberRoutes(), c.userRoutes(), c.inviteRoutes(), c.activityRoutes())
}

func (c *Console) frontRoutes() []route {
	return []route{
		{Route{"GET /{$}", read}, (*visit).showOverview},
		{Route{"GET /start", read}, (*visit).showStart},
		{Route{"GET /sign-in", anyone}, (*visit).showSignIn},
		{Route{"POST /sign-in", anyone}, (*visit).signIn},
		{Route{"GET " + openIDURL, anyone}, (*visit).beginOpenID},
		{Route{"GET " + CallbackURL, anyone}, (*visit).finishOpenID},
		{Route{"POST /sign-out", read}, (*visit).signOut},
		{Route{"GET /assets/{name}", anyone}, (*visit).showAsset},
	}
}

func (c *Console) adminAPIKeyRoutes() []route {
	return []route{
		{Route{"GET /admin-keys", read}, (*visit).listAdminAPIKeys},
		{Route{"GET /admin-keys/new", write}, (*visit).newAdminAPIKey},
		{Route{"POST /admin-keys/new", write}, (*visit).createAdminAPIKey},
		{Route{"GET /admin-keys/{key_id}", read}, (*visit).showAdminAPIKey},
		{Route{"GET /admin-keys/{key_id}/revoke", write}, (*visit).askRevokeAdminAPIKey},
		{Route{"POST /admin-keys/{key_id}/revoke", write}, (*visit).revokeAdminAPIKey},
	}
}

func (c *Console) projectRoutes() []route {
	return []route{
		{Route{"GET /projects", read}, (*visit).listProjects},
		{Route{"GET /projects/new", write}, (*visit).newProject},
		{Route{"POST /projects/new", write}, (*visit).createProject},
		{Route{"GET /projects/{project_id}", read}, (*visit).showProject},
		{Route{"GET /projects/{project_id}/edit", write}, (*visit).editProject},
		{Route{"POST /projects/{project_id}/edit", write}, (*visit).updateProject},
		{Route{"GET /projects/{project_id}/archive", write}, (*visit).askArchiveProject},
		{Route{"POST /projects/{project_id}/archive", write}, (*visit).archiveProject},
	}
}

func (c *Console) projectAPIKeyRoutes() []route {
	const (
		keys = "/projects/{project_id}/keys"
		key  = keys + "/{key_id}"
	)
	return []route{
		{Route{"GET " + keys, read}, (*visit).listProjectAPIKeys},
		{Route{"GET " + keys + "/new", write}, (*visit).newProjectAPIKey},
		{Route{"POST " + keys + "/new", write}, (*visit).createProjectAPIKey},
		{Route{"GET " + key, read}, (*visit).showProjectAPIKey},
		{Route{"GET " + key + "/revoke", write}, (*visit).askRevokeProjectAPIKey},
		{Route{"POST " + key + "/revoke", write}, (*visit).revokeProjectAPIKey},
	}
}

func (c *Console) serviceAccountRoutes() []route {
	const (
		accounts = "/projects/{project_id}/service-accounts"
		account  = accounts + "/{account_id}"
	)
	return []route{
		{Route{"GET " + accounts, read}, (*visit).listServiceAccounts},
		{Route{"GET " + accounts + "/new", write}, (*visit).newServiceAccount},
		{Route{"POST " + accounts + "/new", write}, (*visit).createServiceAccount},
		{Route{"GET " + account + "/edit", write}, (*visit).editServiceAccount},
		{Route{"POST " + account + "/edit", write}, (*visit).updateServiceAccount},
		{Route{"GET " + account + "/keys/new", write}, (*visit).newServiceAccountKey},
		{Route{"POST " + account + "/keys/new", write}, (*visit).createServiceAccountKey},
		{Route{"GET " + account + "/remove", write}, (*visit).askRemoveServiceAccount},
		{Route{"POST " + account + "/remove", write}, (*visit).removeServiceAccount},
	}
}

func (c *Console) memberRoutes() []route {
	return []route{
		{Route{"GET /projects/{project_id}/members", read}, (*visit).listMembers},
		{Route{"GET /projects/{project_id}/members/new", write}, (*visit).newMember},
		{Route{"POST /projects/{project_id}/members/new", write}, (*visit).createMember},
		{Route{"GET /projects/{project_id}/members/{user_id}/role", write}, (*visit).editMember},
		{Route{"POST /projects/{project_id}/members/{user_id}/role", write}, (*visit).updateMember},
		{Route{"GET /projects/{project_id}/members/{user_id}/remove", write}, (*visit).askRemoveMember},
		{Route{"POST /projects/{project_id}/members/{user_id}/remove", write}, (*visit).removeMember},
	}
}

func (c *Console) inviteRoutes() []route {
	return []route{
		{Route{"GET /invites", read}, (*visit).listInvites},
		{Route{"GET /invites/new", write}, (*visit).newInvite},
		{Route{"POST /invites/new", write}, (*visit).createInvite},
		{Route{"GET /invites/{invite_id}/withdraw", write}, (*visit).askWithdrawInvite},
		{Route{"POST /invites/{invite_id}/withdraw", write}, (*visit).withdrawInvite},
		{Route{"GET /join", anyone}, (*visit).showJoin},
		{Route{"POST /join", anyone}, (*visit).join},
	}
}

func (c *Console) userRoutes() []route {
	return []route{
		{Route{"GET /users", read}, (*visit).listUsers},
		{Route{"GET /users/{user_id}", read}, (*visit).showUser},
		{Route{"GET /users/{user_id}/role", write}, (*visit).editUserRole},
		{Route{"POST /users/{user_id}/role", write}, (*visit).updateUserRole},
		{Route{"GET /users/{user_id}/remove", write}, (*visit).askRemoveUser},
		{Route{"POST /users/{user_id}/remove", write}, (*visit).removeUser},
	}
}

func (c *Console) activityRoutes() []route {
	return []route{
		{Route{"GET /activity", read}, (*visit).listAuditLogs},
		{Route{"GET /activity/live", read}, (*visit).followAuditLogs},
		{Route{"GET /activity/{revision}", read}, (*visit).showAuditLog},
	}
}

// Routes lists the pages, for tests that must not miss a row.
func Routes() []Route {
	var out []Route
	for _, r := range new(Console).table() {
		out = append(out, r.Route)
	}
	return out
}
