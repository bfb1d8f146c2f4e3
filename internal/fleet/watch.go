package fleet

import (
	"context"
	"time"

	"github.com/keyreeve/keyreeve/internal/plant"
)

// watch remembers the beats of other replicas, to tell the dead ones by this
// replica's own clock. The zero value has seen nothing.
type watch struct {
	seen map[string]sighting
	last time.Duration // monotonic, when the rows were last looked at
}

// sighting is a beat and when it was there first, by the end of the reading.
type sighting struct {
	beat  int64
	since time.Duration
}

// moved returns the rows whose beats went on since the last look.
func (w *watch) moved(rows []Row) (alive []Row) {
	for _, row := range rows {
		if s, ok := w.seen[row.ID]; ok && s.beat != row.Beat {
			alive = append(alive, row)
		}
	}
	return alive
}

// dead notes rows that were read between began and ended, and returns those
// whose beats stood still for long enough.
func (w *watch) dead(began, ended time.Duration, rows []Row, total time.Duration) (dead []Row) {
	seen := make(map[string]sighting, len(rows))
	for _, row := range rows {
		s, ok := w.seen[row.ID]
		if !ok || s.beat != row.Beat {
			s = sighting{row.Beat, ended}
		}
		seen[row.ID] = s
		// The beat was there at the end of that look and at the begin of this.
		if MayRemove(began-s.since, total) || plant.Is(plant.RemovedTooEarly) && ok && s.beat == row.Beat {
			dead = append(dead, row)
		}
	}
	w.seen, w.last = seen, ended
	return dead
}

// lookEvery is the time between two looks at the rows. Few replicas look once in a
// lease. A row must stand still for three leases, so that among many, of which one
// looks soon after a death, each may as well look every third: the rows that they
// read together grow with the square of their number.
func (m *Member) lookEvery() time.Duration {
	const few = 4
	return m.Terms.Lease * time.Duration(min(max(m.peers.Load()/few, 1), 3))
}

// look counts the replicas and deletes the rows of dead ones, now and then.
func (m *Member) look(ctx context.Context) {
	began := m.Now().Monotonic
	if m.watch.seen != nil && began-m.watch.last < m.lookEvery() && !plant.Is(plant.RemovedTooEarly) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, m.beatTimeout())
	defer cancel()
	rows, err := m.Store.Rows(ctx)
	if err != nil {
		return // the next round says so
	}
	dead := m.watch.dead(began, m.Now().Monotonic, rows, m.Terms.Total())
	m.peers.Store(int64(len(rows) - len(dead)))
	for _, row := range dead {
		if row.ID == m.ID() {
			continue // this one is alive, and its own clock was at fault
		}
		removed, err := m.Store.Remove(ctx, row.ID, row.Beat)
		if err != nil {
			return
		}
		if removed {
			m.Logger.Warn("a replica is dead: its row was removed", "replica", row.ID, "address", row.Address, "applied", row.Applied)
		}
	}
}
