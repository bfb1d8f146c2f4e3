package storetest

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var batchTests = map[string]func(*testing.T, Open){
	"UpdatesThatWaitShareATransaction": updatesThatWaitShareATransaction,
	"RefusalLeavesItsBatchAlone":       refusalLeavesItsBatchAlone,
	"SpoilerIsUndoneAlone":             spoilerIsUndoneAlone,
	"SecondDeleteOfABatchIsNotFound":   secondDeleteOfABatchIsNotFound,
	"BatchOfManyIsSplit":               batchOfManyIsSplit,
}

// sizes returns how many events each commit since the first n had.
func (c *commits) sizes(n int) (sizes []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, batch := range c.batches[n:] {
		sizes = append(sizes, len(batch))
	}
	return sizes
}

func (c *commits) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.batches)
}

func updatesThatWaitShareATransaction(t *testing.T, open Open) {
	w := newWorld(t, open)
	retry(t, func() bool {
		n := w.commit.count()
		if err := errors.Join(together(t.Context(), w, w.write("a"), w.write("b"), w.write("c"))...); err != nil {
			t.Fatal(err)
		}
		return cmp.Equal(w.commit.sizes(n), []int{3})
	})
	events(t, w)
}

// retry repeats a scenario until its updates met in one batch, which a busy
// machine can prevent.
func retry(t *testing.T, scenario func() bool) {
	t.Helper()
	for range 20 {
		if scenario() {
			return
		}
		if t.Failed() {
			return
		}
	}
	t.Error("the updates never met in one batch")
}

func refusalLeavesItsBatchAlone(t *testing.T, open Open) {
	w := newWorld(t, open)
	retry(t, func() bool {
		n := w.commit.count()
		var runs atomic.Int32
		errs := together(t.Context(), w, w.write("a"), func(tx org.Tx) error {
			runs.Add(1)
			tx.Emit(org.Event{Type: org.EventAPIKeyDeleted, Resource: "never"})
			return errOwn
		}, w.write("b"))
		if errs[0] != nil || !errors.Is(errs[1], errOwn) || errs[2] != nil {
			t.Fatalf("results %v", errs)
		}
		return cmp.Equal(w.commit.sizes(n), []int{2}) && runs.Load() == 1
	})
	for _, e := range events(t, w) {
		if e.Resource == "never" {
			t.Error("the refused update's event is in the log")
		}
	}
}

func spoilerIsUndoneAlone(t *testing.T, open Open) {
	for name, spoil := range map[string]func(*world, org.Tx) error{
		"error after a write": func(w *world, tx org.Tx) error { return errors.Join(w.write("spoiled")(tx), errOwn) },
		"panic": func(w *world, tx org.Tx) error {
			_ = w.write("spoiled")(tx)
			panic("spoiled")
		},
		"panic before a write": func(*world, org.Tx) error { panic("spoiled") },
		"failing statement":    (*world).duplicate,
		"failure ignored": func(w *world, tx org.Tx) error {
			_ = w.duplicate(tx)
			return w.write("spoiled")(tx)
		},
		"no event": func(w *world, tx org.Tx) error {
			return tx.InsertProject(org.Project{ID: "proj_spoiled", Name: "spoiled"})
		},
		"an event that cannot be encoded": func(_ *world, tx org.Tx) error {
			tx.Emit(org.Event{Type: org.EventUserAdded, Data: map[string]any{"f": func() {}}})
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open)
			retry(t, func() bool {
				var runs atomic.Int32
				before := len(w.names(t))
				errs := together(t.Context(), w,
					func(tx org.Tx) error { runs.Add(1); return w.write("a")(tx) },
					func(tx org.Tx) error { return spoil(w, tx) },
					w.write("b"))
				if errs[0] != nil || errs[1] == nil || errs[2] != nil {
					t.Fatalf("results %v", errs)
				}
				if errors.Is(errs[1], org.ErrUnavailable) {
					t.Errorf("storage is blamed for %v", errs[1])
				}
				if got := len(w.names(t)); got != before+2 {
					t.Fatalf("%d keys before, %d after, want 2 more", before, got)
				}
				return runs.Load() == 2
			})
			for _, name := range w.names(t) {
				if name == "spoiled" {
					t.Error("the spoiler's row stands")
				}
			}
			events(t, w)
		})
	}
}

func secondDeleteOfABatchIsNotFound(t *testing.T, open Open) {
	w := newWorld(t, open)
	key := w.create(t, "twice deleted", 0)
	remove := func(tx org.Tx) error {
		_, ok, err := tx.Key(org.KindAdmin, key.ID)
		if err != nil {
			return err
		}
		if !ok {
			return &org.Refusal{Kind: org.NotFound, Message: "no such key"}
		}
		tx.Emit(org.Event{Type: org.EventAPIKeyDeleted, Resource: key.ID})
		return tx.DeleteKey(org.KindAdmin, key.ID)
	}
	errs := together(t.Context(), w, remove, remove)
	if errs[0] != nil || refusal(t, errs[1]).Kind != org.NotFound {
		t.Errorf("results %v", errs)
	}
}

func batchOfManyIsSplit(t *testing.T, open Open) {
	w := newWorld(t, open)
	closures := make([]func(org.Tx) error, 100)
	for i := range closures {
		closures[i] = w.write("one of many")
	}
	if err := errors.Join(together(t.Context(), w, closures...)...); err != nil {
		t.Fatal(err)
	}
	if got := len(w.names(t)); got != 101 {
		t.Errorf("%d keys, want 101", got)
	}
	events(t, w)
	for _, size := range w.commit.sizes(0) {
		if size > 64 {
			t.Errorf("a commit of %d updates", size)
		}
	}
	// One update may have more events than a statement takes rows.
	commit, err := w.Update(t.Context(), func(tx org.Tx) error {
		for range 200 {
			tx.Emit(org.Event{Type: org.EventAPIKeyCreated})
		}
		return nil
	})
	if all := events(t, w); err != nil || all[len(all)-1].Revision != commit.Revision {
		t.Errorf("200 events: revision %d, %v", commit.Revision, err)
	}
}
