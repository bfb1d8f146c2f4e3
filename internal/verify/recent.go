package verify

import "sync"

// remembered is how many positions of the log are kept: those of commits that
// somebody may still be waiting for.
const remembered = 1024

// recent holds the last positions that were applied, to tell a revision of this
// history from the same revision of another: a database that was put back counts
// on from where it was. It has a lock of its own, because a follower is locked
// while it reads from the database.
type recent struct {
	mu        sync.Mutex
	positions [remembered]Position
}

func (r *recent) add(p Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.positions[p.Revision%remembered] = p
}

func (r *recent) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.positions = [remembered]Position{}
}

// has reports whether p was applied, as far as is remembered.
func (r *recent) has(p Position) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.positions[p.Revision%remembered] == p
}
