package fleet_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/fleet"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// TestBarrier measures, on a clock that stands still while anybody works, how
// long changes wait.
func TestBarrier(t *testing.T) {
	t.Parallel()
	over := fleet.LeasesOver(testTerms.Total())
	for _, test := range []struct {
		name     string
		ends     bool
		befalls  func(other *replica)
		wait     [2]time.Duration // least and most
		want     fleet.Confirmation
		notified bool
	}{
		{"all are well", true, func(*replica) {}, [2]time.Duration{0, 10 * time.Millisecond}, fleet.Confirmation{Applied: 2, Replicas: 2}, true},
		{"no notice comes", true, func(*replica) {}, [2]time.Duration{0, testTerms.Lease/4 + 50*time.Millisecond}, fleet.Confirmation{Applied: 2, Replicas: 2}, false},
		{"one is slow", true, func(r *replica) { r.log.slow = 100 * time.Millisecond }, [2]time.Duration{100 * time.Millisecond, 150 * time.Millisecond}, fleet.Confirmation{Applied: 2, Replicas: 2}, true},
		{"one is cut off", true, cutOff, [2]time.Duration{over, over + time.Millisecond}, fleet.Confirmation{Applied: 1, Replicas: 2}, true},
		{"one is dead", true, (*replica).kill, [2]time.Duration{over, over + time.Millisecond}, fleet.Confirmation{Applied: 1, Replicas: 2}, true},
		{"one has left", true, func(r *replica) { r.stop(); _ = r.Leave(t.Context()) }, [2]time.Duration{0, 10 * time.Millisecond}, fleet.Confirmation{Applied: 1, Replicas: 1}, true},
		{"a creation, one is cut off", false, cutOff, [2]time.Duration{250 * time.Millisecond, 251 * time.Millisecond}, fleet.Confirmation{Applied: 1, Replicas: 2}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newTable()
				one, other := s.start(t), s.start(t)
				test.befalls(other)
				revision, began := one.commit(), time.Now()
				if test.notified {
					other.Wake()
				}
				got, err := one.Confirm(t.Context(), verify.Position{Revision: revision}, test.ends)
				took := time.Since(began)
				if err != nil || took < test.wait[0] || took > test.wait[1] {
					t.Errorf("it took %v, want %v; error %v", took, test.wait, err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if test.ends && other.log.At().Revision < revision && other.index.LeaseState() != verify.LeaseOver {
					t.Error("the other still has a lease and does not know of the change")
				}
				began = time.Now()
				if _, err := one.Confirm(t.Context(), verify.Position{Revision: revision}, true); err != nil || test.ends && time.Since(began) > 0 {
					t.Errorf("what has passed was waited for: %v, %v", time.Since(began), err)
				}
			})
		})
	}
}

func cutOff(r *replica) { r.link.change(func() { r.link.cut = true }) }

// kill ends a member without a word.
func (r *replica) kill() { r.stop() }

// TestDeadReplicaIsRemovedAndAPausedOneJoinsAgain: not before its lease must be
// over three times, and if it was alive after all it makes a new row.
func TestDeadReplicaIsRemovedAndAPausedOneJoinsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		one, other := s.start(t), s.start(t)
		time.Sleep(10 * time.Second)
		id := other.ID()
		if one.Alive() != 2 {
			t.Errorf("%d replicas, want 2", one.Alive())
		}
		cutOff(other)
		time.Sleep(3*testTerms.Total() - time.Second)
		if rows, _ := one.link.Rows(t.Context()); len(rows) != 2 {
			t.Errorf("%d rows: one was removed too early", len(rows))
		}
		time.Sleep(2 * testTerms.Total())
		if rows, _ := one.link.Rows(t.Context()); len(rows) != 1 || one.Alive() != 1 {
			t.Errorf("%d rows, %d alive: the dead one was not removed", len(rows), one.Alive())
		}
		other.link.change(func() { other.link.cut = false })
		time.Sleep(testTerms.Total())
		if other.ID() == id || other.index.LeaseState() != verify.LeaseHeld {
			t.Errorf("it did not join again: id %q, lease %v", other.ID(), other.index.LeaseState())
		}
	})
}

// TestMemberThatLoadsAnewDoesNotHang on a connection that died just then: it has no
// limit while it loads, and its heartbeats have theirs all the same.
func TestMemberThatLoadsAnewDoesNotHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newTable().start(t)
		r.link.change(func() { r.link.silent = true })
		r.index.Reset()
		time.Sleep(5 * time.Second)
		r.link.change(func() { r.link.silent = false })
		time.Sleep(testTerms.Lease)
		if got := r.index.LeaseState(); got != verify.LeaseHeld {
			t.Errorf("two seconds after the database is back: lease %v", got)
		}
	})
}

// TestReplicasThatWereAllCutOffDoNotRemoveEachOther: nobody could send a
// heartbeat while the database was away.
func TestReplicasThatWereAllCutOffDoNotRemoveEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		all := []*replica{s.start(t), s.start(t)}
		ids := []string{all[0].ID(), all[1].ID()}
		for _, r := range all {
			cutOff(r)
		}
		time.Sleep(time.Minute)
		for i, r := range all {
			r.link.change(func() { r.link.cut = false })
			if i == 0 {
				time.Sleep(testTerms.Lease)
			}
		}
		time.Sleep(time.Minute)
		if diff := cmp.Diff(ids, []string{all[0].ID(), all[1].ID()}); diff != "" {
			t.Errorf("they joined again (-before +after):\n%s", diff)
		}
	})
}

func TestTerms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		one := s.start(t)
		other := verify.Terms{Lease: 3 * time.Second, Grace: time.Second}
		starting := func() error {
			l := &link{table: s}
			follows := &log{link: l}
			m := fleet.New(fleet.Config{
				Store: l, Log: follows, Index: &index{log: follows, now: one.Now}, Terms: other, Now: one.Now, Logger: one.Logger,
			})
			return m.Start(t.Context())
		}
		if err := starting(); !errors.Is(err, fleet.ErrTerms) ||
			!strings.Contains(err.Error(), "--lease 2s --stale refuse, this one has --lease 3s --stale allow:1s") {
			t.Errorf("beside a replica that lives: %v", err)
		}
		one.kill()
		began := time.Now()
		if err := starting(); err != nil || time.Since(began) < 3*testTerms.Total() {
			t.Errorf("beside one that was killed: %v after %v, want none and %v", err, time.Since(began), 3*testTerms.Total())
		}
	})
}
