package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var projectTests = map[string]func(*testing.T, Open){
	"ProjectsAreListedInPages":        projectsAreListedInPages,
	"ChangesOfAProjectAreLogged":      changesOfAProjectAreLogged,
	"ArchivedProjectStaysAsItIs":      archivedProjectStaysAsItIs,
	"DefaultProjectIsNotChanged":      defaultProjectIsNotChanged,
	"ProjectsOfOtherKindsAreNotFound": projectsOfOtherKindsAreNotFound,
}

func (w *world) newProject(t *testing.T, name string) org.Project {
	t.Helper()
	project, _, err := w.svc.CreateProject(t.Context(), w.owner, org.NewProject{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func projectsAreListedInPages(t *testing.T, open Open) {
	w := newWorld(t, open)
	read := func(archived bool) func(org.Page) (org.ListPage[org.Project], error) {
		return func(page org.Page) (org.ListPage[org.Project], error) {
			return w.svc.ListProjects(t.Context(), w.owner, org.ProjectPage{Page: page, Archived: archived})
		}
	}
	id := func(p org.Project) string { return p.ID }
	all := pages(t, 10, id, read(false)) // the Default project
	active := all
	for i := range 12 {
		project := w.newProject(t, fmt.Sprint("project ", i))
		all = append(all, project.ID)
		if i%3 == 1 {
			if _, _, err := w.svc.ArchiveProject(t.Context(), w.owner, project.ID); err != nil {
				t.Fatal(err)
			}
			continue
		}
		active = append(active, project.ID)
	}
	for limit := 1; limit <= len(all)+1; limit++ {
		if diff := cmp.Diff(active, pages(t, limit, id, read(false))); diff != "" {
			t.Errorf("active ones by %d (-want +got):\n%s", limit, diff)
		}
		if diff := cmp.Diff(all, pages(t, limit, id, read(true))); diff != "" {
			t.Errorf("all by %d (-want +got):\n%s", limit, diff)
		}
	}
	for _, tt := range []struct {
		page org.Page
		code string
	}{
		{org.Page{Limit: -1}, "integer_below_min_value"},
		{org.Page{Limit: 101}, "integer_above_max_value"},
		{org.Page{Limit: 1, After: w.owner.OwnerID}, "invalid_value"},
	} {
		_, err := read(true)(tt.page)
		if r := refusal(t, err); r.Code != tt.code {
			t.Errorf("%+v: %+v", tt.page, r)
		}
	}
}

func changesOfAProjectAreLogged(t *testing.T, open Open) {
	w := newWorld(t, open)
	key, residency := "arn:key", "EU_STORAGE_PROCESSING"
	made, _, err := w.svc.CreateProject(t.Context(), w.owner, org.NewProject{Name: " padded ", ExternalKeyID: &key, Residency: &residency})
	want := org.Project{ID: made.ID, Name: " padded ", CreatedAt: w.clock.Now().Unix(), ExternalKeyID: key, Residency: residency}
	if made != want || err != nil {
		t.Errorf("made %+v, %v, want %+v", made, err, want)
	}
	w.logged(t, org.EventProjectCreated, made.ID, made.ID, org.ProjectSet{ID: made.ID})

	name, none := "renamed", ""
	want.Name, want.ExternalKeyID = name, none
	if got, _, err := w.svc.UpdateProject(t.Context(), w.owner, made.ID, org.ProjectChange{Name: &name, ExternalKeyID: &none}); got != want || err != nil {
		t.Errorf("changed to %+v, %v, want %+v", got, err, want)
	}
	w.logged(t, org.EventProjectUpdated, made.ID, made.ID)

	want.ArchivedAt = w.clock.Now().Unix()
	if got, _, err := w.svc.ArchiveProject(t.Context(), w.owner, made.ID); got != want || err != nil {
		t.Errorf("archived %+v, %v, want %+v", got, err, want)
	}
	w.logged(t, org.EventProjectArchived, made.ID, made.ID, org.ProjectSet{ID: made.ID, Archived: true})
	if got, err := w.svc.GetProject(t.Context(), w.owner, made.ID); got != want || err != nil {
		t.Errorf("read back %+v, %v, want %+v", got, err, want)
	}
}

func archivedProjectStaysAsItIs(t *testing.T, open Open) {
	s := newSociety(t, open)
	before := s.held(t)
	id := s.projects[0]
	archived, commit, err := s.svc.ArchiveProject(t.Context(), s.owner, id)
	if err != nil {
		t.Fatal(err)
	}
	again, second, err := s.svc.ArchiveProject(t.Context(), s.owner, id)
	if again != archived || second.Revision != commit.Revision || err != nil {
		t.Errorf("archived again: %+v at %d, %v; before at %d", again, second.Revision, err, commit.Revision)
	}
	name := "other"
	_, _, err = s.svc.UpdateProject(t.Context(), s.owner, id, org.ProjectChange{Name: &name})
	if r := refusal(t, err); r.Code != "project_archived" || r.Kind != org.Invalid {
		t.Errorf("%+v", r)
	}
	s.expectGone(t, before) // its keys are refused, and still there to be read
}

func defaultProjectIsNotChanged(t *testing.T, open Open) {
	w := newWorld(t, open)
	list, err := w.svc.ListProjects(t.Context(), w.owner, org.ProjectPage{Page: org.Page{Limit: 1}})
	if err != nil || !list.Items[0].Default {
		t.Fatalf("%+v, %v", list, err)
	}
	id, name := list.Items[0].ID, "mine"
	_, _, err = w.svc.UpdateProject(t.Context(), w.owner, id, org.ProjectChange{Name: &name})
	if r := refusal(t, err); r.Code != "default_project" {
		t.Errorf("modify: %+v", r)
	}
	_, _, err = w.svc.ArchiveProject(t.Context(), w.owner, id)
	if r := refusal(t, err); r.Code != "default_project" {
		t.Errorf("archive: %+v", r)
	}
}

func projectsOfOtherKindsAreNotFound(t *testing.T, open Open) {
	w := newWorld(t, open)
	for _, id := range append(w.strangeIDs()[:4], w.first.ID, w.owner.OwnerID, "proj_"+w.owner.OwnerID[5:]) {
		_, err := w.svc.GetProject(t.Context(), w.owner, id)
		if r := refusal(t, err); r.Kind != org.NotFound {
			t.Errorf("get %q: %+v", id, r)
		}
		_, _, err = w.svc.UpdateProject(t.Context(), w.owner, id, org.ProjectChange{})
		if r := refusal(t, err); r.Kind != org.NotFound {
			t.Errorf("modify %q: %+v", id, r)
		}
		_, _, err = w.svc.ArchiveProject(t.Context(), w.owner, id)
		if r := refusal(t, err); r.Kind != org.NotFound {
			t.Errorf("archive %q: %+v", id, r)
		}
	}
}
