package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

var projectAPIKeyTests = map[string]func(*testing.T, Open){
	"ProjectKeysAreListedInPages":   projectKeysAreListedInPages,
	"ChangesOfAProjectKeyAreLogged": changesOfAProjectKeyAreLogged,
	"ProjectKeysAreOfMembers":       projectKeysAreOfMembers,
	"ProjectKeysOfOthersAreNone":    projectKeysOfOthersAreNone,
	"ProjectKeysTellOwnersAndUses":  projectKeysTellOwnersAndUses,
}

func projectKeysAreListedInPages(t *testing.T, open Open) {
	s := newSociety(t, open)
	project := s.projects[0]
	read := func(access org.ProjectAccess) func(page org.Page) (org.ListPage[org.ProjectAPIKey], error) {
		return func(page org.Page) (org.ListPage[org.ProjectAPIKey], error) {
			return s.svc.ListProjectAPIKeys(t.Context(), s.owner, project, org.ProjectAPIKeyPage{Page: page, OwnerAccess: access})
		}
	}
	id := func(k org.ProjectAPIKey) string { return k.ID }
	var all []string
	if _, err := s.Snapshot(t.Context(), org.SnapshotVisitor{Key: func(k org.SnapshotKey) error {
		if k.ProjectID == project {
			all = append(all, k.ID)
		}
		return nil
	}}); err != nil || len(all) != 6 {
		t.Fatal(all, err)
	}
	for i := range 5 {
		key, _, _, err := s.svc.CreateProjectAPIKey(t.Context(), s.owner, project, org.NewProjectAPIKey{UserID: s.users[i%2], Name: fmt.Sprint("key ", i)})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, key.ID)
	}
	slices.Sort(all)
	for limit := 1; limit <= len(all)+1; limit++ {
		for access, want := range map[org.ProjectAccess][]string{"": all, org.AccessAny: all, org.AccessActive: all, org.AccessInactive: nil} {
			if diff := cmp.Diff(want, pages(t, limit, id, read(access))); diff != "" {
				t.Errorf("%s by %d (-want +got):\n%s", access, limit, diff)
			}
		}
	}
	if _, err := s.svc.DeleteProjectAPIKey(t.Context(), s.owner, project, all[5]); err != nil {
		t.Fatal(err)
	}
	if page, err := read("")(org.Page{Limit: 1, After: all[5]}); err != nil || page.Items[0].ID != all[6] {
		t.Errorf("after a deleted one: %+v, %v", page, err)
	}
	s.accessEndsWithTheProject(t, project, read)
	_, err := read("some")(org.Page{Limit: 1})
	if r := refusal(t, err); r.Param != "owner_project_access" {
		t.Errorf("%+v", r)
	}
}

// accessEndsWithTheProject archives a project and wants all keys to say so.
func (s *society) accessEndsWithTheProject(
	t *testing.T, project string, read func(org.ProjectAccess) func(org.Page) (org.ListPage[org.ProjectAPIKey], error),
) {
	t.Helper()
	if _, _, err := s.svc.ArchiveProject(t.Context(), s.owner, project); err != nil {
		t.Fatal(err)
	}
	for access, want := range map[org.ProjectAccess]int{"": 10, org.AccessAny: 10, org.AccessActive: 0, org.AccessInactive: 10} {
		page, err := read(access)(org.Page{Limit: 100})
		if err != nil || len(page.Items) != want {
			t.Errorf("%q of an archived project: %d keys, %v, want %d", access, len(page.Items), err, want)
		}
		for _, key := range page.Items {
			one, err := s.svc.GetProjectAPIKey(t.Context(), s.owner, project, key.ID)
			if err != nil || key.OwnerAccess != org.AccessInactive || one.OwnerAccess != org.AccessInactive {
				t.Errorf("a key of an archived project is %q in the list and %q alone, %v", key.OwnerAccess, one.OwnerAccess, err)
			}
		}
	}
}

func changesOfAProjectKeyAreLogged(t *testing.T, open Open) {
	s := newSociety(t, open)
	user, project := s.users[0], s.projects[0]
	key, secret, _, err := s.svc.CreateProjectAPIKey(t.Context(), s.owner, project, org.NewProjectAPIKey{UserID: user, Name: "laptop", ExpiresInSeconds: new(int64(60))})
	want := org.ProjectAPIKey{
		ID: key.ID, ProjectID: project, Kind: org.KindProject, Name: "laptop", Redacted: secret.Redacted(), Digest: secret.Digest(),
		CreatedAt: s.clock.Now().Unix(), ExpiresAt: s.clock.Now().Unix() + 60,
		Owner:       org.Owner{Type: org.OwnerUser, ID: user, Name: "user 0", Email: "user0@example.com", Role: org.Role(org.ProjectMember), CreatedAt: s.clock.Now().Unix()},
		OwnerAccess: org.AccessActive,
	}
	if diff := cmp.Diff(want, key); diff != "" || err != nil || token.Sum(secret.Reveal()) != key.Digest {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	s.logged(t, org.EventAPIKeyCreated, key.ID, project, org.KeyAdded{
		ID: key.ID, Kind: org.KindProject, Digest: key.Digest, OwnerType: org.OwnerUser, OwnerID: user, ProjectID: project, ExpiresAt: key.ExpiresAt,
	})
	got, err := s.svc.GetProjectAPIKey(t.Context(), s.owner, project, key.ID)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("read back: %v (-want +got):\n%s", err, diff)
	}
	if _, err := s.svc.DeleteProjectAPIKey(t.Context(), s.owner, project, key.ID); err != nil {
		t.Fatal(err)
	}
	s.logged(t, org.EventAPIKeyDeleted, key.ID, project, org.KeyRemoved{Digest: key.Digest})
	_, err = s.svc.DeleteProjectAPIKey(t.Context(), s.owner, project, key.ID)
	if r := refusal(t, err); r.Kind != org.NotFound {
		t.Errorf("deleted again: %+v", r)
	}
}

func projectKeysAreOfMembers(t *testing.T, open Open) {
	s := newSociety(t, open)
	before := s.held(t)
	stranger := s.people(t, 1, org.RoleReader)[0].OwnerID
	for _, id := range []string{stranger, s.accounts[0], "user_x", "", "\x00", s.first.ID} {
		_, _, _, err := s.svc.CreateProjectAPIKey(t.Context(), s.owner, s.projects[0], org.NewProjectAPIKey{UserID: id, Name: "a"})
		if r := refusal(t, err); r.Kind != org.Invalid || r.Param != "user_id" {
			t.Errorf("%q: %+v", id, r)
		}
	}
	s.expectGone(t, append(before, keyName(stranger, "")))
}

func projectKeysOfOthersAreNone(t *testing.T, open Open) {
	s := newSociety(t, open)
	before := s.held(t)
	key, _, _, err := s.svc.CreateProjectAPIKey(t.Context(), s.owner, s.projects[0], org.NewProjectAPIKey{UserID: s.users[0], Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range [][2]string{
		{s.projects[1], key.ID}, {s.projects[0], s.first.ID}, {"proj_x", key.ID}, {s.users[0], key.ID}, {"proj_" + s.users[0][5:], key.ID},
		{s.projects[0], "key_x"}, {s.projects[0], s.accounts[0]}, {"\x00", "\x00"},
	} {
		_, err := s.svc.GetProjectAPIKey(t.Context(), s.owner, at[0], at[1])
		if r := refusal(t, err); r.Kind != org.NotFound {
			t.Errorf("get %q: %+v", at, r)
		}
		_, err = s.svc.DeleteProjectAPIKey(t.Context(), s.owner, at[0], at[1])
		if r := refusal(t, err); r.Kind != org.NotFound {
			t.Errorf("delete %q: %+v", at, r)
		}
	}
	if _, err := s.svc.DeleteProjectAPIKey(t.Context(), s.owner, s.projects[0], key.ID); err != nil {
		t.Error(err)
	}
	s.expectGone(t, before)
}

// projectKeysTellOwnersAndUses: each key comes with its own owner, whose role is
// the one in the project, and its own last use.
func projectKeysTellOwnersAndUses(t *testing.T, open Open) {
	s := newSociety(t, open)
	project := s.projects[0]
	list := func() []org.ProjectAPIKey {
		page, err := s.svc.ListProjectAPIKeys(t.Context(), s.owner, project, org.ProjectAPIKeyPage{Page: org.Page{Limit: 100}})
		if err != nil {
			t.Fatal(err)
		}
		return page.Items
	}
	for i, key := range list() {
		if key.LastUsedAt != 0 {
			t.Errorf("%s was used at %d", key.ID, key.LastUsedAt)
		}
		s.use(t, org.Use{KeyID: key.ID, At: int64(100 + i)})
	}
	now := s.clock.Now().Unix()
	owners := map[string]org.Owner{
		s.accounts[0]: {Type: org.OwnerServiceAccount, ID: s.accounts[0], Name: "account 0", Role: org.Role(org.ProjectMember), CreatedAt: now},
	}
	for i, id := range s.users {
		owners[id] = org.Owner{Type: org.OwnerUser, ID: id, Name: fmt.Sprint("user ", i), Email: fmt.Sprintf("user%d@example.com", i), Role: org.Role(org.ProjectMember), CreatedAt: now}
	}
	for i, key := range list() {
		if diff := cmp.Diff(owners[key.Owner.ID], key.Owner); diff != "" || key.LastUsedAt != int64(100+i) || key.Name != keyName(key.Owner.ID, project) {
			t.Errorf("%s, used at %d (-want +got):\n%s", key.Name, key.LastUsedAt, diff)
		}
	}
}
