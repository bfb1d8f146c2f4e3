package verify_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

var terms = verify.Terms{Lease: 2 * time.Second, Grace: time.Second}

// leased is an index that needs a lease, at revision 5 with one key, and the
// clocks that it goes by.
type leased struct {
	*verify.Index
	key    string
	digest token.Digest
	at     verify.Instant
}

func newLeased(tb testing.TB) *leased {
	tb.Helper()
	l := &leased{Index: verify.NewIndex()}
	l.key, l.digest = mint(tb, token.KindAdmin)
	l.RequireLease(terms, func() verify.Instant { return l.at })
	load(tb, l.Index, 5, adminKey(l.digest))
	return l
}

// pass moves both clocks on.
func (l *leased) pass(d time.Duration) { l.at.Wall += d; l.at.Monotonic += d }

func (l *leased) want(t *testing.T, when string, outcome verify.Outcome, grace bool) {
	t.Helper()
	d := l.Decide(l.key, created)
	if d.Outcome != outcome || d.Grace != grace {
		t.Errorf("%s: %v, grace %t; want %v, %t", when, d.Outcome, d.Grace, outcome, grace)
	}
}

func TestLeaseRunsOut(t *testing.T) {
	t.Parallel()
	sleep := func(l *leased, d time.Duration) { l.at.Wall += d }        // the monotonic clock stands still
	setBack := func(l *leased, d time.Duration) { l.at.Monotonic += d } // the wall clock was set back by as much
	for name, pass := range map[string]func(*leased, time.Duration){"both clocks": (*leased).pass, "asleep": sleep, "wall clock set back": setBack} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLeased(t)
			l.want(t, "without a lease", verify.Stale, false)
			if !l.Grant(l.at, 5) {
				t.Error("not granted")
			}
			l.want(t, "at once", verify.Allowed, false)
			pass(l, terms.Lease-1)
			l.want(t, "at its end", verify.Allowed, false)
			pass(l, 1)
			l.want(t, "in its grace", verify.Allowed, true)
			pass(l, terms.Grace-1)
			l.want(t, "at the end of its grace", verify.Allowed, true)
			pass(l, 1)
			l.want(t, "over", verify.Stale, false)
			if l.Graced() != 2 {
				t.Errorf("%d decisions in grace, want 2", l.Graced())
			}
		})
	}
}

// TestNothingIsKnownWithoutALease: a new key may be missing as well as an old one
// be there too long, so nobody is told that a key is unknown.
func TestNothingIsKnownWithoutALease(t *testing.T) {
	t.Parallel()
	l := newLeased(t)
	stranger, _ := mint(t, token.KindAdmin)
	if got := l.Decide(stranger, created).Outcome; got != verify.Stale {
		t.Errorf("an unknown key is %v", got)
	}
	if got := l.Decide("junk", created).Outcome; got != verify.Malformed {
		t.Errorf("junk is %v", got)
	}
	if got := l.PendingUses(); got != 0 {
		t.Errorf("%d uses were noted", got)
	}
}

// TestLeaseWaitsForItsHead is rule 4.
func TestLeaseWaitsForItsHead(t *testing.T) {
	t.Parallel()
	l := newLeased(t)
	if l.Grant(l.at, 6) {
		t.Error("granted before the head was applied")
	}
	l.want(t, "before its head is applied", verify.Stale, false)
	l.Grant(l.at, 5)
	l.pass(time.Second)
	l.Grant(l.at, 6)
	l.pass(terms.Lease - time.Second)
	l.want(t, "an older lease runs out meanwhile", verify.Allowed, true)
	apply(t, l.Index)
	l.Grant(l.at, 6)
	l.want(t, "once it is applied", verify.Allowed, false)
}

// A replica that tells of a revision which it has not applied answers nothing
// until it has: not by the lease it has, and not by one whose heartbeat was sent
// before.
func TestLeaseWaitsForWhatWasShown(t *testing.T) {
	t.Parallel()
	l := newLeased(t)
	l.Grant(l.at, 5)
	l.Shown(l.Loaded(), 5)
	l.want(t, "what is applied was shown", verify.Allowed, false)
	l.Shown(l.Loaded(), 6)
	l.want(t, "what is not applied was shown", verify.Stale, false)
	if l.Grant(l.at, 5) {
		t.Error("granted by a heartbeat that saw less than was shown")
	}
	apply(t, l.Index)
	if !l.Grant(l.at, 6) {
		t.Error("not granted once it is applied")
	}
	l.want(t, "once it is applied", verify.Allowed, false)
}

// A database that was put back may never come to what was shown before, least of
// all while nobody gets in for want of a lease.
func TestLeaseDoesNotWaitForWhatTheDatabaseLost(t *testing.T) {
	t.Parallel()
	l := newLeased(t)
	before := l.Loaded()
	l.Reset()
	load(t, l.Index, 3, adminKey(l.digest))
	l.Shown(before, 6)
	if !l.Grant(l.at, 3) {
		t.Error("not granted: it waits for a revision of the history that is lost")
	}
	l.want(t, "of the database as it is now", verify.Allowed, false)
}

// TestLeaseGoesWithWhatItIsOf: what is loaded after a failover that lost commits
// has not the lease of what was there before.
func TestLeaseGoesWithWhatItIsOf(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*leased){
		"dropped":       func(l *leased) { l.DropLease() },
		"reset":         func(l *leased) { l.Reset() },
		"reset, loaded": func(l *leased) { l.Reset(); load(t, l.Index, 5, adminKey(l.digest)) },
		"loaded anew":   func(l *leased) { load(t, l.Index, 9, adminKey(l.digest)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLeased(t)
			l.Grant(l.at, 5)
			end(l)
			l.want(t, name, verify.Stale, false)
			if l.LeaseState() != verify.LeaseOver {
				t.Errorf("the lease is %v", l.LeaseState())
			}
		})
	}
}

func TestDecideWithALeaseDoesNotAllocate(t *testing.T) {
	l := newLeased(t)
	l.Grant(l.at, 5)
	if n := testing.AllocsPerRun(100, func() { l.Decide(l.key, created) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := loaded(t)
		if !x.Await(t.Context(), 0) {
			t.Error("what is applied is waited for")
		}
		if x.Await(t.Context(), 1) {
			t.Error("a revision that never comes came")
		}
		came := make(chan bool)
		for _, revision := range []int64{1, 2} {
			go func() { came <- x.Await(t.Context(), revision) }()
		}
		synctest.Wait()
		apply(t, x)
		if !<-came {
			t.Error("revision 1 was missed")
		}
		apply(t, x)
		if !<-came {
			t.Error("revision 2 was missed")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if x.Await(ctx, 3) {
			t.Error("a caller that left is waited for")
		}
	})
}
