package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var cascadeTests = map[string]func(*testing.T, Open){
	"DeletedUserTakesItsKeysAlong":           deletedUserTakesItsKeysAlong,
	"ManyKeysEndAtOnce":                      manyKeysEndAtOnce,
	"DeletedMemberTakesItsKeysAlong":         deletedMemberTakesItsKeysAlong,
	"DeletedServiceAccountTakesItsKeysAlong": deletedServiceAccountTakesItsKeysAlong,
	"EndedKeyIsForgottenWithinItsBatch":      endedKeyIsForgottenWithinItsBatch,
	"EmailsIgnoreTheCaseOfASCII":             emailsIgnoreTheCaseOfASCII,
	"OwnersAreOfBothTypes":                   ownersAreOfBothTypes,
	"RateLimitsAreReplaced":                  rateLimitsAreReplaced,
	"SnapshotHasTheWholeOrganization":        snapshotHasTheWholeOrganization,
}

// society is an organization with somebody in every place: two users, both
// members of two projects, a service account in each, and keys of all of them.
// Keys are named by who has them and where.
type society struct {
	*world
	users, projects, accounts [2]string
}

func newSociety(t *testing.T, open Open) *society {
	t.Helper()
	s := &society{world: newWorld(t, open)}
	s.do(t, func(tx org.Tx) error {
		for i := range 2 {
			s.projects[i], s.users[i], s.accounts[i] = mint(tx, org.PrefixProject), mint(tx, org.PrefixUser), mint(tx, org.PrefixServiceAccount)
		}
		for i := range 2 {
			if err := s.settle(tx, i); err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

// settle writes the i-th project, its account, the i-th user and its keys.
func (s *society) settle(tx org.Tx, i int) error {
	project := org.Project{ID: s.projects[i], Name: fmt.Sprint("project ", i), CreatedAt: tx.Now()}
	user := org.User{ID: s.users[i], Name: fmt.Sprint("user ", i), Email: fmt.Sprintf("user%d@example.com", i), Role: org.RoleReader, CreatedAt: tx.Now()}
	account := org.ServiceAccount{ID: s.accounts[i], ProjectID: project.ID, Name: fmt.Sprint("account ", i), Role: org.ProjectMember, CreatedAt: tx.Now()}
	writes := []func() error{
		func() error { return tx.InsertProject(project) },
		func() error { return tx.InsertUser(user) },
		func() error { return tx.InsertServiceAccount(account) },
		func() error { return addNamedKey(tx, org.KindAdmin, org.OwnerUser, user.ID, "") },
		func() error {
			return addNamedKey(tx, org.KindServiceAccount, org.OwnerServiceAccount, account.ID, project.ID)
		},
	}
	for _, in := range s.projects {
		writes = append(writes,
			func() error {
				return tx.InsertProjectUser(org.ProjectUser{ProjectID: in, UserID: user.ID, Role: org.ProjectMember, AddedAt: tx.Now()})
			},
			func() error { return addNamedKey(tx, org.KindProject, org.OwnerUser, user.ID, in) })
	}
	for _, write := range writes {
		if err := write(); err != nil {
			return err
		}
	}
	tx.Emit(org.Event{Type: org.EventProjectCreated, Effects: []org.Effect{
		org.ProjectSet{ID: project.ID}, org.OwnerSet{Type: org.OwnerUser, ID: user.ID, Role: user.Role},
		org.OwnerSet{Type: org.OwnerServiceAccount, ID: account.ID},
	}})
	return nil
}

func mint(tx org.Tx, prefix string) string {
	id, err := tx.NewID(prefix)
	if err != nil {
		panic(err)
	}
	return id.String()
}

// addNamedKey makes two keys of an owner.
func addNamedKey(tx org.Tx, kind org.KeyKind, ownerType org.OwnerType, ownerID, projectID string) error {
	for range 2 {
		key := org.Key{
			ID: mint(tx, org.PrefixKey), Kind: kind, Name: keyName(ownerID, projectID),
			CreatedAt: tx.Now(), OwnerType: ownerType, OwnerID: ownerID, ProjectID: projectID,
		}
		copy(key.Digest[:], key.ID)
		if err := tx.InsertKey(key); err != nil {
			return err
		}
		tx.Emit(org.Event{Type: org.EventAPIKeyCreated, Resource: key.ID, Effects: []org.Effect{org.KeyAdded{
			ID: key.ID, Kind: kind, Digest: key.Digest, OwnerType: ownerType, OwnerID: ownerID, ProjectID: projectID,
		}}})
	}
	return nil
}

func keyName(ownerID, projectID string) string { return ownerID + " in " + projectID }

func (w *world) do(t *testing.T, fn func(org.Tx) error) {
	t.Helper()
	if _, err := w.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (w *world) adminKeysOf(t *testing.T, userID string) org.KeysSeen {
	t.Helper()
	seen, err := w.AdminKeysOf(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// held returns who has keys where, sorted, and uses all of them.
func (s *society) held(t *testing.T) []string {
	t.Helper()
	var names []string
	var uses []org.Use
	if _, err := s.Snapshot(t.Context(), org.SnapshotVisitor{Key: func(k org.SnapshotKey) error {
		if k.ID != s.first.ID {
			names = append(names, keyName(k.OwnerID, k.ProjectID))
		}
		uses = append(uses, org.Use{KeyID: k.ID, At: 5})
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	s.use(t, uses...)
	slices.Sort(names)
	return names
}

// expectGone compares what is held with what was, but for names that end says.
func (s *society) expectGone(t *testing.T, before []string, gone ...string) {
	t.Helper()
	want := slices.DeleteFunc(slices.Clone(before), func(name string) bool { return slices.Contains(gone, name) })
	if len(want) != len(before)-2*len(gone) {
		t.Fatalf("not all of %v were held", gone)
	}
	if diff := cmp.Diff(want, s.held(t)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	s.verifyState(t)
}

// usedKeys returns the ids of the keys of an owner in a project, which have uses.
func (s *society) usedKeys(t *testing.T, name string) (ids []string) {
	t.Helper()
	_ = s.held(t)
	if _, err := s.Snapshot(t.Context(), org.SnapshotVisitor{Key: func(k org.SnapshotKey) error {
		if keyName(k.OwnerID, k.ProjectID) == name {
			ids = append(ids, k.ID)
		}
		return nil
	}}); err != nil || len(ids) == 0 {
		t.Fatalf("keys of %s: %v, %v", name, ids, err)
	}
	return ids
}

// expectNoUses makes keys of the same ids again: had a use time stayed, it would
// be theirs. It comes last, since no such thing happens.
func (s *society) expectNoUses(t *testing.T, ids []string) {
	t.Helper()
	s.do(t, func(tx org.Tx) error {
		for _, id := range ids {
			tx.Emit(org.Event{Type: org.EventAPIKeyCreated})
			if err := tx.InsertKey(org.Key{ID: id, Kind: org.KindAdmin, OwnerType: org.OwnerUser, OwnerID: s.owner.OwnerID}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, id := range ids {
		if at := s.lastUsed(t, id); at != 0 {
			t.Errorf("a use of %s at %d was left behind", id, at)
		}
	}
}

// logVerifier is a store that can compare its rows with its log.
type logVerifier interface {
	VerifyLog(ctx context.Context, expect *org.Head) (org.Head, error)
}

// verifyState wants the rows to be what the log says.
func (w *world) verifyState(t *testing.T) {
	t.Helper()
	if _, err := w.Store.(logVerifier).VerifyLog(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func deletedUserTakesItsKeysAlong(t *testing.T, open Open) {
	s := newSociety(t, open)
	before := s.held(t)
	user := s.users[0]
	seen := s.adminKeysOf(t, user)
	s.do(t, func(tx org.Tx) error { // and after they were looked for, two more
		return addNamedKey(tx, org.KindAdmin, org.OwnerUser, user, "")
	})
	used := append(s.usedKeys(t, keyName(user, "")), s.usedKeys(t, keyName(user, s.projects[0]))...)
	s.do(t, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventUserDeleted, Resource: user, Effects: []org.Effect{
			org.OwnerSet{Type: org.OwnerUser, ID: user, Role: org.RoleReader, Removed: true},
		}})
		return tx.DeleteUser(user, seen)
	})
	s.expectGone(t, before, keyName(user, ""), keyName(user, s.projects[0]), keyName(user, s.projects[1]))
	if _, ok, err := s.User(t.Context(), user); ok || err != nil {
		t.Errorf("the user: %t, %v", ok, err)
	}
	s.do(t, func(tx org.Tx) error {
		for _, project := range s.projects {
			if _, ok, err := tx.ProjectUser(project, user); ok || err != nil {
				t.Errorf("a membership: %t, %v", ok, err)
			}
			if _, ok, err := tx.ProjectUser(project, s.users[1]); !ok || err != nil {
				t.Errorf("another's membership: %t, %v", ok, err)
			}
		}
		return nil
	})
	s.expectNoUses(t, used)
}

// manyKeysEndAtOnce deletes more keys than a store may care to name at once.
func manyKeysEndAtOnce(t *testing.T, open Open) {
	s := newSociety(t, open)
	user, other := s.users[0], s.users[1]
	for range 2 {
		s.do(t, func(tx org.Tx) error {
			for range 400 {
				if err := addNamedKey(tx, org.KindAdmin, org.OwnerUser, user, ""); err != nil {
					return err
				}
			}
			return addNamedKey(tx, org.KindAdmin, org.OwnerUser, other, "")
		})
	}
	_ = s.held(t) // and notes uses
	if _, err := s.svc.DeleteUser(t.Context(), s.owner, user); err != nil {
		t.Fatal(err)
	}
	keys, err := s.AdminAPIKeys(t.Context(), org.Page{Limit: 5000})
	if err != nil || len(keys) != 1+6 {
		t.Errorf("%d keys are left, %v", len(keys), err)
	}
	s.verifyState(t)
}

func deletedMemberTakesItsKeysAlong(t *testing.T, open Open) {
	s := newSociety(t, open)
	before := s.held(t)
	user, project := s.users[0], s.projects[0]
	used := s.usedKeys(t, keyName(user, project))
	remove := func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventUserDeleted, Resource: user, ProjectID: project, Effects: []org.Effect{
			org.KeysRemoved{OwnerType: org.OwnerUser, OwnerID: user, ProjectID: project},
		}})
		return tx.DeleteProjectUser(project, user)
	}
	s.do(t, remove)
	s.expectGone(t, before, keyName(user, project))

	// Who comes back has the keys that were made since.
	s.do(t, func(tx org.Tx) error {
		if _, ok, err := tx.ProjectUser(project, user); ok || err != nil {
			t.Errorf("the membership: %t, %v", ok, err)
		}
		if err := tx.InsertProjectUser(org.ProjectUser{ProjectID: project, UserID: user, Role: org.ProjectOwner, AddedAt: 7}); err != nil {
			return err
		}
		return addNamedKey(tx, org.KindProject, org.OwnerUser, user, project)
	})
	s.expectGone(t, before)
	s.do(t, func(tx org.Tx) error {
		got, ok, err := tx.ProjectUser(project, user)
		want := org.ProjectUser{ProjectID: project, UserID: user, Name: "user 0", Email: "user0@example.com", Role: org.ProjectOwner, AddedAt: 7}
		if got != want || !ok || err != nil {
			t.Errorf("%+v, %t, %v", got, ok, err)
		}
		return nil
	})
	s.expectNoUses(t, used)
}

func deletedServiceAccountTakesItsKeysAlong(t *testing.T, open Open) {
	s := newSociety(t, open)
	before := s.held(t)
	account, project := s.accounts[0], s.projects[0]
	used := s.usedKeys(t, keyName(account, project))
	s.do(t, func(tx org.Tx) error {
		if _, ok, err := tx.ServiceAccount(s.projects[1], account); ok || err != nil {
			t.Errorf("seen from another project: %t, %v", ok, err)
		}
		got, ok, err := tx.ServiceAccount(project, account)
		if got.Name != "account 0" || got.ProjectID != project || got.Role != org.ProjectMember || !ok || err != nil {
			t.Errorf("%+v, %t, %v", got, ok, err)
		}
		tx.Emit(org.Event{Type: org.EventServiceAccountDeleted, Resource: account, ProjectID: project, Effects: []org.Effect{
			org.OwnerSet{Type: org.OwnerServiceAccount, ID: account, Removed: true},
		}})
		return tx.DeleteServiceAccount(project, account)
	})
	s.expectGone(t, before, keyName(account, project))
	s.do(t, func(tx org.Tx) error {
		if _, ok, err := tx.ServiceAccount(project, account); ok || err != nil {
			t.Errorf("the account: %t, %v", ok, err)
		}
		return nil
	})
	s.expectNoUses(t, used)
}

// endedKeyIsForgottenWithinItsBatch: a store may remember what a transaction
// has read of a key and its owner, but not beyond their end.
func endedKeyIsForgottenWithinItsBatch(t *testing.T, open Open) {
	s := newSociety(t, open)
	user := s.users[0]
	seen := s.adminKeysOf(t, user)
	var key string
	if _, err := s.Snapshot(t.Context(), org.SnapshotVisitor{Key: func(k org.SnapshotKey) error {
		if k.OwnerID == user && k.Kind == org.KindAdmin {
			key = k.ID
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	s.do(t, func(tx org.Tx) error {
		look := func(role org.Role, there bool) {
			t.Helper()
			if _, ok, err := tx.Key(org.KindAdmin, key); ok != there || err != nil {
				t.Errorf("the key: %t, %v", ok, err)
			}
			if owner, ok, err := tx.Owner(org.OwnerUser, user); owner.Role != role || ok != there || err != nil {
				t.Errorf("its owner: %+v, %t, %v", owner, ok, err)
			}
		}
		look(org.RoleReader, true)
		u, _, err := tx.User(user)
		if err != nil {
			return err
		}
		u.Role = org.RoleOwner
		if err := tx.UpdateUser(u); err != nil {
			return err
		}
		look(org.RoleOwner, true)
		if err := tx.DeleteUser(user, seen); err != nil {
			return err
		}
		look("", false)
		tx.Emit(org.Event{Type: org.EventUserDeleted, Effects: []org.Effect{org.OwnerSet{Type: org.OwnerUser, ID: user, Removed: true}}})
		return nil
	})
}

func emailsIgnoreTheCaseOfASCII(t *testing.T, open Open) {
	w := newWorld(t, open)
	user := org.User{ID: "user_x", Name: "X", Email: "Ärger@Example.com", Role: org.RoleReader}
	w.do(t, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventUserAdded})
		return tx.InsertUser(user)
	})
	for email, want := range map[string]bool{
		"Ärger@Example.com": true, "ÄRGER@EXAMPLE.COM": true, "Ärger@example.com": true,
		"ärger@example.com": false, "arger@example.com": false, "Ärger@example.com ": false, "": false,
	} {
		w.do(t, func(tx org.Tx) error {
			got, ok, err := tx.UserByEmail(email)
			if ok != want || err != nil || (ok && got != user) {
				t.Errorf("%q: %+v, %t, %v", email, got, ok, err)
			}
			return nil
		})
		users, err := w.Users(t.Context(), org.UserPage{Page: org.Page{Limit: 10}, Emails: []string{"nobody@example.com", email, email}})
		if (len(users) == 1) != want || err != nil {
			t.Errorf("%q: %+v, %v", email, users, err)
		}
	}
	if _, err := w.Update(t.Context(), func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventUserAdded})
		return tx.InsertUser(org.User{ID: "user_y", Email: "ÄRGER@example.com"})
	}); err == nil {
		t.Error("one address was given to two users")
	}
}

func ownersAreOfBothTypes(t *testing.T, open Open) {
	s := newSociety(t, open)
	s.do(t, func(tx org.Tx) error {
		now := tx.Now()
		for _, want := range []org.Owner{
			{Type: org.OwnerUser, ID: s.users[0], Name: "user 0", Email: "user0@example.com", Role: org.RoleReader, CreatedAt: now},
			{Type: org.OwnerServiceAccount, ID: s.accounts[0], Name: "account 0", CreatedAt: now},
		} {
			for range 2 { // read, then remembered
				got, ok, err := tx.Owner(want.Type, want.ID)
				if diff := cmp.Diff(want, got); diff != "" || !ok || err != nil {
					t.Errorf("%t, %v (-want +got):\n%s", ok, err, diff)
				}
			}
		}
		if _, ok, err := tx.Owner(org.OwnerServiceAccount, s.users[0]); ok || err != nil {
			t.Errorf("a user as a service account: %t, %v", ok, err)
		}
		return nil
	})
}

func rateLimitsAreReplaced(t *testing.T, open Open) {
	s := newSociety(t, open)
	limit := org.RateLimit{
		ProjectID: s.projects[0], Model: "gpt", RequestsPerMinute: 1, RequestsPerDay: org.DefaultLimit, TokensPerMinute: 3,
		ImagesPerMinute: 4, AudioMegabytesPerMinute: 5, BatchInputTokensPerDay: 6,
	}
	for range 2 {
		limit.RequestsPerMinute *= 10
		s.do(t, func(tx org.Tx) error {
			tx.Emit(org.Event{Type: org.EventRateLimitUpdated, Effects: []org.Effect{limit.Set()}})
			return tx.SetRateLimit(limit)
		})
		s.do(t, func(tx org.Tx) error {
			got, ok, err := tx.RateLimit(limit.ProjectID, limit.Model)
			if diff := cmp.Diff(limit, got); diff != "" || !ok || err != nil {
				t.Errorf("%t, %v (-want +got):\n%s", ok, err, diff)
			}
			if _, ok, err := tx.RateLimit(s.projects[1], limit.Model); ok || err != nil {
				t.Errorf("of another project: %t, %v", ok, err)
			}
			return nil
		})
	}
	s.verifyState(t)
}

func snapshotHasTheWholeOrganization(t *testing.T, open Open) {
	s := newSociety(t, open)
	limit := org.RateLimit{ProjectID: s.projects[0], Model: "gpt", RequestsPerMinute: 1}
	s.do(t, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventRateLimitUpdated, Effects: []org.Effect{limit.Set()}})
		return tx.SetRateLimit(limit)
	})
	got := map[string]int{}
	count := func(id string) error { //nolint:unparam // a visitor's signature
		got[id]++
		return nil
	}
	if _, err := s.Snapshot(t.Context(), org.SnapshotVisitor{
		User:           func(u org.User) error { return count(u.ID) },
		ServiceAccount: func(a org.ServiceAccount) error { return count(a.ID) },
		Project:        func(p org.Project) error { return count(p.Name) },
		RateLimit:      func(l org.RateLimit) error { return count(l.ProjectID + l.Model) },
	}); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		s.owner.OwnerID: 1, s.users[0]: 1, s.users[1]: 1, s.accounts[0]: 1, s.accounts[1]: 1,
		"Default project": 1, "project 0": 1, "project 1": 1, limit.ProjectID + limit.Model: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
