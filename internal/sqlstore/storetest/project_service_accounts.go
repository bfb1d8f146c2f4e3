package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

var projectServiceAccountTests = map[string]func(*testing.T, Open){
	"ServiceAccountsAreListedInPages":        serviceAccountsAreListedInPages,
	"ChangesOfAServiceAccountAreLogged":      changesOfAServiceAccountAreLogged,
	"ServiceAccountEndsItsKeysByOneEvent":    serviceAccountEndsItsKeysByOneEvent,
	"ServiceAccountsOfOthersAreNotFound":     serviceAccountsOfOthersAreNotFound,
	"RenamedOwnerIsForgottenWithinItsBatch":  renamedOwnerIsForgottenWithinItsBatch,
	"NothingIsMadeInAnArchivedProject":       nothingIsMadeInAnArchivedProject,
	"ReadersMayOnlyReadWhatIsInProjects":     readersMayOnlyReadWhatIsInProjects,
	"KeyOfAServiceAccountGoesWithoutIt":      keyOfAServiceAccountGoesWithoutIt,
	"ServiceAccountAndItsKeyAreOneChange":    serviceAccountAndItsKeyAreOneChange,
	"ServiceAccountOfABatchThatFailedIsNone": serviceAccountOfABatchThatFailedIsNone,
}

// newAccount makes a service account with a key.
func (w *world) newAccount(t *testing.T, projectID, name string) (org.ServiceAccount, *org.IssuedKey) {
	t.Helper()
	account, key, _, err := w.svc.CreateServiceAccount(t.Context(), w.owner, projectID, org.NewServiceAccount{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return account, key
}

func serviceAccountsAreListedInPages(t *testing.T, open Open) {
	w := newWorld(t, open)
	project, other := w.newProject(t, "a").ID, w.newProject(t, "b").ID
	read := func(page org.Page) (org.ListPage[org.ServiceAccount], error) {
		return w.svc.ListServiceAccounts(t.Context(), w.owner, project, page)
	}
	var all []string
	for i := range 11 {
		account, _ := w.newAccount(t, project, fmt.Sprint("account ", i))
		all = append(all, account.ID)
		w.newAccount(t, other, "of another project")
	}
	for limit := 1; limit <= len(all)+1; limit++ {
		got := pages(t, limit, func(a org.ServiceAccount) string { return a.ID }, read)
		if diff := cmp.Diff(all, got); diff != "" {
			t.Errorf("by %d (-want +got):\n%s", limit, diff)
		}
	}
	if _, err := w.svc.DeleteServiceAccount(t.Context(), w.owner, project, all[5]); err != nil {
		t.Fatal(err)
	}
	if page, err := read(org.Page{Limit: 1, After: all[5]}); err != nil || page.Items[0].ID != all[6] {
		t.Errorf("after a deleted one: %+v, %v", page, err)
	}
	if page, err := read(org.Page{}); err != nil || page.HasMore || len(page.Items) > 0 {
		t.Errorf("limit 0: %+v, %v", page, err)
	}
}

func changesOfAServiceAccountAreLogged(t *testing.T, open Open) {
	w := newWorld(t, open)
	project := w.newProject(t, "a").ID
	account, issued, _, err := w.svc.CreateServiceAccount(t.Context(), w.owner, project, org.NewServiceAccount{Name: "lone", WithoutKey: true})
	want := org.ServiceAccount{ID: account.ID, ProjectID: project, Name: "lone", Role: org.ProjectNone, CreatedAt: w.clock.Now().Unix()}
	if account != want || issued != nil || err != nil {
		t.Errorf("made %+v, %v, %v, want %+v", account, issued, err, want)
	}
	w.logged(t, org.EventServiceAccountCreated, account.ID, project, org.OwnerSet{Type: org.OwnerServiceAccount, ID: account.ID})

	key, _, err := w.svc.CreateServiceAccountKey(t.Context(), w.owner, project, account.ID, org.NewServiceAccountKey{ExpiresInSeconds: new(int64(60))})
	if err != nil || key.Name != "Secret Key" || key.ExpiresAt != key.CreatedAt+60 || token.Sum(key.Secret.Reveal()) != key.Digest {
		t.Errorf("%+v, %v", key.Key, err)
	}
	w.logged(t, org.EventAPIKeyCreated, key.ID, project, org.KeyAdded{
		ID: key.ID, Kind: org.KindServiceAccount, Digest: key.Digest, OwnerType: org.OwnerServiceAccount, OwnerID: account.ID,
		ProjectID: project, ExpiresAt: key.ExpiresAt,
	})

	want.Name, want.Role = "renamed", org.ProjectOwner
	if got, _, err := w.svc.UpdateServiceAccount(t.Context(), w.owner, project, account.ID, org.ServiceAccountChange{Name: &want.Name, Role: &want.Role}); got != want || err != nil {
		t.Errorf("changed to %+v, %v, want %+v", got, err, want)
	}
	w.logged(t, org.EventServiceAccountUpdated, account.ID, project)
	if got, err := w.svc.GetServiceAccount(t.Context(), w.owner, project, account.ID); got != want || err != nil {
		t.Errorf("read back %+v, %v, want %+v", got, err, want)
	}
	before, err := w.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, commit, err := w.svc.UpdateServiceAccount(t.Context(), w.owner, project, account.ID, org.ServiceAccountChange{Name: &want.Name}); commit.Revision != before.Revision || err != nil {
		t.Errorf("the same name: revision %d after %d, %v", commit.Revision, before.Revision, err)
	}
}

func serviceAccountAndItsKeyAreOneChange(t *testing.T, open Open) {
	w := newWorld(t, open)
	project := w.newProject(t, "a").ID
	before := len(w.commit.all())
	account, key := w.newAccount(t, project, "worker")
	var got []org.EventType
	for _, e := range w.commit.all()[before:] {
		got = append(got, e.Type)
	}
	if diff := cmp.Diff([]org.EventType{org.EventServiceAccountCreated, org.EventAPIKeyCreated}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if account.Role != org.ProjectMember || key.OwnerID != account.ID || key.ProjectID != project || key.CreatedAt != account.CreatedAt {
		t.Errorf("%+v, %+v", account, key.Key)
	}
	w.verifyState(t)
}

func serviceAccountEndsItsKeysByOneEvent(t *testing.T, open Open) {
	s := newSociety(t, open)
	before, events := s.held(t), len(s.commit.all())
	account, project := s.accounts[0], s.projects[0]
	if _, err := s.svc.DeleteServiceAccount(t.Context(), s.owner, project, account); err != nil {
		t.Fatal(err)
	}
	if n := len(s.commit.all()) - events; n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	s.logged(t, org.EventServiceAccountDeleted, account, project, org.OwnerSet{Type: org.OwnerServiceAccount, ID: account, Removed: true})
	s.expectGone(t, before, keyName(account, project))
	_, err := s.svc.DeleteServiceAccount(t.Context(), s.owner, project, account)
	if r := refusal(t, err); r.Kind != org.NotFound {
		t.Errorf("deleted again: %+v", r)
	}
}

func serviceAccountsOfOthersAreNotFound(t *testing.T, open Open) {
	s := newSociety(t, open)
	before := s.held(t)
	for _, at := range [][2]string{
		{s.projects[1], s.accounts[0]}, {s.projects[0], s.accounts[1]}, {s.projects[0], s.users[0]}, {s.projects[0], "sa_x"},
		{"proj_x", s.accounts[0]}, {s.accounts[0], s.accounts[0]}, {"proj_" + s.users[0][5:], s.accounts[0]}, {"", ""}, {"\x00", "\x00"},
	} {
		for what, do := range map[string]func() error{
			"get":    func() error { _, err := s.svc.GetServiceAccount(t.Context(), s.owner, at[0], at[1]); return err },
			"delete": func() error { _, err := s.svc.DeleteServiceAccount(t.Context(), s.owner, at[0], at[1]); return err },
			"update": func() error {
				_, _, err := s.svc.UpdateServiceAccount(t.Context(), s.owner, at[0], at[1], org.ServiceAccountChange{Name: new("mine")})
				return err
			},
			"create a key": func() error {
				_, _, err := s.svc.CreateServiceAccountKey(t.Context(), s.owner, at[0], at[1], org.NewServiceAccountKey{})
				return err
			},
		} {
			if r := refusal(t, do()); r.Kind != org.NotFound {
				t.Errorf("%s %q: %+v", what, at, r)
			}
		}
	}
	s.expectGone(t, before)
}

// renamedOwnerIsForgottenWithinItsBatch: a transaction remembers owners, but not
// how they were before they changed.
func renamedOwnerIsForgottenWithinItsBatch(t *testing.T, open Open) {
	s := newSociety(t, open)
	s.do(t, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventServiceAccountUpdated, Resource: s.accounts[0], ProjectID: s.projects[0]})
		for _, name := range []string{"account 0", "renamed", "again"} {
			account, _, err := tx.ServiceAccount(s.projects[0], s.accounts[0])
			if err != nil {
				return err
			}
			account.Name = name
			if err := tx.UpdateServiceAccount(account); err != nil {
				return err
			}
			if owner, ok, err := tx.Owner(org.OwnerServiceAccount, s.accounts[0]); owner.Name != name || !ok || err != nil {
				t.Errorf("%+v, %t, %v", owner, ok, err)
			}
			account.ProjectID = s.projects[1]
			account.Name = "of another project"
			if err := tx.UpdateServiceAccount(account); err != nil {
				return err
			}
		}
		return nil
	})
	if got, err := s.svc.GetServiceAccount(t.Context(), s.owner, s.projects[0], s.accounts[0]); got.Name != "again" || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// changesIn are all changes of what a project has.
func (s *society) changesIn(t *testing.T, caller org.Caller) map[string]func() error {
	t.Helper()
	var key string
	list, err := s.svc.ListProjectAPIKeys(t.Context(), s.owner, s.projects[0], org.ProjectAPIKeyPage{Page: org.Page{Limit: 1}})
	if err != nil || len(list.Items) == 0 {
		t.Fatal(list, err)
	}
	key = list.Items[0].ID
	project, account := s.projects[0], s.accounts[0]
	return map[string]func() error{
		"create an account": func() error {
			_, _, _, err := s.svc.CreateServiceAccount(t.Context(), caller, project, org.NewServiceAccount{Name: "a"})
			return err
		},
		"update an account": func() error {
			_, _, err := s.svc.UpdateServiceAccount(t.Context(), caller, project, account, org.ServiceAccountChange{Name: new("b")})
			return err
		},
		"create its key": func() error {
			_, _, err := s.svc.CreateServiceAccountKey(t.Context(), caller, project, account, org.NewServiceAccountKey{})
			return err
		},
		"create a member's key": func() error {
			_, _, _, err := s.svc.CreateProjectAPIKey(t.Context(), caller, project, org.NewProjectAPIKey{UserID: s.users[0], Name: "a"})
			return err
		},
		"delete a key":      func() error { _, err := s.svc.DeleteProjectAPIKey(t.Context(), caller, project, key); return err },
		"delete an account": func() error { _, err := s.svc.DeleteServiceAccount(t.Context(), caller, project, account); return err },
	}
}

func nothingIsMadeInAnArchivedProject(t *testing.T, open Open) {
	s := newSociety(t, open)
	before := s.held(t)
	changes := s.changesIn(t, s.owner)
	if _, _, err := s.svc.ArchiveProject(t.Context(), s.owner, s.projects[0]); err != nil {
		t.Fatal(err)
	}
	for what, change := range changes {
		if r := refusal(t, change()); r.Code != "project_archived" || r.Kind != org.Invalid {
			t.Errorf("%s: %+v", what, r)
		}
	}
	s.expectGone(t, before)
}

func readersMayOnlyReadWhatIsInProjects(t *testing.T, open Open) {
	s := newSociety(t, open)
	before := s.held(t)
	reader := s.people(t, 1, org.RoleReader)[0]
	for what, change := range s.changesIn(t, reader) {
		if r := refusal(t, change()); r.Kind != org.Forbidden {
			t.Errorf("%s: %+v", what, r)
		}
	}
	if page, err := s.svc.ListServiceAccounts(t.Context(), reader, s.projects[0], org.Page{Limit: 9}); len(page.Items) != 1 || err != nil {
		t.Errorf("%+v, %v", page, err)
	}
	if page, err := s.svc.ListProjectAPIKeys(t.Context(), reader, s.projects[0], org.ProjectAPIKeyPage{Page: org.Page{Limit: 9}}); len(page.Items) != 6 || err != nil {
		t.Errorf("%d keys, %v", len(page.Items), err)
	}
	s.expectGone(t, append(before, keyName(reader.OwnerID, "")))
}

func keyOfAServiceAccountGoesWithoutIt(t *testing.T, open Open) {
	w := newWorld(t, open)
	project := w.newProject(t, "a").ID
	account, first := w.newAccount(t, project, "worker")
	second, _, err := w.svc.CreateServiceAccountKey(t.Context(), w.owner, project, account.ID, org.NewServiceAccountKey{Name: new("second")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.svc.DeleteProjectAPIKey(t.Context(), w.owner, project, first.ID); err != nil {
		t.Fatal(err)
	}
	w.logged(t, org.EventAPIKeyDeleted, first.ID, project, org.KeyRemoved{Digest: first.Digest})
	if got, err := w.svc.GetServiceAccount(t.Context(), w.owner, project, account.ID); got != account || err != nil {
		t.Errorf("the account: %+v, %v", got, err)
	}
	if _, err := w.svc.GetProjectAPIKey(t.Context(), w.owner, project, second.ID); err != nil {
		t.Errorf("its other key: %v", err)
	}
}

// serviceAccountOfABatchThatFailedIsNone: what one closure made and lost, the
// next one of its batch does not find.
func serviceAccountOfABatchThatFailedIsNone(t *testing.T, open Open) {
	s := newSociety(t, open)
	var lost string
	errs := together(t.Context(), s,
		func(tx org.Tx) error {
			lost = mint(tx, org.PrefixServiceAccount)
			if err := tx.InsertServiceAccount(org.ServiceAccount{ID: lost, ProjectID: s.projects[0], Name: "lost", Role: org.ProjectMember}); err != nil {
				return err
			}
			if _, ok, err := tx.Owner(org.OwnerServiceAccount, lost); !ok || err != nil {
				t.Errorf("not there at first: %t, %v", ok, err)
			}
			return &org.Refusal{Kind: org.Invalid, Message: "no"}
		},
		func(tx org.Tx) error {
			if _, ok, err := tx.Owner(org.OwnerServiceAccount, lost); ok || err != nil {
				t.Errorf("there at last: %t, %v", ok, err)
			}
			return nil
		},
	)
	if errs[0] == nil || errs[1] != nil {
		t.Error(errs)
	}
}
