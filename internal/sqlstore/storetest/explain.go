package storetest

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

var explainTests = map[string]func(*testing.T, Open){
	"KeyIsFoundByItsDigest":   keyIsFoundByItsDigest,
	"EndIsFoundByTheDigest":   endIsFoundByTheDigest,
	"ExplainSaysWhyAKeyIsBad": explainSaysWhyAKeyIsBad,
	"ExplainKnowsOfCascades":  explainKnowsOfCascades,
}

func keyIsFoundByItsDigest(t *testing.T, open Open) {
	w := newWorld(t, open)
	finder := w.Store.(org.KeyFinder)
	w.use(t, org.Use{KeyID: w.first.ID, At: 77})
	orphan := org.Key{
		ID: "key_orphan", Kind: org.KindProject, Name: "orphan", Digest: [32]byte{1}, Redacted: "sk-proj...",
		CreatedAt: 5, ExpiresAt: 6, OwnerType: org.OwnerServiceAccount, OwnerID: "sa_gone", ProjectID: "proj_old",
	}
	if _, err := w.Update(t.Context(), func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventProjectCreated})
		if err := tx.InsertProject(org.Project{ID: orphan.ProjectID, Name: "old", CreatedAt: 1, ArchivedAt: 2}); err != nil {
			return err
		}
		return tx.InsertKey(orphan)
	}); err != nil {
		t.Fatal(err)
	}
	owner := w.first.Owner
	for _, want := range []org.KeyView{
		{
			Key: org.Key{
				ID: w.first.ID, Kind: org.KindAdmin, Name: w.first.Name, Digest: w.first.Digest, Redacted: w.first.Redacted,
				CreatedAt: w.first.CreatedAt, OwnerType: owner.Type, OwnerID: owner.ID,
			},
			Owner: owner, LastUsedAt: 77,
		},
		{Key: orphan, Owner: org.Owner{Type: orphan.OwnerType, ID: orphan.OwnerID}, ProjectArchivedAt: 2},
	} {
		got, ok, err := finder.KeyByDigest(t.Context(), want.Digest)
		if diff := cmp.Diff(want, got); diff != "" || !ok || err != nil {
			t.Errorf("%s: %t, %v (-want +got):\n%s", want.Name, ok, err, diff)
		}
	}
	if _, ok, err := finder.KeyByDigest(t.Context(), [32]byte{2}); ok || err != nil {
		t.Errorf("a digest of no key: %t, %v", ok, err)
	}
}

func endIsFoundByTheDigest(t *testing.T, open Open) {
	w := newWorld(t, open)
	finder := w.Store.(org.KeyFinder)
	key := w.create(t, "gone", 0)
	// A name that looks like the effect is not it.
	fake := w.create(t, `"key_removed":{"digest":"`+strings.Repeat("00", 32)+`"}`, 0)
	w.remove(t, fake.ID)
	if _, ok, err := finder.KeyEnd(t.Context(), key.Digest); ok || err != nil {
		t.Errorf("a key that is there: %t, %v", ok, err)
	}
	if _, ok, err := finder.KeyEnd(t.Context(), [32]byte{}); ok || err != nil {
		t.Errorf("a digest in a name: %t, %v", ok, err)
	}
	w.remove(t, key.ID)
	all := events(t, w)
	last := all[len(all)-1]
	want := org.KeyEnd{KeyID: key.ID, Event: org.StoredEvent{
		Revision: last.Revision, ID: last.ID, Type: org.EventAPIKeyDeleted, At: last.At, ActorID: w.owner.OwnerID, Resource: key.ID,
	}}
	got, ok, err := finder.KeyEnd(t.Context(), key.Digest)
	if diff := cmp.Diff(want, got); diff != "" || !ok || err != nil {
		t.Errorf("%t, %v (-want +got):\n%s", ok, err, diff)
	}
}

func explainSaysWhyAKeyIsBad(t *testing.T, open Open) {
	w := newWorld(t, open)
	finder := w.Store.(org.KeyFinder)
	lifetime := int64(10)
	key, secret, _, err := w.svc.CreateAdminAPIKey(t.Context(), w.owner, org.NewAdminAPIKey{Name: "x", ExpiresInSeconds: &lifetime})
	if err != nil {
		t.Fatal(err)
	}
	explain := func(value string, now int64) org.Explanation {
		t.Helper()
		e, err := org.Explain(t.Context(), finder, value, now)
		if err != nil {
			t.Fatal(err)
		}
		if value != "" && strings.Contains(e.Reason, value) {
			t.Error("the key's value is in the explanation")
		}
		return e
	}
	expect := func(what string, e org.Explanation, good bool, reason string) {
		t.Helper()
		if e.Good != good || !strings.Contains(e.Reason, reason) {
			t.Errorf("%s: %+v, want it to say %q", what, e, reason)
		}
	}
	expect("good", explain(secret.Reveal(), key.ExpiresAt-1), true, "good")
	expect("expired", explain(secret.Reveal(), key.ExpiresAt), false, "expired")
	w.remove(t, key.ID)
	expect("revoked", explain(secret.Reveal(), key.CreatedAt), false, key.ID+" was revoked")
	expect("junk", explain("sk-junk", key.CreatedAt), false, "not a key")
	expect("nothing", explain("", key.CreatedAt), false, "not a key")
}

// explainKnowsOfCascades ends keys that no event names.
func explainKnowsOfCascades(t *testing.T, open Open) {
	s := newSociety(t, open)
	keys := map[string]token.Secret{}
	add := func(name string, kind org.KeyKind, ownerType org.OwnerType, owner, project string) {
		t.Helper()
		secret, err := token.Mint(token.Kind(kind), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = secret
		s.do(t, func(tx org.Tx) error {
			id := mint(tx, org.PrefixKey)
			tx.Emit(org.Event{Type: org.EventAPIKeyCreated, Resource: id, Effects: []org.Effect{org.KeyAdded{
				ID: id, Kind: kind, Digest: secret.Digest(), OwnerType: ownerType, OwnerID: owner, ProjectID: project,
			}}})
			return tx.InsertKey(org.Key{ID: id, Kind: kind, Digest: secret.Digest(), OwnerType: ownerType, OwnerID: owner, ProjectID: project})
		})
	}
	user, account, project := s.users[0], s.accounts[0], s.projects[0]
	add("member", org.KindProject, org.OwnerUser, user, project)
	s.do(t, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventUserDeleted, Resource: user, ProjectID: project, Effects: []org.Effect{
			org.KeysRemoved{OwnerType: org.OwnerUser, OwnerID: user, ProjectID: project},
		}})
		return tx.DeleteProjectUser(project, user)
	})
	add("account", org.KindServiceAccount, org.OwnerServiceAccount, account, project)
	s.do(t, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventServiceAccountDeleted, Resource: account, ProjectID: project, Effects: []org.Effect{
			org.OwnerSet{Type: org.OwnerServiceAccount, ID: account, Removed: true},
		}})
		return tx.DeleteServiceAccount(project, account)
	})
	add("user", org.KindAdmin, org.OwnerUser, user, "")
	add("stays", org.KindProject, org.OwnerUser, s.users[1], s.projects[1])
	if _, err := s.svc.DeleteUser(t.Context(), s.owner, user); err != nil {
		t.Fatal(err)
	}
	// The event that archived a project may have been dropped from the log.
	s.do(t, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventProjectUpdated})
		return tx.InsertProject(org.Project{ID: "proj_old", Name: "old", CreatedAt: 1, ArchivedAt: 1_700_000_000})
	})
	add("unlogged", org.KindProject, org.OwnerUser, s.users[1], "proj_old")
	archived := s.projects[1]
	if _, _, err := s.svc.ArchiveProject(t.Context(), s.owner, archived); err != nil {
		t.Fatal(err)
	}
	end := s.lastEvent(t)
	for name, want := range map[string]string{
		"member":   "ended when " + user + " was removed from " + project + " at ",
		"account":  "ended when " + account + " was removed from " + project + " at ",
		"user":     "ended when " + user + " was removed at 2027-01-15 08:00:00 UTC by " + s.owner.OwnerID,
		"unlogged": "Its project proj_old was archived at 2023-11-14 22:13:20 UTC.",
		"stays":    "Its project " + archived + " was archived at 2027-01-15 08:00:00 UTC by " + s.owner.OwnerID + " (revision " + fmt.Sprint(end.Revision) + ", " + end.ID + ").",
	} {
		e, err := org.Explain(t.Context(), s.Store.(org.KeyFinder), keys[name].Reveal(), 1_800_000_000)
		if err != nil || e.Good || !strings.Contains(e.Reason, want) {
			t.Errorf("%s: %+v, %v, want it to say %q", name, e, err, want)
		}
	}
}
