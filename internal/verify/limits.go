package verify

import (
	"maps"
	"sync/atomic"
)

// Limit is how often the keys of a project may be used with a model. A number
// below 0 stands for the model's default.
type Limit struct {
	RequestsPerMinute int64
	RequestsPerDay    int64
}

type limitName struct{ project, model string }

// limits are those that projects have in place of the defaults. They seldom
// change, so a change copies them. Readers take no lock.
type limits struct {
	byName atomic.Pointer[map[limitName]Limit]
}

func (l *limits) init() { l.byName.Store(&map[limitName]Limit{}) }

// load is set for limits that no reader has yet.
func (l *limits) load(e LimitChanged) {
	(*l.byName.Load())[limitName{e.ProjectID, e.Model}] = Limit{e.RequestsPerMinute, e.RequestsPerDay}
}

func (l *limits) set(e LimitChanged) {
	next := maps.Clone(*l.byName.Load())
	next[limitName{e.ProjectID, e.Model}] = Limit{e.RequestsPerMinute, e.RequestsPerDay}
	l.byName.Store(&next)
}

// Limit returns what the project of the key has in place of a model's default
// limits, and false where it has nothing.
func (d Decision) Limit(model string) (Limit, bool) {
	if d.entry == nil {
		return Limit{}, false
	}
	limit, ok := (*d.contents.limits.byName.Load())[limitName{d.ProjectID(), model}]
	return limit, ok
}
