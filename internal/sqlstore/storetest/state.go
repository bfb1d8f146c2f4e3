package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var stateTests = map[string]func(*testing.T, Open){
	"UseTimesOnlyMoveForward":         useTimesOnlyMoveForward,
	"UsesOfUnknownKeysAreIgnored":     usesOfUnknownKeysAreIgnored,
	"ManyUsesAtOnce":                  manyUsesAtOnce,
	"UsesAreNotPartOfTheLog":          usesAreNotPartOfTheLog,
	"UseReaderIsOverlaid":             useReaderIsOverlaid,
	"SnapshotIsTheStateOfItsHead":     snapshotIsTheStateOfItsHead,
	"SnapshotStopsAtAVisitorsError":   snapshotStopsAtAVisitorsError,
	"SnapshotKeepsOneView":            snapshotKeepsOneView,
	"SnapshotOfManyIsOfOneHead":       snapshotOfManyIsOfOneHead,
	"ReaderThatGivesUpIsNotStorages":  readerThatGivesUpIsNotStorages,
	"ReadersDoNotSeeUncommittedWrite": readersDoNotSeeUncommittedWrite,
}

func (w *world) use(t *testing.T, uses ...org.Use) {
	t.Helper()
	if err := w.RecordUses(t.Context(), uses); err != nil {
		t.Fatal(err)
	}
}

// lastUsed returns the use time that a list shows.
func (w *world) lastUsed(t *testing.T, id string) int64 {
	t.Helper()
	key, ok, err := w.AdminAPIKey(t.Context(), id)
	if !ok || err != nil {
		t.Fatalf("key %s: %t, %v", id, ok, err)
	}
	return key.LastUsedAt
}

func useTimesOnlyMoveForward(t *testing.T, open Open) {
	w := newWorld(t, open)
	for _, tt := range []struct{ at, want int64 }{{50, 50}, {40, 50}, {50, 50}, {60, 60}} {
		w.use(t, org.Use{KeyID: w.first.ID, At: tt.at})
		if got := w.lastUsed(t, w.first.ID); got != tt.want {
			t.Errorf("after %d: %d, want %d", tt.at, got, tt.want)
		}
	}
	w.use(t, org.Use{KeyID: w.first.ID, At: 80}, org.Use{KeyID: w.first.ID, At: 90}, org.Use{KeyID: w.first.ID, At: 70})
	if got := w.lastUsed(t, w.first.ID); got != 90 {
		t.Errorf("three times in one call: %d, want the latest", got)
	}
	w.use(t)
}

func usesOfUnknownKeysAreIgnored(t *testing.T, open Open) {
	w := newWorld(t, open)
	key := w.create(t, "deleted", 0)
	w.use(t, org.Use{KeyID: key.ID, At: 49})
	w.remove(t, key.ID)
	w.use(t, org.Use{KeyID: key.ID, At: 50}, org.Use{KeyID: "", At: 51}, org.Use{KeyID: "key_none", At: 52}, org.Use{KeyID: w.first.ID, At: 53})
	if got := w.lastUsed(t, w.first.ID); got != 53 {
		t.Errorf("the use of the key that is there: %d", got)
	}
	// Had its row stayed it would show again with the same id.
	if _, err := w.Update(t.Context(), func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventAPIKeyCreated})
		return tx.InsertKey(org.Key{ID: key.ID, Kind: org.KindAdmin, OwnerType: org.OwnerUser, OwnerID: w.owner.OwnerID})
	}); err != nil {
		t.Fatal(err)
	}
	if got := w.lastUsed(t, key.ID); got != 0 {
		t.Errorf("a use of the deleted key left %d behind", got)
	}
}

func manyUsesAtOnce(t *testing.T, open Open) {
	w := newWorld(t, open)
	const keys = 1100
	uses := make([]org.Use, 0, keys)
	if _, err := w.Update(t.Context(), func(tx org.Tx) error {
		uses = uses[:0]
		for i := range keys {
			id := fmt.Sprintf("key_%04d", i)
			if err := tx.InsertKey(org.Key{ID: id, Kind: org.KeyKind(1 + i%3), OwnerType: org.OwnerUser, OwnerID: w.owner.OwnerID}); err != nil {
				return err
			}
			uses = append(uses, org.Use{KeyID: id, At: int64(1000 + i)})
		}
		tx.Emit(org.Event{Type: org.EventAPIKeyCreated})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, 3, 500, 511, 512, 513, keys} {
		w.use(t, uses[:n]...)
		got := make(map[string]int64)
		if _, err := w.Snapshot(t.Context(), visitor(nil, nil, func(k org.SnapshotKey) error {
			if k.LastUsedAt != 0 {
				got[k.ID] = k.LastUsedAt
			}
			return nil
		})); err != nil {
			t.Fatal(err)
		}
		want := make(map[string]int64)
		for _, u := range uses[:n] {
			want[u.KeyID] = u.At
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d uses (-want +got):\n%s", n, diff)
		}
	}
}

func usesAreNotPartOfTheLog(t *testing.T, open Open) {
	w := newWorld(t, open)
	before, _ := w.Head(t.Context())
	w.use(t, org.Use{KeyID: w.first.ID, At: 50})
	if after, err := w.Head(t.Context()); after != before || err != nil {
		t.Errorf("head %v, then %v, %v", before, after, err)
	}
}

type usesInMemory map[[32]byte]int64

func (u usesInMemory) LastUsed(digest [32]byte) int64 { return u[digest] }

func useReaderIsOverlaid(t *testing.T, open Open) {
	w := newWorld(t, open)
	memory := usesInMemory{w.first.Digest: 70}
	svc := org.NewService(w.Store, nil, memory)
	for _, tt := range []struct{ stored, want int64 }{{60, 70}, {80, 80}} {
		w.use(t, org.Use{KeyID: w.first.ID, At: tt.stored})
		key, err := svc.GetAdminAPIKey(t.Context(), w.owner, w.first.ID)
		if err != nil || key.LastUsedAt != tt.want {
			t.Errorf("get: %d, %v, want %d", key.LastUsedAt, err, tt.want)
		}
		list, err := svc.ListAdminAPIKeys(t.Context(), w.owner, org.Page{Limit: 1})
		if err != nil || list.Items[0].LastUsedAt != tt.want {
			t.Errorf("list: %+v, %v, want %d", list.Items, err, tt.want)
		}
	}
}

// visitor fills in what a test does not look at.
func visitor(user func(org.User) error, project func(org.Project) error, key func(org.SnapshotKey) error) org.SnapshotVisitor {
	v := org.SnapshotVisitor{
		User:    func(org.User) error { return nil },
		Project: func(org.Project) error { return nil },
		Key:     func(org.SnapshotKey) error { return nil },
	}
	if user != nil {
		v.User = user
	}
	if project != nil {
		v.Project = project
	}
	if key != nil {
		v.Key = key
	}
	return v
}

func snapshotIsTheStateOfItsHead(t *testing.T, open Open) {
	w := newWorld(t, open)
	key := w.create(t, "second", 60)
	w.remove(t, w.create(t, "gone", 0).ID)
	w.use(t, org.Use{KeyID: key.ID, At: 77})
	project := org.Project{ID: "proj_archived", Name: "old", CreatedAt: 5, ArchivedAt: 6}
	child := org.Key{
		ID: "key_0", Kind: org.KindProject, Name: "of a project", Digest: [32]byte{9}, CreatedAt: 7, ExpiresAt: 8,
		OwnerType: org.OwnerServiceAccount, OwnerID: "sa_1", ProjectID: project.ID,
	}
	if _, err := w.Update(t.Context(), func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventProjectCreated})
		return errors.Join(tx.InsertProject(project), tx.InsertKey(child))
	}); err != nil {
		t.Fatal(err)
	}
	want, err := w.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	users, projects, keys := map[string]org.User{}, map[string]org.Project{}, map[string]org.SnapshotKey{}
	head, err := w.Snapshot(t.Context(), org.SnapshotVisitor{
		User:    func(u org.User) error { users[u.ID] = u; return nil },
		Project: func(p org.Project) error { projects[p.ID] = p; return nil },
		Key:     func(k org.SnapshotKey) error { keys[k.ID] = k; return nil },
	})
	if head != want || err != nil {
		t.Errorf("head %v, %v, want %v", head, err, want)
	}
	o := w.first.Owner
	if diff := cmp.Diff(map[string]org.User{o.ID: {ID: o.ID, Name: o.Name, Email: o.Email, Role: o.Role, CreatedAt: o.CreatedAt}}, users); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	for id, p := range projects {
		if p.Default != (p.Name == "Default project") || (id == project.ID && p != project) || len(projects) != 2 {
			t.Errorf("%d projects, one is %+v", len(projects), p)
		}
	}
	if diff := cmp.Diff(map[string]org.SnapshotKey{
		w.first.ID: {ID: w.first.ID, Kind: org.KindAdmin, Digest: w.first.Digest, OwnerType: o.Type, OwnerID: o.ID},
		key.ID:     {ID: key.ID, Kind: org.KindAdmin, Digest: key.Digest, OwnerType: o.Type, OwnerID: o.ID, ExpiresAt: key.ExpiresAt, LastUsedAt: 77},
		child.ID: {
			ID: child.ID, Kind: child.Kind, Digest: child.Digest, OwnerType: child.OwnerType, OwnerID: child.OwnerID,
			ProjectID: child.ProjectID, ExpiresAt: child.ExpiresAt,
		},
	}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func snapshotStopsAtAVisitorsError(t *testing.T, open Open) {
	w := newWorld(t, open)
	w.create(t, "second", 0)
	for _, v := range []org.SnapshotVisitor{
		visitor(func(org.User) error { return errOwn }, nil, nil),
		visitor(nil, func(org.Project) error { return errOwn }, nil),
		visitor(nil, nil, func(org.SnapshotKey) error { return errOwn }),
	} {
		if _, err := w.Snapshot(t.Context(), v); !errors.Is(err, errOwn) || errors.Is(err, org.ErrUnavailable) {
			t.Errorf("error %v, want the visitor's own", err)
		}
	}
}

// snapshotKeepsOneView changes what is read while it is read.
func snapshotKeepsOneView(t *testing.T, open Open) {
	w := newWorld(t, open)
	var keys []string
	head, err := w.Snapshot(t.Context(), visitor(func(org.User) error {
		w.create(t, "made meanwhile", 0)
		return nil
	}, nil, func(k org.SnapshotKey) error {
		keys = append(keys, k.ID)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{w.first.ID}, keys); diff != "" || head.Revision != 4 {
		t.Errorf("at revision %d (-want +got):\n%s", head.Revision, diff)
	}
}

// snapshotOfManyIsOfOneHead reads more keys than a store may care to read at
// once while others are made and deleted, and compares each snapshot with what
// the log says up to its head.
func snapshotOfManyIsOfOneHead(t *testing.T, open Open) {
	w := newWorld(t, open)
	var uses []org.Use
	for range 10 {
		var made []org.Use
		if _, err := w.Update(t.Context(), func(tx org.Tx) error {
			made = made[:0]
			for i := range 300 {
				id, err := tx.NewID(org.PrefixKey)
				if err != nil {
					return err
				}
				key := org.Key{
					ID: id.String(), Kind: org.KeyKind(1 + i%3), Digest: sha256.Sum256([]byte(id)),
					OwnerType: org.OwnerUser, OwnerID: w.owner.OwnerID,
				}
				if err := tx.InsertKey(key); err != nil {
					return err
				}
				if i%2 == 0 {
					made = append(made, org.Use{KeyID: key.ID, At: tx.Now()})
				}
				tx.Emit(org.Event{Type: org.EventAPIKeyCreated, Effects: []org.Effect{org.KeyAdded{ID: key.ID, Digest: key.Digest}}})
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		uses = append(uses, made...)
		w.clock.advance(time.Minute)
	}
	w.use(t, uses...)

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			w.create(t, "stays", 0)
			w.remove(t, w.create(t, "goes", 0).ID)
		}
	}()
	for range 5 {
		got := make(map[[32]byte]string)
		used := 0
		head, err := w.Snapshot(t.Context(), visitor(nil, nil, func(k org.SnapshotKey) error {
			if _, twice := got[k.Digest]; twice {
				t.Errorf("%s came twice", k.ID)
			}
			got[k.Digest] = k.ID
			if k.LastUsedAt != 0 {
				used++
			}
			return nil
		}))
		if err != nil {
			t.Error(err)
			break
		}
		if diff := cmp.Diff(replay(t, w, head.Revision), got); diff != "" {
			t.Errorf("at revision %d (-log +snapshot):\n%s", head.Revision, diff)
		}
		if used != len(uses) {
			t.Errorf("%d keys with a use, want %d", used, len(uses))
		}
	}
	close(stop)
	<-stopped
}

// replay returns the keys by digest, as the log has them at a revision.
func replay(t *testing.T, s org.Store, revision int64) map[[32]byte]string {
	t.Helper()
	keys := make(map[[32]byte]string)
	for e, err := range s.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Revision > revision {
			break
		}
		read, err := org.DecodeRecord(e.Record)
		if err != nil {
			t.Fatal(err)
		}
		for _, effect := range read.Effects {
			switch effect := effect.(type) {
			case org.KeyAdded:
				keys[effect.Digest] = effect.ID
			case org.KeyRemoved:
				delete(keys, effect.Digest)
			}
		}
	}
	return keys
}

func readerThatGivesUpIsNotStorages(t *testing.T, open Open) {
	w := newWorld(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, read := range map[string]func() error{
		"Organization": func() error { _, err := w.Organization(ctx); return err },
		"AdminAPIKeys": func() error { _, err := w.AdminAPIKeys(ctx, org.Page{Limit: 1}); return err },
		"AdminAPIKey":  func() error { _, _, err := w.AdminAPIKey(ctx, w.first.ID); return err },
		"User":         func() error { _, _, err := w.User(ctx, w.owner.OwnerID); return err },
		"Users":        func() error { _, err := w.Users(ctx, org.UserPage{Page: org.Page{Limit: 1}}); return err },
		"AdminKeysOf":  func() error { _, err := w.AdminKeysOf(ctx, w.owner.OwnerID); return err },
		"Project":      func() error { _, _, err := w.Project(ctx, "proj_x"); return err },
		"Projects":     func() error { _, err := w.Projects(ctx, org.ProjectPage{Page: org.Page{Limit: 1}}); return err },
		"Head":         func() error { _, err := w.Head(ctx); return err },
		"Snapshot":     func() error { _, err := w.Snapshot(ctx, visitor(nil, nil, nil)); return err },
		"RecordUses":   func() error { return w.RecordUses(ctx, []org.Use{{KeyID: w.first.ID, At: 1}}) },
		"Events": func() error {
			for _, err := range w.Events(ctx, 0) {
				return err
			}
			return nil
		},
	} {
		if err := read(); !errors.Is(err, context.Canceled) || errors.Is(err, org.ErrUnavailable) {
			t.Errorf("%s: %v, want context.Canceled alone", name, err)
		}
	}
}

func readersDoNotSeeUncommittedWrite(t *testing.T, open Open) {
	w := newWorld(t, open)
	if _, err := w.Update(t.Context(), func(tx org.Tx) error {
		if err := w.write("new")(tx); err != nil {
			return err
		}
		if diff := cmp.Diff([]string{"First admin key"}, w.names(t)); diff != "" {
			t.Errorf("keys read beside the transaction (-want +got):\n%s", diff)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
