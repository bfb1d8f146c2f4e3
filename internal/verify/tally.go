package verify

import (
	"context"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// TallyInterval is how often counted uses are written, and so the most that a
// crash loses of them. It is as long as a key's use time stands still, so a key
// costs storage no more writes by the one than by the other.
const TallyInterval = time.Minute

// Tally counts how often keys are used. It is apart from the index: what is
// counted there would be written into memory that all processors read.
//
// Up to 1024 uses of a key in an interval are counted one by one. Beyond that,
// only one of 2, 4, 8 … is, and counts for as many, the more the key is used: a
// key that all processors are busy with is seldom written to. The error is about
// 3 % of one busy interval, to either side, and a tenth of a percent of a busy day.
//
// The zero value is ready. All methods may be called concurrently.
type Tally struct {
	table   atomic.Pointer[tallyTable]
	growing sync.Mutex    // guards retired, and the replacing of table
	retired []*tallyTable // somebody may still be counting there
}

// Uses is how often a key was used, about.
type Uses struct {
	KeyID string
	Count int64
}

// tallyTable finds the count of an entry near the place that its key's id says.
// A slot is never given to another.
type tallyTable struct {
	slots  []tallySlot
	drains int // since it was replaced
}

type tallySlot struct {
	entry atomic.Pointer[entry]
	n     atomic.Uint32
}

const (
	leastSlots = 1 << 10
	maxProbes  = 8
	exactUses  = 1 << 10

	// A replaced table is drained by the Flush that replaced it, and at the
	// beginning of the next.
	enoughDrains = 2
)

func (t *tallyTable) slot(e *entry) *tallySlot {
	mask := uint64(len(t.slots) - 1)
	at := e.id.spread()
	for range maxProbes {
		s := &t.slots[at&mask]
		held := s.entry.Load()
		if held == nil {
			s.entry.CompareAndSwap(nil, e)
			held = s.entry.Load()
		}
		if held == e {
			return s
		}
		at++
	}
	return nil
}

// Count counts a use of the key of an allowed decision. It takes no lock and
// does not allocate, except where more keys are in use than ever before.
func (t *Tally) Count(d Decision) {
	if d.Outcome == Allowed && d.entry != nil {
		t.find(d.entry).add()
	}
}

func (t *Tally) find(e *entry) *tallySlot {
	for {
		table := t.table.Load()
		if table != nil {
			if s := table.slot(e); s != nil {
				return s
			}
		}
		t.grow(table)
	}
}

func (s *tallySlot) add() {
	n := s.n.Load()
	if n < exactUses {
		s.n.Add(1)
		return
	}
	if step := uint32(1) << bits.Len32(n/exactUses); rand.Uint32()&(step-1) == 0 {
		s.n.Add(step)
	}
}

// grow replaces a table that had no place.
func (t *Tally) grow(full *tallyTable) {
	t.growing.Lock()
	defer t.growing.Unlock()
	if t.table.Load() != full {
		return
	}
	size := leastSlots
	if full != nil {
		size = 4 * len(full.slots)
		t.retired = append(t.retired, full)
	}
	t.table.Store(&tallyTable{slots: make([]tallySlot, size)})
}

// Run calls write every interval until ctx ends, with up to 500 keys at a time,
// and once more after that, under a context that is not cancelled but ends after
// five seconds. A key may come more than once. What could not be written is
// counted again; write itself logs the failure. write must not keep the slice.
func (t *Tally) Run(ctx context.Context, interval time.Duration, write func(context.Context, []Uses) error) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = t.Flush(ctx, write)
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalTimeout)
			defer cancel()
			if err := t.Flush(ctx, write); err != nil {
				return fmt.Errorf("write the last uses: %w", err)
			}
			return nil
		}
	}
}

// Flush writes what was counted so far, as Run does. It is not called while Run
// or another Flush is under way.
func (t *Tally) Flush(ctx context.Context, write func(context.Context, []Uses) error) error {
	// While storage is away the table that is in use stays, so that there are
	// not more and more of them.
	if err := t.drainRetired(ctx, write); err != nil {
		return err
	}
	t.replace()
	return t.drainRetired(ctx, write)
}

// drainRetired writes what is in the tables that were replaced. Whoever found a
// place in one before may count there a moment later, so each is looked at
// twice, by two calls of Flush.
func (t *Tally) drainRetired(ctx context.Context, write func(context.Context, []Uses) error) error {
	t.growing.Lock()
	tables := t.retired
	t.retired = nil
	t.growing.Unlock()
	var keep []*tallyTable
	var failed error
	for _, table := range tables {
		if failed == nil {
			failed = t.drain(ctx, table, write)
		}
		if failed == nil {
			table.drains++
		}
		if table.drains < enoughDrains {
			keep = append(keep, table)
		}
	}
	t.growing.Lock()
	defer t.growing.Unlock()
	t.retired = append(t.retired, keep...)
	return failed
}

// replace puts an empty table in the place of that in use, with room for as many
// keys: it would not do to keep places for keys that are not used any more.
func (t *Tally) replace() {
	t.growing.Lock()
	defer t.growing.Unlock()
	current := t.table.Load()
	if current == nil {
		return
	}
	size, used := len(current.slots), 0
	for i := range current.slots {
		if current.slots[i].entry.Load() != nil {
			used++
		}
	}
	if used < size/16 && size > leastSlots {
		size /= 4
	}
	if used > 0 {
		t.table.Store(&tallyTable{slots: make([]tallySlot, size)})
		t.retired = append(t.retired, current)
	}
}

// drain writes the counts of a table. Those of a failed write go back.
func (t *Tally) drain(ctx context.Context, table *tallyTable, write func(context.Context, []Uses) error) error {
	batch := make([]Uses, 0, batchSize)
	slots := make([]*tallySlot, 0, batchSize)
	send := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := write(ctx, batch)
		if err != nil {
			for i, u := range batch {
				slots[i].n.Add(uint32(u.Count))
			}
		}
		batch, slots = batch[:0], slots[:0]
		return err
	}
	for i := range table.slots {
		s := &table.slots[i]
		e := s.entry.Load()
		if e == nil {
			continue
		}
		if n := s.n.Swap(0); n > 0 {
			batch = append(batch, Uses{KeyID: string(e.id.appendKeyID(nil)), Count: int64(n)})
			slots = append(slots, s)
		}
		if len(batch) == batchSize {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}
