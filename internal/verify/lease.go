package verify

import (
	"sync/atomic"
	"time"

	"github.com/keyreeve/keyreeve/internal/plant"
)

// Instant is a moment by two clocks. The monotonic one cannot be set, but stands
// still while the machine sleeps; the wall clock goes on then, but can be set.
// Their zeros are anywhere: only what passes between two instants counts.
type Instant struct{ Wall, Monotonic time.Duration }

// SystemInstant returns a reader of the system's clocks: one call of it reads
// both. It does not allocate.
func SystemInstant() func() Instant {
	start := time.Now()
	return func() Instant {
		now := time.Now()
		return Instant{time.Duration(now.UnixNano()), now.Sub(start)}
	}
}

// Since returns how long ago an instant was, by the clock that says more.
func (i Instant) Since(earlier Instant) time.Duration {
	return max(i.Monotonic-earlier.Monotonic, i.Wall-earlier.Wall)
}

// Terms say for how long the index of a replica may answer after a heartbeat
// was sent. All replicas of a database have the same: a revocation waits for
// those that it cannot reach until they are over.
type Terms struct {
	Lease time.Duration // as a matter of course
	Grace time.Duration // longer, with a mark on the answers; 0: no longer
}

// Total is the whole time in which a replica may answer.
func (t Terms) Total() time.Duration { return t.Lease + t.Grace }

// LeaseState is what a lease is good for.
type LeaseState uint8

// The states of a lease.
const (
	LeaseOver  LeaseState = iota // the index cannot know
	LeaseGrace                   // it may answer, and says so
	LeaseHeld                    // it may answer
)

// State returns the state of a lease at an age.
func (t Terms) State(age time.Duration) LeaseState {
	switch {
	case age < t.Lease:
		return LeaseHeld
	case age < t.Total():
		return LeaseGrace
	default:
		return LeaseOver
	}
}

// LeaseUsable is rule 4: a heartbeat that saw the log's head at a revision grants
// a lease once the index has applied that revision, and not before.
func LeaseUsable(applied, head int64) bool { return applied >= head }

// leasing is what makes the answers of an index depend on a lease: see
// [Index.RequireLease].
type leasing struct {
	terms  Terms
	now    func() Instant
	graced atomic.Uint64 // decisions in the grace
}

// lease is the instant at which the heartbeat was sent that granted it.
type lease struct{ since Instant }

// RequireLease makes every decision but [Malformed] depend on a lease: without
// one, or with one that is over, it is [Stale]. It is called once, before the
// index is loaded or used. now must be what [Index.Grant] is given instants of.
//
// A server that is alone on its database needs no lease: nobody else revokes.
func (x *Index) RequireLease(terms Terms, now func() Instant) {
	x.leasing = &leasing{terms: terms, now: now}
}

// Leased reports whether answers depend on a lease.
func (x *Index) Leased() bool { return x.leasing != nil }

// Grant lets the index answer for the time of its terms, from the instant at
// which a heartbeat was sent that saw the log's head. Where that head is not
// applied yet it does nothing: an older lease may then run out its time. The
// lease belongs to what is loaded now, and goes with it.
func (x *Index) Grant(since Instant, head int64) bool {
	x.writing.Lock()
	defer x.writing.Unlock()
	c := x.contents.Load()
	if c == nil || !LeaseUsable(c.revision.Load(), max(head, c.shown)) {
		return false
	}
	c.lease.Store(&lease{since})
	return true
}

// Loaded stands for what is loaded until another snapshot is.
type Loaded struct{ contents *contents }

// Loaded returns what is loaded now.
func (x *Index) Loaded() Loaded { return Loaded{x.contents.Load()} }

// Shown tells the index that this replica is about to tell a client of a
// revision. If it is not applied yet, because the log cannot be read, there is no
// lease until it is: a client that was told of a key by this replica must not be
// told by it that there is no such key.
//
// loaded is what there was when the commit had returned. What was loaded since
// has it, or is of a database that lost it and may never come to that revision.
func (x *Index) Shown(loaded Loaded, revision int64) {
	x.writing.Lock()
	defer x.writing.Unlock()
	c := x.contents.Load()
	if c == nil || c != loaded.contents || c.revision.Load() >= revision {
		return
	}
	c.shown = max(c.shown, revision)
	c.lease.Store(nil)
}

// DropLease ends the lease at once.
func (x *Index) DropLease() {
	x.writing.Lock()
	defer x.writing.Unlock()
	if c := x.contents.Load(); c != nil {
		c.lease.Store(nil)
	}
}

// LeaseAge returns how long ago the heartbeat of the lease was sent, and false
// where there is none.
func (x *Index) LeaseAge() (time.Duration, bool) {
	c := x.contents.Load()
	if c == nil || x.leasing == nil {
		return 0, false
	}
	l := c.lease.Load()
	if l == nil {
		return 0, false
	}
	return x.leasing.now().Since(l.since), true
}

// LeaseState returns the state of the lease; without a need for one it is held
// while something is loaded.
func (x *Index) LeaseState() LeaseState {
	if x.leasing == nil && x.Ready() {
		return LeaseHeld
	}
	age, ok := x.LeaseAge()
	if !ok {
		return LeaseOver
	}
	return x.leasing.terms.State(age)
}

// Graced returns how many decisions fell in the grace of a lease.
func (x *Index) Graced() uint64 {
	if x.leasing == nil {
		return 0
	}
	return x.leasing.graced.Load()
}

// check judges a decision by the lease that was loaded before its look-up, and
// reads the clocks after it: rule 5. With a lease loaded later, an event could
// be applied and a newer lease become usable between the two, and what the
// look-up found would pass by a lease that knows better.
//
// It reads both clocks itself: what the caller has is of whole seconds, and by a
// clock that is raised for expiry's sake. The coarse clocks of the system would
// be cheaper, but lag by up to a tick, and a time that some goroutine publishes
// is old after a pause of the process, which is the very case that leases are
// for. One call reads both clocks, and a fleet pays for it, not a lone server.
func (l *leasing) check(c *contents, held *lease, d *Decision) bool {
	if plant.Is(plant.LeaseAfterLookup) {
		plant.Pause(time.Millisecond)
		held = c.lease.Load()
	}
	if held == nil {
		return false
	}
	switch l.terms.State(l.now().Since(held.since)) {
	case LeaseHeld:
		return true
	case LeaseGrace:
		l.graced.Add(1)
		d.Grace = true
		return true
	default:
		return false
	}
}
