package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var findTests = map[string]func(*testing.T, Open){
	"UsersAreFound":           usersAreFound,
	"ProjectsAreFound":        projectsAreFound,
	"ServiceAccountsAreFound": serviceAccountsAreFound,
}

// finds wants the names that a text finds, newest first.
func finds[T any](t *testing.T, text string, want []string, name func(T) string, find func(string, org.Page) (org.ListPage[T], error)) {
	t.Helper()
	page, err := find(text, org.Page{Limit: 10, Descending: true})
	if err != nil {
		t.Errorf("%q: %v", text, err)
	}
	var got []string
	for _, item := range page.Items {
		got = append(got, name(item))
	}
	if diff := cmp.Diff(want, got); diff != "" || page.HasMore {
		t.Errorf("%q (more: %v) (-want +got):\n%s", text, page.HasMore, diff)
	}
}

func usersAreFound(t *testing.T, open Open) {
	w := newWorld(t, open)
	var ids []string
	w.do(t, func(tx org.Tx) error {
		ids = nil
		tx.Emit(org.Event{Type: org.EventUserAdded})
		for _, name := range []string{"Grace", "Charles", "Graça"} {
			u := org.User{ID: mint(tx, org.PrefixUser), Name: name, Email: name + "@navy.example", Role: org.RoleReader, CreatedAt: 1}
			if err := tx.InsertUser(u); err != nil {
				return err
			}
			ids = append(ids, u.ID)
		}
		return nil
	})
	read := func(text string, page org.Page) (org.ListPage[org.User], error) {
		return w.svc.FindUsers(t.Context(), w.owner, text, page)
	}
	for text, want := range map[string][]string{
		"GRA": {"Graça", "Grace"}, "ç": {"Graça"}, " lovelace ": {"Ada Lovelace"}, "charles@navy.example": {"Charles"},
		"NAVY": {"Graça", "Charles", "Grace"}, w.owner.OwnerID: {"Ada Lovelace"}, w.owner.OwnerID[:20]: nil,
		w.first.ID: nil, "%": nil, "a_y": nil, `\`: nil, "'": nil, "\x00": nil, "\xff": nil, "reader": nil,
	} {
		finds(t, text, want, func(u org.User) string { return u.Name }, read)
	}
	for limit := 1; limit <= 3; limit++ {
		got := pages(t, limit, func(u org.User) string { return u.ID },
			func(page org.Page) (org.ListPage[org.User], error) { return read("navy", page) })
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Errorf("by %d (-want +got):\n%s", limit, diff)
		}
	}
	if _, err := w.svc.FindUsers(t.Context(), org.Caller{}, "ada", org.Page{Limit: 1}); refusal(t, err).Kind == org.Invalid {
		t.Errorf("a stranger: %v", err)
	}
}

func projectsAreFound(t *testing.T, open Open) {
	w := newWorld(t, open)
	chat, old := w.newProject(t, "Customer chat"), w.newProject(t, "Old chat")
	if _, _, err := w.svc.ArchiveProject(t.Context(), w.owner, old.ID); err != nil {
		t.Fatal(err)
	}
	for archived, wants := range map[bool]map[string][]string{
		false: {"CHAT": {"Customer chat"}, "default": {"Default project"}, chat.ID: {"Customer chat"}, old.ID: {"Old chat"}, "_": nil},
		true:  {"CHAT": {"Old chat", "Customer chat"}, "old": {"Old chat"}, "t%t": nil},
	} {
		for text, want := range wants {
			finds(t, text, want, func(p org.Project) string { return p.Name }, func(text string, page org.Page) (org.ListPage[org.Project], error) {
				return w.svc.FindProjects(t.Context(), w.owner, text, org.ProjectPage{Page: page, Archived: archived})
			})
		}
	}
}

func serviceAccountsAreFound(t *testing.T, open Open) {
	w := newWorld(t, open)
	project, other := w.newProject(t, "a").ID, w.newProject(t, "b").ID
	for i := range 3 {
		w.newAccount(t, project, fmt.Sprint("worker ", i))
	}
	stranger, _ := w.newAccount(t, other, "worker of another project")
	for text, want := range map[string][]string{
		"WORK": {"worker 2", "worker 1", "worker 0"}, " 1": {"worker 1"}, "worker%": nil, stranger.ID: nil, "another": nil,
	} {
		finds(t, text, want, func(a org.ServiceAccount) string { return a.Name }, func(text string, page org.Page) (org.ListPage[org.ServiceAccount], error) {
			return w.svc.FindServiceAccounts(t.Context(), w.owner, project, text, page)
		})
	}
}
