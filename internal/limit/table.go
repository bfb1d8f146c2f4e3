package limit

import (
	"sync/atomic"
	"time"
)

// The periods of [Limits].
const (
	minute = time.Minute
	day    = 24 * time.Hour
)

// None stands for a limit that there is not.
const None = -1

// Limits are how many requests a project may make for a model. A limit of 0
// lets nothing through; one of [None] does not limit.
type Limits struct {
	PerMinute int64
	PerDay    int64
}

// unset are limits of which none is set.
var unset = Limits{None, None}

func (l Limits) or(defaults Limits) Limits {
	if l.PerMinute >= 0 {
		defaults.PerMinute = l.PerMinute
	}
	if l.PerDay >= 0 {
		defaults.PerDay = l.PerDay
	}
	return defaults
}

// Model is an entry of the operator's catalogue.
type Model struct {
	Name   string
	Limits Limits
}

// Table has the limits of the catalogue and what each project has used of them.
// It grows with the projects whose requests it is asked about, which are the
// organization's and no stranger's, times the models of the catalogue. All
// methods may be called concurrently.
type Table struct {
	numbers  map[string]int // of the models; never changed
	defaults []Limits       // by number; the last is of all other models
	others   bool           // other models have a limit
	replicas atomic.Int32
	projects [shards]shard
}

// NewTable returns a table for a catalogue. Models that are not in it have the
// limits others together, or none where it is nil: a client that makes up names
// gains nothing by it, and takes up no memory.
func NewTable(catalogue []Model, others *Limits) *Table {
	t := &Table{numbers: make(map[string]int, len(catalogue))}
	for i, m := range catalogue {
		t.numbers[m.Name] = i
		t.defaults = append(t.defaults, m.Limits)
	}
	rest := unset
	if others != nil {
		rest, t.others = *others, true
	}
	t.defaults = append(t.defaults, rest)
	t.replicas.Store(1)
	return t
}

// Share says that so many replicas answer, of which this is one: each lets
// through its part of every limit. What was used before stays used.
func (t *Table) Share(replicas int) { t.replicas.Store(int32(max(1, min(replicas, maxReplicas)))) }

// maxReplicas keeps the arithmetic of NewRate within 64 bits.
const maxReplicas = 10_000

// Take counts a request of a project for a model, at a time of a monotonic
// clock, and returns 0. One that is over a limit is not counted, and the answer
// is how long it has to wait. own are the limits that the project has in place
// of the catalogue's; a field of [None] has no place of its own. Models that are
// not in the catalogue have none. Take does not allocate, but for the first
// request of a project.
func (t *Table) Take(project, model string, own Limits, now time.Duration) (wait time.Duration) {
	number, known := t.numbers[model]
	switch {
	case known:
	case t.others:
		number, own = len(t.defaults)-1, unset
	default:
		return 0
	}
	c := t.cell(project, number)
	limits := own.or(t.defaults[number])
	replicas := int(t.replicas.Load())
	// The day is looked at first and taken from last, so that a request which it
	// refuses uses up nothing of the minute, unless another takes the day's last
	// one in between.
	var daily Rate
	if limits.PerDay != None {
		daily = NewRate(limits.PerDay, day, replicas)
		_, wait = daily.Next(c.day.Load(), int64(now))
	}
	if limits.PerMinute != None {
		rate := NewRate(limits.PerMinute, minute, replicas)
		if wait > 0 {
			_, soonest := rate.Next(c.minute.Load(), int64(now))
			return max(wait, soonest)
		}
		wait = rate.take(&c.minute, now)
	}
	if wait > 0 || limits.PerDay == None {
		return wait
	}
	return daily.take(&c.day, now)
}

// take is Next on a cell that others take from.
func (r Rate) take(state *atomic.Int64, now time.Duration) time.Duration {
	for {
		old := state.Load()
		next, wait := r.Next(old, int64(now))
		if wait > 0 || state.CompareAndSwap(old, next) {
			return wait
		}
	}
}
