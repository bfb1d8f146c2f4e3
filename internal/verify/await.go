package verify

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// maxAwaiting bounds who waits in [Index.Await] at a time. A gateway may pass on
// the headers of anybody, who then must not hold up all of its connections.
const maxAwaiting = 256

// awaiting wakes those who wait for a revision.
type awaiting struct {
	count atomic.Int64
	mu    sync.Mutex
	moved chan struct{} // closed at the next change
}

// awaitTimeout is how long Await waits at most: several heartbeats, so that a
// revision that exists is applied by then, unless this replica is cut off.
const awaitTimeout = time.Second

// Await returns true when the index has applied revision, and false when that
// takes a second, ctx ends before, or too many wait already.
func (x *Index) Await(ctx context.Context, revision int64) bool {
	if x.Revision() >= revision {
		return true
	}
	w := &x.awaiting
	if w.count.Add(1) > maxAwaiting {
		w.count.Add(-1)
		return false
	}
	defer w.count.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, awaitTimeout)
	defer cancel()
	for {
		moved := w.next()
		if x.Revision() >= revision { // after next, so that no change is missed
			return true
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return false
		}
	}
}

func (w *awaiting) next() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.moved == nil {
		w.moved = make(chan struct{})
	}
	return w.moved
}

// wake is called after a change was published.
func (w *awaiting) wake() {
	if w.count.Load() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.moved != nil {
		close(w.moved)
		w.moved = nil
	}
}
