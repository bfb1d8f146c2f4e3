package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var projectUserTests = map[string]func(*testing.T, Open){
	"MembersAreListedInPages":        membersAreListedInPages,
	"ChangesOfAMemberAreLogged":      changesOfAMemberAreLogged,
	"MembersAreThoseOfOneProject":    membersAreThoseOfOneProject,
	"ArchivedProjectKeepsItsMembers": archivedProjectKeepsItsMembers,
	"StrangersAreNoMembers":          strangersAreNoMembers,
}

// join makes a user a member of a project.
func (w *world) join(t *testing.T, projectID, userID string) org.ProjectUser {
	t.Helper()
	member, _, err := w.svc.CreateProjectUser(t.Context(), w.owner, projectID, org.NewProjectUser{UserID: &userID, Role: org.ProjectMember})
	if err != nil {
		t.Fatal(err)
	}
	return member
}

func membersAreListedInPages(t *testing.T, open Open) {
	w := newWorld(t, open)
	project, other := w.newProject(t, "p").ID, w.newProject(t, "other").ID
	var want []string
	for i, c := range w.people(t, 13, org.RoleReader) {
		if i%3 == 0 {
			w.join(t, other, c.OwnerID)
			continue
		}
		want = append(want, w.join(t, project, c.OwnerID).UserID)
	}
	read := func(page org.Page) (org.ListPage[org.ProjectUser], error) {
		return w.svc.ListProjectUsers(t.Context(), w.owner, project, page)
	}
	for limit := 1; limit <= len(want)+1; limit++ {
		if diff := cmp.Diff(want, pages(t, limit, func(m org.ProjectUser) string { return m.UserID }, read)); diff != "" {
			t.Errorf("by %d (-want +got):\n%s", limit, diff)
		}
	}
	if _, err := w.svc.DeleteProjectUser(t.Context(), w.owner, project, want[2]); err != nil {
		t.Fatal(err)
	}
	list, err := read(org.Page{After: want[2], Limit: 1})
	if err != nil || list.Items[0].UserID != want[3] || !list.HasMore {
		t.Errorf("after one that left: %+v, %v", list, err)
	}
	for _, tt := range []struct {
		page org.Page
		code string
	}{
		{org.Page{Limit: -1}, "integer_below_min_value"},
		{org.Page{Limit: 101}, "integer_above_max_value"},
		{org.Page{Limit: 1, After: project}, "invalid_value"},
	} {
		_, err := read(tt.page)
		if r := refusal(t, err); r.Code != tt.code {
			t.Errorf("%+v: %+v", tt.page, r)
		}
	}
}

func changesOfAMemberAreLogged(t *testing.T, open Open) {
	w := newWorld(t, open)
	project, user := w.newProject(t, "p").ID, w.people(t, 1, org.RoleReader)[0].OwnerID
	email := user + "@EXAMPLE.com"
	made, _, err := w.svc.CreateProjectUser(t.Context(), w.owner, project, org.NewProjectUser{Email: &email, Role: org.ProjectMember})
	want := org.ProjectUser{
		ProjectID: project, UserID: user, Name: "N", Email: user + "@example.com", Role: org.ProjectMember, AddedAt: w.clock.Now().Unix(),
	}
	if made != want || err != nil {
		t.Errorf("made %+v, %v, want %+v", made, err, want)
	}
	w.logged(t, org.EventUserAdded, user, project)

	_, _, err = w.svc.CreateProjectUser(t.Context(), w.owner, project, org.NewProjectUser{UserID: &user, Role: org.ProjectOwner})
	if r := refusal(t, err); r.Kind != org.Invalid || r.Code != "already_member" {
		t.Errorf("added twice: %+v", r)
	}
	role := org.ProjectOwner
	want.Role = role
	for _, change := range []*org.ProjectRole{&role, &role, nil} { // the last two change nothing
		if got, _, err := w.svc.UpdateProjectUser(t.Context(), w.owner, project, user, change); got != want || err != nil {
			t.Errorf("changed to %+v, %v, want %+v", got, err, want)
		}
		w.logged(t, org.EventUserUpdated, user, project)
	}
	if got, err := w.svc.GetProjectUser(t.Context(), w.owner, project, user); got != want || err != nil {
		t.Errorf("read back %+v, %v, want %+v", got, err, want)
	}
	if events := events(t, w); len(events) != 8 { // 4 of the start, and one each
		t.Errorf("%d events", len(events))
	}
	if _, err := w.svc.DeleteProjectUser(t.Context(), w.owner, project, user); err != nil {
		t.Error(err)
	}
	w.logged(t, org.EventUserDeleted, user, project, org.KeysRemoved{OwnerType: org.OwnerUser, OwnerID: user, ProjectID: project})
	for range 2 {
		_, err = w.svc.DeleteProjectUser(t.Context(), w.owner, project, user)
		if r := refusal(t, err); r.Kind != org.NotFound {
			t.Errorf("deleted again: %+v", r)
		}
	}
}

// membersAreThoseOfOneProject: who is a member of another project is none here,
// and who leaves one stays in the other with all keys there.
func membersAreThoseOfOneProject(t *testing.T, open Open) {
	s := newSociety(t, open)
	before := s.held(t)
	user := s.users[0]
	if _, err := s.svc.DeleteProjectUser(t.Context(), s.owner, s.projects[0], user); err != nil {
		t.Fatal(err)
	}
	s.expectGone(t, before, keyName(user, s.projects[0]))
	_, err := s.svc.GetProjectUser(t.Context(), s.owner, s.projects[0], user)
	if r := refusal(t, err); r.Kind != org.NotFound {
		t.Errorf("%+v", r)
	}
	role := org.ProjectOwner
	_, _, err = s.svc.UpdateProjectUser(t.Context(), s.owner, s.projects[0], user, &role)
	if r := refusal(t, err); r.Kind != org.NotFound {
		t.Errorf("%+v", r)
	}
	got, err := s.svc.GetProjectUser(t.Context(), s.owner, s.projects[1], user)
	if err != nil || got.Role != org.ProjectMember {
		t.Errorf("in the other project: %+v, %v", got, err)
	}
}

func archivedProjectKeepsItsMembers(t *testing.T, open Open) {
	s := newSociety(t, open)
	project, user := s.projects[0], s.users[0]
	if _, _, err := s.svc.ArchiveProject(t.Context(), s.owner, project); err != nil {
		t.Fatal(err)
	}
	role, owner := org.ProjectOwner, s.owner.OwnerID
	_, _, err := s.svc.CreateProjectUser(t.Context(), s.owner, project, org.NewProjectUser{UserID: &owner, Role: role})
	for _, err := range []error{
		err,
		func() error {
			_, _, err := s.svc.UpdateProjectUser(t.Context(), s.owner, project, user, &role)
			return err
		}(),
		func() error { _, err := s.svc.DeleteProjectUser(t.Context(), s.owner, project, user); return err }(),
	} {
		if r := refusal(t, err); r.Code != "project_archived" {
			t.Errorf("%+v", r)
		}
	}
	list, err := s.svc.ListProjectUsers(t.Context(), s.owner, project, org.Page{Limit: 10})
	if err != nil || len(list.Items) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

func strangersAreNoMembers(t *testing.T, open Open) {
	w := newWorld(t, open)
	ctx, project, owner := t.Context(), w.newProject(t, "p").ID, w.owner.OwnerID
	w.join(t, project, owner)
	for _, id := range append(slices.Delete(w.strangeIDs(), 4, 5), w.first.ID, owner+"x", "user_01JQ8ZK3T5V9W2X4Y6A8B0C1D2") {
		_, err := w.svc.GetProjectUser(ctx, w.owner, project, id)
		_, _, modify := w.svc.UpdateProjectUser(ctx, w.owner, project, id, nil)
		_, remove := w.svc.DeleteProjectUser(ctx, w.owner, project, id)
		_, inNone := w.svc.GetProjectUser(ctx, w.owner, id, owner)
		_, listNone := w.svc.ListProjectUsers(ctx, w.owner, id, org.Page{Limit: 1})
		_, _, modifyNone := w.svc.UpdateProjectUser(ctx, w.owner, id, owner, nil)
		_, removeNone := w.svc.DeleteProjectUser(ctx, w.owner, id, owner)
		_, _, joinNone := w.svc.CreateProjectUser(ctx, w.owner, id, org.NewProjectUser{UserID: &owner, Role: org.ProjectMember})
		for i, err := range []error{err, modify, remove, inNone, listNone, modifyNone, removeNone, joinNone} {
			if r := refusal(t, err); r.Kind != org.NotFound {
				t.Errorf("%q, operation %d: %+v", id, i, r)
			}
		}
		for param, in := range map[string]org.NewProjectUser{"user_id": {UserID: &id}, "email": {Email: &id}} {
			in.Role = org.ProjectMember
			_, _, err := w.svc.CreateProjectUser(ctx, w.owner, project, in)
			if r := refusal(t, err); r.Kind != org.Invalid || r.Param != param {
				t.Errorf("add by %s %q: %+v", param, id, r)
			}
		}
	}
	for _, in := range []org.NewProjectUser{{Role: org.ProjectMember}, {UserID: &owner, Email: &owner, Role: org.ProjectMember}, {UserID: &owner, Role: org.ProjectNone}} {
		_, _, err := w.svc.CreateProjectUser(ctx, w.owner, project, in)
		if r := refusal(t, err); r.Kind != org.Invalid {
			t.Errorf("%s: %+v", fmt.Sprint(in), r)
		}
	}
}
