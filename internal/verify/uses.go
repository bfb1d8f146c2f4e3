package verify

import (
	"sync"

	"github.com/keyreeve/keyreeve/internal/token"
)

// Use is one key's last use, in Unix seconds.
type Use struct {
	KeyID string
	At    int64
}

// uses are the noted uses that storage has not got yet.
type uses struct {
	mu     sync.Mutex
	marked []*entry // each once: it has its waiting bit set
	failed []Use    // came back from a failed write
}

// keepMarked is how many elements of an emptied list are kept for the next
// uses. A burst's larger one goes to the collector.
const keepMarked = 1 << 16

// mark notes a use at the Unix second now.
func (x *Index) mark(e *entry, now int64) {
	at := e.packUse(now)
	for {
		old := e.used.Load()
		if noted := old &^ waiting; noted != 0 && at < noted+useStep {
			return
		}
		if !e.used.CompareAndSwap(old, at|waiting) {
			continue
		}
		if old&waiting == 0 {
			x.uses.add(e)
		}
		// The writer may have put another entry in the place of this one and
		// have read its use before we noted ours.
		c := x.contents.Load()
		if c == nil {
			return
		}
		successor := c.keys.find(&e.digest)
		if successor == nil || successor == e {
			return
		}
		e = successor
	}
}

func (u *uses) add(e *entry) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.marked = append(u.marked, e)
}

// DrainUses takes uses that storage has not got yet and appends them to dst, as
// many as its capacity has room for. What could not be written goes back by
// [Index.Requeue]. Storage must keep the later of two times: after a failure an
// older one may follow a newer one.
func (x *Index) DrainUses(dst []Use) []Use {
	u := &x.uses
	u.mu.Lock()
	defer u.mu.Unlock()
	n := min(len(u.failed), cap(dst)-len(dst))
	dst = append(dst, u.failed[len(u.failed)-n:]...)
	u.failed = u.failed[:len(u.failed)-n]
	for len(u.marked) > 0 && len(dst) < cap(dst) {
		last := len(u.marked) - 1
		e := u.marked[last]
		u.marked[last] = nil
		u.marked = u.marked[:last]
		// A mark from here on finds the bit clear and puts the entry in again.
		used := e.used.And(^uint32(waiting))
		dst = append(dst, Use{KeyID: string(e.id.appendKeyID(nil)), At: e.lastUsed(used)})
	}
	if len(u.marked) == 0 && cap(u.marked) > keepMarked {
		u.marked = nil
	}
	return dst
}

// Requeue gives back uses that could not be written. It keeps no reference to
// the slice.
func (x *Index) Requeue(uses []Use) {
	x.uses.mu.Lock()
	defer x.uses.mu.Unlock()
	x.uses.failed = append(x.uses.failed, uses...)
}

// LastUsed returns the Unix second of the last noted use of a key, and false
// where it was never used or is not live. It is ahead of storage by what the
// batcher has yet to write.
func (x *Index) LastUsed(digest token.Digest) (int64, bool) {
	c := x.contents.Load()
	if c == nil {
		return 0, false
	}
	e := c.keys.find(&digest)
	if e == nil {
		return 0, false
	}
	at := e.lastUsed(e.used.Load())
	return at, at != 0
}

// PendingUses returns how many uses storage has not got yet.
func (x *Index) PendingUses() int {
	x.uses.mu.Lock()
	defer x.uses.mu.Unlock()
	return len(x.uses.marked) + len(x.uses.failed)
}
