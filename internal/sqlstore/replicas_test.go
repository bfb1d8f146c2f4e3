package sqlstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/fleet"
	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/verify"
)

func TestReplicas(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			s := open(t, sqlstore.Config{Database: database(t)})
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			r := s.Replicas()
			terms, other := verify.Terms{Lease: 2 * time.Second, Grace: 250 * time.Millisecond}, verify.Terms{Lease: time.Second}
			for _, want := range []verify.Terms{other, terms} { // nobody is there, so they can be changed
				agreed, err := r.Agree(ctx, want)
				must(err)
				if agreed != want {
					t.Errorf("agreed on %v, want %v", agreed, want)
				}
			}
			one := fleet.Replica{ID: "one", Address: "a:1", Version: "v", StartedAt: 7}
			must(r.Join(ctx, one, terms))
			if err := r.Join(ctx, fleet.Replica{ID: "two"}, other); !errors.Is(err, fleet.ErrTerms) {
				t.Errorf("joining with other terms: %v", err)
			}
			agreed, err := r.Agree(ctx, other)
			must(err)
			if agreed != terms {
				t.Errorf("a replica has %v, and others agreed on %v", terms, agreed)
			}

			if _, err := s.Update(ctx, func(tx org.Tx) error { tx.Emit(org.Event{Type: org.EventRestored}); return nil }); err != nil {
				t.Fatal(err)
			}
			want, err := s.Head(ctx)
			must(err)
			here := verify.Position{Revision: want.Revision, Hash: want.Hash}
			head, known, err := r.Beat(ctx, "one", here, 8)
			must(err)
			if !known || head.Revision != want.Revision || head.Hash != want.Hash {
				t.Errorf("a heartbeat saw %v, %t; want %v", head, known, want)
			}
			if _, known, err = r.Beat(ctx, "nobody", here, 8); known || err != nil {
				t.Errorf("a heartbeat without a row: %t, %v", known, err)
			}
			elsewhere := verify.Position{Revision: want.Revision, Hash: [32]byte{1}} // what a database had that was put back
			_, _, err = r.Beat(ctx, "one", elsewhere, 9)
			must(err)
			rows, err := r.Rows(ctx)
			must(err)
			if diff := cmp.Diff([]fleet.Row{{Replica: one, SeenAt: 9, Applied: here.Revision, Beat: 2}}, rows); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}

			for _, step := range []struct {
				beat int64
				want bool
			}{{0, false}, {2, true}, {2, false}} {
				removed, err := r.Remove(ctx, "one", step.beat)
				must(err)
				if removed != step.want {
					t.Errorf("removed at beat %d: %t", step.beat, removed)
				}
			}
		})
	}
}

// TestListenIsWokenByCommits, whoever makes them, and after its connection broke.
func TestListenIsWokenByCommits(t *testing.T) {
	t.Parallel()
	database := pgtest.DSN(t)
	s := open(t, sqlstore.Config{Database: database})
	other := open(t, sqlstore.Config{Database: database, Access: sqlstore.Maintain})
	woken := make(chan struct{}, 100)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.Listen(t.Context(), func() { woken <- struct{}{} })
	}()
	t.Cleanup(func() { <-stopped })
	wake := func(what string) {
		t.Helper()
		select {
		case <-woken:
		case <-time.After(20 * time.Second):
			t.Fatal("not woken by " + what)
		}
	}
	wake("its start")
	for _, store := range []*sqlstore.Store{s, other} {
		if _, err := store.Update(t.Context(), func(tx org.Tx) error { tx.Emit(org.Event{Type: org.EventRestored}); return nil }); err != nil {
			t.Fatal(err)
		}
		wake("a commit")
	}
	admin := connect(t, database)
	if _, err := admin.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`); err != nil {
		t.Fatal(err)
	}
	wake("its return")
}
