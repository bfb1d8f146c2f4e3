package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var updateTests = map[string]func(*testing.T, Open){
	"CommitSaysWhetherKeysMayHaveEnded":        commitSaysWhetherKeysMayHaveEnded,
	"RowsAndEventsCommitTogether":              rowsAndEventsCommitTogether,
	"RefusalChangesNothing":                    refusalChangesNothing,
	"ErrorAfterAWriteUndoesIt":                 errorAfterAWriteUndoesIt,
	"WritesWithoutAnEventAreRefused":           writesWithoutAnEventAreRefused,
	"AFailedStatementCannotBeIgnored":          aFailedStatementCannotBeIgnored,
	"EventThatCannotBeEncodedIsRefused":        eventThatCannotBeEncodedIsRefused,
	"EventWithoutRowsIsCommitted":              eventWithoutRowsIsCommitted,
	"OnCommitComesInOrderBeforeUpdateReturns":  onCommitComesInOrderBeforeUpdateReturns,
	"ManyCallersKeepTheLogWhole":               manyCallersKeepTheLogWhole,
	"CallerThatGivesUpIsToldThatItIsUncertain": callerThatGivesUp,
	"OwnWritesAreReadInTheTransaction":         ownWritesAreReadInTheTransaction,
}

func rowsAndEventsCommitTogether(t *testing.T, open Open) {
	w := newWorld(t, open)
	before, err := w.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	commit, err := w.Update(t.Context(), w.write("new"))
	if err != nil {
		t.Fatal(err)
	}
	if commit.Revision != before.Revision+1 {
		t.Errorf("revision %d, want %d", commit.Revision, before.Revision+1)
	}
	all := events(t, w)
	if last := all[len(all)-1]; last.Revision != commit.Revision || last.Resource != "new" {
		t.Errorf("last event is %d of %q, want %d of new", last.Revision, last.Resource, commit.Revision)
	}
	if diff := cmp.Diff([]string{"First admin key", "new"}, w.names(t)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// unchanged runs an update that must fail and leave nothing behind.
func unchanged(t *testing.T, w *world, fn func(org.Tx) error) error {
	t.Helper()
	names, before := w.names(t), events(t, w)
	_, err := w.Update(t.Context(), fn)
	if err == nil {
		t.Error("the update was done")
	}
	if errors.Is(err, org.ErrUnavailable) || errors.Is(err, org.ErrUncertain) {
		t.Errorf("storage is blamed for %v", err)
	}
	if diff := cmp.Diff(names, w.names(t)); diff != "" {
		t.Errorf("keys (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before, events(t, w)); diff != "" {
		t.Errorf("log (-before +after):\n%s", diff)
	}
	return err
}

func refusalChangesNothing(t *testing.T, open Open) {
	w := newWorld(t, open)
	err := unchanged(t, w, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventAPIKeyDeleted})
		return &org.Refusal{Kind: org.NotFound, Message: "none"}
	})
	if r := refusal(t, err); r.Kind != org.NotFound {
		t.Errorf("refusal %+v", r)
	}
}

var errOwn = errors.New("the closure's own error")

func errorAfterAWriteUndoesIt(t *testing.T, open Open) {
	w := newWorld(t, open)
	err := unchanged(t, w, func(tx org.Tx) error { return errors.Join(w.write("undone")(tx), errOwn) })
	if !errors.Is(err, errOwn) {
		t.Errorf("error %v, want the closure's own", err)
	}
	if err := unchanged(t, w, func(tx org.Tx) error {
		_ = w.write("undone")(tx)
		panic("at the disco")
	}); errors.Is(err, errOwn) {
		t.Error(err)
	}
	if _, err := w.Update(t.Context(), w.write("after")); err != nil {
		t.Errorf("the next update: %v", err)
	}
}

func writesWithoutAnEventAreRefused(t *testing.T, open Open) {
	w := newWorld(t, open)
	_ = unchanged(t, w, func(tx org.Tx) error {
		return tx.InsertProject(org.Project{ID: "proj_x", Name: "x", CreatedAt: tx.Now()})
	})
}

// duplicate is a closure with a statement that storage refuses.
func (w *world) duplicate(tx org.Tx) error {
	return tx.InsertUser(org.User{ID: w.owner.OwnerID, Name: "twice", Role: org.RoleReader})
}

func aFailedStatementCannotBeIgnored(t *testing.T, open Open) {
	w := newWorld(t, open)
	_ = unchanged(t, w, func(tx org.Tx) error {
		_ = w.duplicate(tx)
		tx.Emit(org.Event{Type: org.EventUserAdded})
		return nil
	})
	_ = unchanged(t, w, w.duplicate)
}

func eventThatCannotBeEncodedIsRefused(t *testing.T, open Open) {
	w := newWorld(t, open)
	_ = unchanged(t, w, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventUserAdded, Data: map[string]any{"f": func() {}}})
		return nil
	})
}

func eventWithoutRowsIsCommitted(t *testing.T, open Open) {
	w := newWorld(t, open)
	to := org.Head{Revision: 7}
	commit, err := w.svc.NoteRestore(t.Context(), to, org.Head{Revision: 9})
	if err != nil {
		t.Fatal(err)
	}
	all := events(t, w)
	if last := all[len(all)-1]; last.Type != org.EventRestored || last.Revision != commit.Revision {
		t.Errorf("last event %d %s", last.Revision, last.Type)
	}
}

func onCommitComesInOrderBeforeUpdateReturns(t *testing.T, open Open) {
	w := newWorld(t, open)
	var callers sync.WaitGroup
	for i := range 8 {
		callers.Go(func() {
			for range 5 {
				commit, err := w.Update(t.Context(), w.write(fmt.Sprint("caller ", i)))
				if err != nil {
					t.Error(err)
				}
				if seen := w.commit.last(); seen < commit.Revision {
					t.Errorf("Update returned revision %d, but OnCommit had only come to %d", commit.Revision, seen)
				}
			}
		})
	}
	callers.Wait()
	want := events(t, w)
	got := w.commit.all()
	for i := range got {
		got[i].Effects = nil // which the log leaves to DecodeRecord
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events of OnCommit (-log +given):\n%s", diff)
	}
}

func manyCallersKeepTheLogWhole(t *testing.T, open Open) {
	w := newWorld(t, open)
	var mu sync.Mutex
	var revisions []int64
	var callers sync.WaitGroup
	for i := range 100 {
		callers.Go(func() {
			key, _, commit, err := w.svc.CreateAdminAPIKey(t.Context(), w.owner, org.NewAdminAPIKey{Name: fmt.Sprint("key ", i)})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			revisions = append(revisions, commit.Revision)
			mu.Unlock()
			if got, ok, err := w.AdminAPIKey(t.Context(), key.ID); err != nil || !ok || got.Name != key.Name {
				t.Errorf("key %s read back: %+v, %t, %v", key.ID, got, ok, err)
			}
		})
	}
	callers.Wait()
	slices.Sort(revisions)
	for i, r := range revisions {
		if i > 0 && r != revisions[i-1]+1 {
			t.Fatalf("revisions %d and %d are neighbours", revisions[i-1], r)
		}
	}
	events(t, w)
}

func callerThatGivesUp(t *testing.T, open Open) {
	w := newWorld(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	other := make(chan error, 1)
	var once sync.Once
	_, err := w.Update(ctx, func(tx org.Tx) error {
		once.Do(func() {
			cancel()
			go func() {
				_, err := w.Update(t.Context(), w.write("other"))
				other <- err
			}()
		})
		return w.write("mine")(tx)
	})
	// The caller may still be answered first. It is never told that nothing
	// happened.
	if err != nil && (!errors.Is(err, org.ErrUncertain) || !errors.Is(err, context.Canceled)) {
		t.Errorf("error %v, want ErrUncertain", err)
	}
	if err := <-other; err != nil { // it queued behind mine
		t.Errorf("another caller: %v", err)
	}
	if diff := cmp.Diff([]string{"First admin key", "mine", "other"}, w.names(t)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if _, err := w.Update(ctx, w.write("never")); !errors.Is(err, context.Canceled) {
		t.Errorf("an update with a context that is over: %v", err)
	}
}

func ownWritesAreReadInTheTransaction(t *testing.T, open Open) {
	w := newWorld(t, open)
	if _, err := w.Update(t.Context(), func(tx org.Tx) error {
		user := org.User{ID: "user_x", Name: "X", Email: "x@example.com", Role: org.RoleReader, CreatedAt: tx.Now()}
		if _, ok, err := tx.Owner(org.OwnerUser, user.ID); ok || err != nil {
			t.Errorf("Owner before its insertion: %t, %v", ok, err)
		}
		if err := tx.InsertUser(user); err != nil {
			return err
		}
		want := org.Owner{Type: org.OwnerUser, ID: user.ID, Name: user.Name, Email: user.Email, Role: user.Role, CreatedAt: user.CreatedAt}
		got, ok, err := tx.Owner(org.OwnerUser, user.ID)
		if diff := cmp.Diff(want, got); diff != "" || !ok || err != nil {
			t.Errorf("Owner: %t, %v (-want +got):\n%s", ok, err, diff)
		}
		key := org.Key{
			ID: "key_x", Kind: org.KindAdmin, Name: "x", Digest: [32]byte{1, 31: 2}, Redacted: "sk-…",
			CreatedAt: tx.Now(), ExpiresAt: tx.Now() + 1, OwnerType: org.OwnerUser, OwnerID: user.ID,
		}
		if err := tx.InsertKey(key); err != nil {
			return err
		}
		gotKey, ok, err := tx.Key(org.KindAdmin, key.ID)
		if diff := cmp.Diff(key, gotKey); diff != "" || !ok || err != nil {
			t.Errorf("Key: %t, %v (-want +got):\n%s", ok, err, diff)
		}
		if _, ok, err := tx.Key(org.KindProject, key.ID); ok || err != nil {
			t.Errorf("Key of another kind: %t, %v", ok, err)
		}
		tx.Emit(org.Event{Type: org.EventUserAdded, Resource: user.ID})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// commitSaysWhetherKeysMayHaveEnded: what may have ended a key, and what rests on
// an earlier change that may have, is answered only when all replicas know.
func commitSaysWhetherKeysMayHaveEnded(t *testing.T, open Open) {
	w := newWorld(t, open)
	emit := func(effects ...org.Effect) func(org.Tx) error {
		return func(tx org.Tx) error {
			tx.Emit(org.Event{Type: org.EventRestored, Effects: effects})
			return nil
		}
	}
	refuse := func(org.Tx) error { return &org.Refusal{Kind: org.NotFound} }
	for _, test := range []struct {
		name   string
		update func(org.Tx) error
		ends   bool
		events int64
	}{
		{"a new key", emit(org.KeyAdded{ID: w.first.ID, Kind: org.KindAdmin}), false, 1},
		{"a removed key", emit(org.KeyRemoved{}), true, 1},
		{"a cascade", emit(org.KeysRemoved{OwnerType: org.OwnerUser}), true, 1},
		{"a changed owner", emit(org.OwnerSet{Type: org.OwnerUser}), true, 1},
		{"a new project", emit(org.ProjectSet{ID: "proj_1"}), false, 1},
		{"an archived project", emit(org.ProjectSet{ID: "proj_1", Archived: true}), true, 1},
		{"another limit", emit(org.LimitSet{}), true, 1},
		{"several, of which one ends", emit(org.ProjectSet{ID: "proj_1"}, org.KeyRemoved{}), true, 1},
		{"an event without effects", emit(), false, 1},
		{"nothing to do", func(org.Tx) error { return nil }, true, 0},
		{"nothing found", refuse, true, 0},
	} {
		before, err := w.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		commit, err := w.Update(t.Context(), test.update)
		var refused *org.Refusal
		if err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
		if commit.Ends != test.ends || commit.Revision != before.Revision+test.events {
			t.Errorf("%s: ends %t at revision %d, want %t at %d", test.name, commit.Ends, commit.Revision, test.ends, before.Revision+test.events)
		}
	}
}
