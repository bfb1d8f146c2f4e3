package modeltest

import (
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"github.com/keyreeve/keyreeve/api"
)

// newUser invites somebody, who accepts.
func (m *machine) newUser(t *rapid.T) {
	role := roles.Draw(t, "role")
	request := api.InviteCreateRequest{Email: fmt.Sprintf("user%d@example.com", m.people.Add(1)), Role: role}
	var joins []*project
	want := http.StatusOK
	if len(m.projects) > 0 && rapid.Bool().Draw(t, "with a project") {
		p := pick(t, m.projects, "project")
		joins = append(joins, p)
		request.Projects = []api.InviteProject{{ID: p.id, Role: api.RoleMember}}
		want = within(p, true)
	}
	var invite api.InviteCreateResponse
	if !m.change(t, http.MethodPost, "/invites", request, want, &invite) {
		return
	}
	status, answer := m.ask(t, http.MethodPost, "/invites/accept", "", api.InviteAcceptRequest{Token: invite.Token, Name: "User"})
	var made api.InviteAcceptResponse
	if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusOK {
		t.Fatalf("accept: %d %s", status, answer)
	}
	u := &user{id: made.ID, role: role}
	m.users = append(m.users, u)
	for _, p := range joins {
		p.members[u] = api.RoleMember
	}
	m.addKey(&key{id: made.AdminAPIKey.ID, value: made.AdminAPIKey.Value, kind: "admin", user: u}, made.AdminAPIKey.ExpiresAt)
}

func (m *machine) setRole(t *rapid.T) {
	u, role := pick(t, m.users, "user"), roles.Draw(t, "role")
	want := http.StatusOK
	if u.gone {
		want = http.StatusNotFound
	}
	if m.change(t, http.MethodPost, "/users/"+u.id, map[string]string{"role": role}, want, nil) {
		u.role = role
	}
}

func (m *machine) deleteUser(t *rapid.T) {
	u := pick(t, m.users, "user")
	want := http.StatusOK
	if u.gone {
		want = http.StatusNotFound
	}
	if m.change(t, http.MethodDelete, "/users/"+u.id, nil, want, nil) {
		m.removeUser(u)
	}
}

func (m *machine) newProject(t *rapid.T) {
	var made api.Project
	if m.change(t, http.MethodPost, "/projects", api.ProjectCreateRequest{Name: "project"}, http.StatusOK, &made) {
		m.projects = append(m.projects, &project{id: made.ID, members: map[*user]string{}})
	}
}

func (m *machine) archiveProject(t *rapid.T) {
	p := pick(t, m.projects, "project")
	if m.change(t, http.MethodPost, "/projects/"+p.id+"/archive", nil, http.StatusOK, nil) { // again, too
		p.archived = true
	}
}

func (m *machine) addMember(t *rapid.T) {
	p, u, role := pick(t, m.projects, "project"), pick(t, m.users, "user"), projectRoles.Draw(t, "role")
	want := http.StatusOK
	if p.archived || u.gone || p.members[u] != "" {
		want = http.StatusBadRequest
	}
	if m.change(t, http.MethodPost, "/projects/"+p.id+"/users", api.ProjectUserCreateRequest{UserID: &u.id, Role: role}, want, nil) {
		p.members[u] = role
	}
}

func (m *machine) setMemberRole(t *rapid.T) {
	p, u, role := pick(t, m.projects, "project"), pick(t, m.users, "user"), projectRoles.Draw(t, "role")
	if m.change(t, http.MethodPost, "/projects/"+p.id+"/users/"+u.id, map[string]string{"role": role}, within(p, p.members[u] != ""), nil) {
		p.members[u] = role
	}
}

func (m *machine) removeMember(t *rapid.T) {
	p, u := pick(t, m.projects, "project"), pick(t, m.users, "user")
	if m.change(t, http.MethodDelete, "/projects/"+p.id+"/users/"+u.id, nil, within(p, p.members[u] != ""), nil) {
		m.organization.removeMember(p, u)
	}
}

func (m *machine) newAccount(t *rapid.T) {
	p, only := pick(t, m.projects, "project"), rapid.Bool().Draw(t, "only")
	request := api.ProjectServiceAccountCreateRequest{Name: "account", CreateServiceAccountOnly: &only}
	if !only {
		request.ExpiresInSeconds = lifetime(t)
	}
	var made api.ProjectServiceAccountCreateResponse
	if !m.change(t, http.MethodPost, "/projects/"+p.id+"/service_accounts", request, within(p, true), &made) {
		return
	}
	a := &account{id: made.ID, project: p, name: made.Name, role: made.Role}
	m.accounts = append(m.accounts, a)
	if (made.APIKey == nil) != only {
		t.Fatalf("an account alone: %t, with a key: %t", only, made.APIKey != nil)
	}
	if made.APIKey != nil {
		m.addKey(&key{id: made.APIKey.ID, value: made.APIKey.Value, kind: "service_account", account: a, project: p}, made.APIKey.ExpiresAt)
	}
}

// accountIn draws an account and a project to ask for it in, mostly its own.
func (m *machine) accountIn(t *rapid.T) (a *account, in *project, path string) {
	a = pick(t, m.accounts, "account")
	in = a.project
	if rapid.IntRange(0, 4).Draw(t, "elsewhere") == 0 {
		in = pick(t, m.projects, "in")
	}
	return a, in, "/projects/" + in.id + "/service_accounts/" + a.id
}

func (m *machine) updateAccount(t *rapid.T) {
	a, in, path := m.accountIn(t)
	role := projectRoles.Draw(t, "role")
	var got api.ProjectServiceAccount
	if m.change(t, http.MethodPost, path, map[string]string{"role": role}, within(in, in == a.project && !a.gone), &got) {
		if a.role = role; got.Role != role || got.Name != a.name {
			t.Fatalf("changed to %+v", got)
		}
	}
}

func (m *machine) deleteAccount(t *rapid.T) {
	a, in, path := m.accountIn(t)
	if m.change(t, http.MethodDelete, path, nil, within(in, in == a.project && !a.gone), nil) {
		a.gone = true
	}
}

func (m *machine) newAccountKey(t *rapid.T) {
	a, in, path := m.accountIn(t)
	var made api.ProjectServiceAccountAPIKey
	request := api.ProjectServiceAccountAPIKeyCreateRequest{ExpiresInSeconds: lifetime(t)}
	if m.change(t, http.MethodPost, path+"/api_keys", request, within(in, in == a.project && !a.gone), &made) {
		m.addKey(&key{id: made.ID, value: made.Value, kind: "service_account", account: a, project: in}, made.ExpiresAt)
	}
}

func (m *machine) newMemberKey(t *rapid.T) {
	p, u := pick(t, m.projects, "project"), pick(t, m.users, "user")
	want := http.StatusOK
	if p.archived || p.members[u] == "" {
		want = http.StatusBadRequest
	}
	request := api.ProjectAPIKeyCreateRequest{UserID: u.id, Name: "key", ExpiresInSeconds: lifetime(t)}
	var made api.ProjectAPIKeyCreateResponse
	if m.change(t, http.MethodPost, "/projects/"+p.id+"/api_keys", request, want, &made) {
		if made.Owner.User == nil || made.Owner.User.Role != p.members[u] {
			t.Fatalf("made %+v for a member with the role %s", made.Owner.User, p.members[u])
		}
		m.addKey(&key{id: made.ID, value: made.Value, kind: "project", user: u, project: p}, made.ExpiresAt)
	}
}

// newAdminKey makes a key of whoever asks, if that is somebody of the model.
func (m *machine) newAdminKey(t *rapid.T) {
	k := pick(t, m.keys, "caller")
	want := http.StatusForbidden
	switch {
	case !k.good(m.now()):
		want = http.StatusUnauthorized
	case k.kind == "admin" && k.user.role == api.RoleOwner:
		want = http.StatusOK
	}
	status, answer := m.ask(t, http.MethodPost, "/admin_api_keys", k.value, api.AdminAPIKeyCreateRequest{Name: "key", ExpiresInSeconds: lifetime(t)})
	if status != want {
		t.Fatalf("an admin key for %s: %d %s, want %d", m.describe(k), status, answer, want)
	}
	if status != http.StatusOK {
		return
	}
	var made api.AdminAPIKeyCreateResponse
	if err := json.Unmarshal(answer, &made); err != nil {
		t.Fatal(err)
	}
	m.addKey(&key{id: made.ID, value: made.Value, kind: "admin", user: k.user}, made.ExpiresAt)
}

// deleteKey asks for it in its own place, or through a project that is another.
func (m *machine) deleteKey(t *rapid.T) {
	k := pick(t, m.keys, "key")
	path, want := "/admin_api_keys/"+k.id, http.StatusOK
	if !k.there() {
		want = http.StatusNotFound
	}
	in := k.project
	if rapid.IntRange(0, 4).Draw(t, "elsewhere") == 0 {
		in = pick(t, m.projects, "in")
	}
	if in != nil {
		path, want = "/projects/"+in.id+"/api_keys/"+k.id, within(in, in == k.project && k.there())
	}
	if m.change(t, http.MethodDelete, path, nil, want, nil) {
		k.gone = true
	}
}
