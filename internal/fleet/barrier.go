package fleet

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/keyreeve/keyreeve/internal/plant"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// Confirmation says how many of the replicas had applied a revision when its
// commit was answered. Of those that had not, no lease is left that does not
// know of it, if the commit could end a key.
type Confirmation struct{ Applied, Replicas int }

// barrier lets commits wait for the replicas. One reader serves all that wait.
type barrier struct {
	member *Member

	mu      sync.Mutex
	waiting []*waiter
	reading bool            // a reader is at work
	settled verify.Position // this commit and all before it have passed
	last    Confirmation    // of the last look
	work    sync.WaitGroup
}

// waiter is a commit. Its fields but done are the barrier's.
type waiter struct {
	commit verify.Position
	came   bool // before the look that is under way
	done   chan struct{}
	result Confirmation
}

// Confirm returns when a commit may be answered that this process knows to be
// done: rule 6. From then on no replica answers from a state before the commit;
// or if the commit cannot end a key (ends is false), most likely none does. The
// error is that of ctx.
func (m *Member) Confirm(ctx context.Context, commit verify.Position, ends bool) (Confirmation, error) {
	if ends && plant.Is(plant.BarrierSkipped) {
		return Confirmation{}, nil
	}
	began := m.Now().Monotonic // after COMMIT returned
	b := &m.barrier
	if result, passed := b.passed(commit); passed {
		return result, nil
	}
	w := b.enter(commit)
	over := time.NewTimer(Patience(ends, m.Terms.Total()) - (m.Now().Monotonic - began))
	defer over.Stop()
	select {
	case <-w.done:
		return w.result, nil
	case <-ctx.Done():
		b.leave(w, false)
		return Confirmation{}, ctx.Err()
	case <-over.C:
		return b.leave(w, ends), nil
	}
}

// passed reports whether a commit has passed with another. Both must be of the
// history that this replica has: after a failover that lost commits the same
// revisions come again.
func (b *barrier) passed(commit verify.Position) (Confirmation, bool) {
	b.mu.Lock()
	settled, last := b.settled, b.last
	b.mu.Unlock()
	return last, commit.Revision <= settled.Revision && b.member.Log.Has(commit) && b.member.Log.Has(settled)
}

// enter queues a commit.
func (b *barrier) enter(commit verify.Position) *waiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := &waiter{commit: commit, done: make(chan struct{})}
	b.waiting = append(b.waiting, w)
	if !b.reading {
		b.reading = true
		b.work.Go(b.read)
	}
	return w
}

// leave takes out a commit that waits no more. settled: its leases are over.
func (b *barrier) leave(w *waiter, settled bool) Confirmation {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = slices.DeleteFunc(b.waiting, func(other *waiter) bool { return other == w })
	if settled {
		b.settle(w)
	}
	return w.result
}

// settle notes that w has passed. The last that did is the one to compare with,
// whatever its revision: one of a history that is lost helps nobody.
func (b *barrier) settle(w *waiter) { b.settled, b.last = w.commit, w.result }

// wait returns when the reader has ended, for want of commits that wait.
func (b *barrier) wait() { b.work.Wait() }

// The rows are read again after a pause that doubles from the first to the last:
// healthy replicas are there after a millisecond or two, and those that are not
// may take as long as a lease.
const (
	firstPause = 500 * time.Microsecond
	lastPause  = 25 * time.Millisecond
)

// read looks at the rows for as long as commits wait.
func (b *barrier) read() {
	pause := firstPause
	for {
		fresh, more := b.gather()
		if !more {
			return
		}
		if fresh {
			pause = firstPause
		}
		time.Sleep(pause)
		pause = min(2*pause, lastPause)
		b.look()
	}
}

// gather marks the commits that the next look is for: the rows must be read
// after their COMMIT returned. It ends the reader when there are none.
func (b *barrier) gather() (fresh, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.waiting {
		fresh = fresh || !w.came
		w.came = true
	}
	b.reading = len(b.waiting) > 0
	return fresh, b.reading
}

// look lets those of the waiting pass whom all replicas have confirmed.
func (b *barrier) look() {
	m := b.member
	ctx, cancel := context.WithTimeout(context.Background(), m.beatTimeout())
	defer cancel()
	rows, err := m.Store.Rows(ctx)
	if err != nil {
		return
	}
	self := m.ID()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = slices.DeleteFunc(b.waiting, func(w *waiter) bool {
		if !w.came {
			return false
		}
		w.result = count(rows, self, m.Log.Has(w.commit), w.commit.Revision)
		if w.result.Applied < w.result.Replicas {
			return false
		}
		b.settle(w)
		close(w.done)
		return true
	})
}

// count counts the replicas that have applied a revision. This one, self, counts
// whether it has a row or not. What its index shows (has) is newer than its row.
func count(rows []Row, self string, has bool, revision int64) Confirmation {
	c := Confirmation{Replicas: 1}
	for _, row := range rows {
		switch {
		case row.ID == self:
			has = has || Confirmed(row, revision)
		case Confirmed(row, revision):
			c.Applied++
			fallthrough
		default:
			c.Replicas++
		}
	}
	if has {
		c.Applied++
	}
	return c
}
