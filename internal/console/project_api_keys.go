package console

import (
	"net/http"

	"github.com/keyreeve/keyreeve/internal/org"
)

func keysOf(p org.Project) scope {
	return scope{
		ProjectID: p.ID, ProjectName: p.Name, Archived: p.ArchivedAt != 0, Base: projectsSection + "/" + p.ID + "/keys",
	}
}

func (v *visit) projectRow(s scope, k org.ProjectAPIKey) keyRow {
	return keyRow{
		ID: k.ID, Name: k.Name, Redacted: k.Redacted, URL: s.Base + "/" + k.ID, Kind: k.Kind, Owner: k.Owner,
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt,
		Expired: k.ExpiresAt != 0 && k.ExpiresAt <= v.now(),
	}
}

// listProjectAPIKeys shows the keys of a project (list-project-api-keys).
func (v *visit) listProjectAPIKeys() error {
	in, err := v.enterProject("Keys", "keys")
	if err != nil {
		return err
	}
	s := keysOf(in.Project)
	p, err := v.listKeys(s, in, func(page org.Page) (out org.ListPage[keyRow], err error) {
		keys, err := v.Service.ListProjectAPIKeys(v.r.Context(), v.caller, s.ProjectID, org.ProjectAPIKeyPage{Page: page})
		for _, k := range keys.Items {
			out.Items = append(out.Items, v.projectRow(s, k))
		}
		out.HasMore = keys.HasMore
		return out, err
	})
	if err != nil {
		return err
	}
	return v.renderList("keys", p)
}

// newProjectKeyPage offers the first members as owners: that is what a key for a
// person takes.
func (v *visit) newProjectKeyPage() (newKeyPage, error) {
	in, err := v.changeProject("New project key", "keys")
	if err != nil {
		return newKeyPage{}, err
	}
	p := v.newKey(keysOf(in.Project), "New project key", projectsSection)
	members, err := v.Service.ListProjectUsers(v.r.Context(), v.caller, in.Project.ID, org.Page{Descending: true, Limit: org.MaxPage})
	p.Owners = members.Items
	for _, m := range members.Items {
		if m.UserID == v.caller.OwnerID {
			p.OwnerID = m.UserID
		}
	}
	return p, err
}

func (v *visit) newProjectAPIKey() error {
	p, err := v.newProjectKeyPage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "key_new", p)
}

// createProjectAPIKey makes a member's key and shows its value
// (keyreeve-create-project-api-key).
func (v *visit) createProjectAPIKey() error {
	p, err := v.newProjectKeyPage()
	if err != nil {
		return err
	}
	lifetime := p.read(v.r.PostForm)
	if len(p.Problems) > 0 {
		return v.refuseKey(p, nil)
	}
	key, secret, commit, err := v.Service.CreateProjectAPIKey(v.r.Context(), v.caller, p.Scope.ProjectID, org.NewProjectAPIKey{
		UserID: p.OwnerID, Name: p.Name, ExpiresInSeconds: lifetime,
	})
	if err != nil {
		return v.refuseKey(p, err)
	}
	return v.showMade(p.Scope, projectsSection, v.projectRow(p.Scope, key), secret, commit)
}

// theProjectKey reads the key of the address.
func (v *visit) theProjectKey() (scope, keyRow, error) {
	project, err := v.theProject()
	if err != nil {
		return scope{}, keyRow{}, err
	}
	key, err := v.Service.GetProjectAPIKey(v.r.Context(), v.caller, project.ID, v.r.PathValue("key_id"))
	s := keysOf(project)
	return s, v.projectRow(s, key), err
}

// showProjectAPIKey shows one key of a project (retrieve-project-api-key).
func (v *visit) showProjectAPIKey() error {
	s, key, err := v.theProjectKey()
	if err != nil {
		return err
	}
	return v.showKey(s, projectsSection, key)
}

func (v *visit) revokeProjectPage() (revokeKeyPage, error) {
	s, key, err := v.theProjectKey()
	if err == nil && s.Archived {
		err = errArchived
	}
	return revokeKeyPage{frame: v.frame("Revoke a key", projectsSection), Scope: s, Key: key}, err
}

func (v *visit) askRevokeProjectAPIKey() error {
	p, err := v.revokeProjectPage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "key_revoke", p)
}

// revokeProjectAPIKey ends a key of a project (delete-project-api-key).
func (v *visit) revokeProjectAPIKey() error {
	p, err := v.revokeProjectPage()
	if err != nil {
		return err
	}
	return v.revokeKey(p, func() (org.Commit, error) {
		return v.Service.DeleteProjectAPIKey(v.r.Context(), v.caller, p.Scope.ProjectID, p.Key.ID)
	})
}
