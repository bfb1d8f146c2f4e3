package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var userTests = map[string]func(*testing.T, Open){
	"UsersAreListedInPages":        usersAreListedInPages,
	"ChangesOfAUserAreLogged":      changesOfAUserAreLogged,
	"SomebodyCanAlwaysAdminister":  somebodyCanAlwaysAdminister,
	"ReadersMayOnlyReadUsers":      readersMayOnlyReadUsers,
	"DeletedCallerChangesNothing":  deletedCallerChangesNothing,
	"NothingToChangeIsNoEvent":     nothingToChangeIsNoEvent,
	"UsersOfOtherKindsAreNotFound": usersOfOtherKindsAreNotFound,
}

// people adds users with a role, each with an admin key, and returns them as
// callers.
func (w *world) people(t *testing.T, n int, role org.Role) (callers []org.Caller) {
	t.Helper()
	w.do(t, func(tx org.Tx) error {
		callers = nil
		for range n {
			id := mint(tx, org.PrefixUser)
			if err := tx.InsertUser(org.User{ID: id, Name: "N", Email: id + "@example.com", Role: role, CreatedAt: tx.Now()}); err != nil {
				return err
			}
			key := org.Key{ID: mint(tx, org.PrefixKey), Kind: org.KindAdmin, Name: "theirs", OwnerType: org.OwnerUser, OwnerID: id, CreatedAt: tx.Now()}
			copy(key.Digest[:], key.ID)
			if err := tx.InsertKey(key); err != nil {
				return err
			}
			tx.Emit(org.Event{Type: org.EventUserAdded, Resource: id, Effects: []org.Effect{
				org.OwnerSet{Type: org.OwnerUser, ID: id, Role: role},
				org.KeyAdded{ID: key.ID, Kind: key.Kind, Digest: key.Digest, OwnerType: key.OwnerType, OwnerID: id},
			}})
			callers = append(callers, org.Caller{Admin: true, KeyID: key.ID, OwnerType: org.OwnerUser, OwnerID: id, Role: role})
		}
		return nil
	})
	return callers
}

// pages returns the ids of a list, page by page, and wants the newest first to be
// its mirror.
func pages[T any](t *testing.T, limit int, id func(T) string, read func(org.Page) (org.ListPage[T], error)) []string {
	t.Helper()
	ids := pagesOf(t, org.Page{Limit: limit}, id, read)
	descending := pagesOf(t, org.Page{Limit: limit, Descending: true}, id, read)
	slices.Reverse(descending)
	if diff := cmp.Diff(ids, descending); diff != "" {
		t.Errorf("newest first by %d, reversed (-want +got):\n%s", limit, diff)
	}
	return ids
}

func pagesOf[T any](t *testing.T, page org.Page, id func(T) string, read func(org.Page) (org.ListPage[T], error)) (ids []string) {
	t.Helper()
	for {
		list, err := read(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			ids = append(ids, id(item))
		}
		if !list.HasMore {
			return ids
		}
		page.After = ids[len(ids)-1]
	}
}

func usersAreListedInPages(t *testing.T, open Open) {
	w := newWorld(t, open)
	want := []string{w.owner.OwnerID}
	var emails []string
	for _, c := range w.people(t, 11, org.RoleReader) {
		want = append(want, c.OwnerID)
		emails = append(emails, c.OwnerID+"@EXAMPLE.com")
	}
	read := func(emails []string) func(org.Page) (org.ListPage[org.User], error) {
		return func(page org.Page) (org.ListPage[org.User], error) {
			return w.svc.ListUsers(t.Context(), w.owner, org.UserPage{Page: page, Emails: emails})
		}
	}
	id := func(u org.User) string { return u.ID }
	for limit := 1; limit <= len(want)+1; limit++ {
		if diff := cmp.Diff(want, pages(t, limit, id, read(nil))); diff != "" {
			t.Errorf("by %d (-want +got):\n%s", limit, diff)
		}
		if diff := cmp.Diff(want[3:9], pages(t, limit, id, read(emails[2:8]))); diff != "" {
			t.Errorf("six of them by %d (-want +got):\n%s", limit, diff)
		}
	}
	if _, err := w.svc.DeleteUser(t.Context(), w.owner, want[4]); err != nil {
		t.Fatal(err)
	}
	list, err := read(nil)(org.Page{After: want[4], Limit: 1})
	if err != nil || list.Items[0].ID != want[5] {
		t.Errorf("after a deleted one: %+v, %v", list, err)
	}
	for _, tt := range []struct {
		page   org.Page
		emails int
		code   string
	}{
		{org.Page{Limit: 0}, 0, "integer_below_min_value"},
		{org.Page{Limit: 101}, 0, "integer_above_max_value"},
		{org.Page{Limit: 1, After: w.first.ID}, 0, "invalid_value"},
		{org.Page{Limit: 1}, 101, "array_above_max_length"},
	} {
		_, err := read(make([]string, tt.emails))(tt.page)
		if r := refusal(t, err); r.Code != tt.code {
			t.Errorf("%+v with %d addresses: %+v", tt.page, tt.emails, r)
		}
	}
}

// lastEvent returns the newest event, decoded.
func (w *world) lastEvent(t *testing.T) org.StoredEvent {
	t.Helper()
	all := events(t, w)
	e, err := org.DecodeRecord(all[len(all)-1].Record)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// logged compares the newest event with what is wanted of it.
func (w *world) logged(t *testing.T, typ org.EventType, resource, project string, effects ...org.Effect) {
	t.Helper()
	e := w.lastEvent(t)
	got := []any{e.Type, e.Resource, e.ProjectID, e.ActorID, e.Effects}
	if diff := cmp.Diff([]any{typ, resource, project, w.owner.OwnerID, effects}, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	w.verifyState(t)
}

func changesOfAUserAreLogged(t *testing.T, open Open) {
	w := newWorld(t, open)
	id := w.people(t, 1, org.RoleReader)[0].OwnerID
	role, level := org.RoleOwner, "high"
	user, _, err := w.svc.UpdateUser(t.Context(), w.owner, id, org.UserChange{Role: &role})
	if err != nil || user.Role != role {
		t.Errorf("%+v, %v", user, err)
	}
	w.logged(t, org.EventUserUpdated, id, "", org.OwnerSet{Type: org.OwnerUser, ID: id, Role: role})
	user, _, err = w.svc.UpdateUser(t.Context(), w.owner, id, org.UserChange{TechnicalLevel: &level})
	if err != nil || user.TechnicalLevel != level || user.Role != role {
		t.Errorf("%+v, %v", user, err)
	}
	w.logged(t, org.EventUserUpdated, id, "")
	if got, err := w.svc.GetUser(t.Context(), w.owner, id); got != user || err != nil {
		t.Errorf("read back %+v, %v, want %+v", got, err, user)
	}
	if _, err := w.svc.DeleteUser(t.Context(), w.owner, id); err != nil {
		t.Error(err)
	}
	w.logged(t, org.EventUserDeleted, id, "", org.OwnerSet{Type: org.OwnerUser, ID: id, Role: role, Removed: true})
}

// somebodyCanAlwaysAdminister lets all owners leave at once, one half by being
// deleted and the other as readers. One stays.
func somebodyCanAlwaysAdminister(t *testing.T, open Open) {
	w := newWorld(t, open)
	reader := org.RoleReader
	var left atomic.Int32
	var leaving sync.WaitGroup
	owners := append(w.people(t, 9, org.RoleOwner), w.owner)
	for i, c := range owners {
		leaving.Go(func() {
			var err error
			if i%2 == 0 {
				_, _, err = w.svc.UpdateUser(t.Context(), c, c.OwnerID, org.UserChange{Role: &reader})
			} else {
				_, err = w.svc.DeleteUser(t.Context(), c, c.OwnerID)
			}
			var r *org.Refusal
			switch {
			case err == nil:
				left.Add(1)
			case !errors.As(err, &r) || r.Code != "last_owner":
				t.Errorf("%v", err)
			}
		})
	}
	leaving.Wait()
	if got := w.ownersWithKeys(t); len(got) != 1 || int(left.Load()) != len(owners)-1 {
		t.Errorf("%d of %d left; owners with keys: %v", left.Load(), len(owners), got)
	}
	w.verifyState(t)
}

func (w *world) ownersWithKeys(t *testing.T) (ids []string) {
	t.Helper()
	keys, err := w.AdminAPIKeys(t.Context(), org.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if key.Owner.Role == org.RoleOwner {
			ids = append(ids, key.Owner.ID)
		}
	}
	return ids
}

func readersMayOnlyReadUsers(t *testing.T, open Open) {
	w := newWorld(t, open)
	reader, other := w.people(t, 1, org.RoleReader)[0], w.people(t, 1, org.RoleReader)[0]
	projectKey := w.owner
	projectKey.Admin = false
	for name, tt := range map[string]struct {
		caller      org.Caller
		read, write bool
	}{"reader": {reader, true, false}, "project key": {projectKey, false, false}, "nobody": {org.Caller{}, false, false}, "owner": {w.owner, true, true}} {
		check := func(what string, allowed bool, err error) {
			t.Helper()
			if allowed && err != nil {
				t.Errorf("%s: %s: %v", name, what, err)
			} else if !allowed && refusal(t, err).Kind != org.Forbidden {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		id := other.OwnerID
		_, err := w.svc.ListUsers(t.Context(), tt.caller, org.UserPage{Page: org.Page{Limit: 1}})
		check("list users", tt.read, err)
		_, err = w.svc.GetUser(t.Context(), tt.caller, id)
		check("get a user", tt.read, err)
		_, _, err = w.svc.UpdateUser(t.Context(), tt.caller, id, org.UserChange{})
		check("modify a user", tt.write, err)
		_, err = w.svc.ListProjects(t.Context(), tt.caller, org.ProjectPage{Page: org.Page{Limit: 1}})
		check("list projects", tt.read, err)
		made, _, err := w.svc.CreateProject(t.Context(), tt.caller, org.NewProject{Name: "p"})
		check("create a project", tt.write, err)
		if !tt.write {
			made = w.newProject(t, "p")
		}
		_, err = w.svc.GetProject(t.Context(), tt.caller, made.ID)
		check("get a project", tt.read, err)
		_, _, err = w.svc.UpdateProject(t.Context(), tt.caller, made.ID, org.ProjectChange{})
		check("modify a project", tt.write, err)
		_, _, err = w.svc.ArchiveProject(t.Context(), tt.caller, made.ID)
		check("archive a project", tt.write, err)
		if !tt.write {
			_, err = w.svc.DeleteUser(t.Context(), tt.caller, id)
			check("delete a user", false, err)
		}
	}
}

// deletedCallerChangesNothing: a request of somebody who was let in before being
// deleted or demoted.
func deletedCallerChangesNothing(t *testing.T, open Open) {
	w := newWorld(t, open)
	owners := w.people(t, 2, org.RoleOwner)
	if _, err := w.svc.DeleteUser(t.Context(), w.owner, owners[0].OwnerID); err != nil {
		t.Fatal(err)
	}
	reader := org.RoleReader
	if _, _, err := w.svc.UpdateUser(t.Context(), w.owner, owners[1].OwnerID, org.UserChange{Role: &reader}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []org.Kind{org.Unauthenticated, org.Forbidden} {
		_, _, err := w.svc.CreateProject(t.Context(), owners[i], org.NewProject{Name: "p"})
		if r := refusal(t, err); r.Kind != want {
			t.Errorf("%+v, want kind %d", r, want)
		}
	}
}

func nothingToChangeIsNoEvent(t *testing.T, open Open) {
	w := newWorld(t, open)
	project := w.newProject(t, "same")
	before, err := w.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	role, empty := org.RoleOwner, ""
	for _, in := range []org.UserChange{{}, {Role: &role}, {TechnicalLevel: &empty}} {
		if _, _, err := w.svc.UpdateUser(t.Context(), w.owner, w.owner.OwnerID, in); err != nil {
			t.Error(err)
		}
	}
	for _, in := range []org.ProjectChange{{}, {Name: &project.Name}, {ExternalKeyID: &empty}} {
		if _, _, err := w.svc.UpdateProject(t.Context(), w.owner, project.ID, in); err != nil {
			t.Error(err)
		}
	}
	if after, err := w.Head(t.Context()); after != before || err != nil {
		t.Errorf("head %v, then %v, %v", before, after, err)
	}
}

func usersOfOtherKindsAreNotFound(t *testing.T, open Open) {
	w := newWorld(t, open)
	for _, id := range append(w.strangeIDs()[:4], w.first.ID, fmt.Sprint(w.owner.OwnerID, "x"), "user_"+w.first.ID[4:]) {
		_, err := w.svc.GetUser(t.Context(), w.owner, id)
		if r := refusal(t, err); r.Kind != org.NotFound {
			t.Errorf("get %q: %+v", id, r)
		}
		_, _, err = w.svc.UpdateUser(t.Context(), w.owner, id, org.UserChange{})
		if r := refusal(t, err); r.Kind != org.NotFound {
			t.Errorf("modify %q: %+v", id, r)
		}
		_, err = w.svc.DeleteUser(t.Context(), w.owner, id)
		if r := refusal(t, err); r.Kind != org.NotFound {
			t.Errorf("delete %q: %+v", id, r)
		}
	}
}
