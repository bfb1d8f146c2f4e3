package limit

import "time"

// Rate is a limit of requests for a period, as GCRA has it: a request uses up
// one interval of a cell, and a cell that was idle has room for a period's worth
// at once. So a client that was quiet may spend a whole period's requests in one
// moment. Over any time of length w no more than (room + w) / interval requests
// are within the rate: the limit and what becomes free meanwhile.
//
// The zero value lets nothing through.
type Rate struct {
	interval int64 // nanoseconds between two requests of a steady stream; 0: none is let through
	room     int64 // nanoseconds that a cell can be ahead: the period, or one interval if that is longer
}

// NewRate returns the share that one of so many replicas has of a limit for
// each period. A share of less than one request a period is one request in
// several periods. The interval is rounded up to a nanosecond, so that a rate
// is never above its limit.
func NewRate(limit int64, period time.Duration, replicas int) Rate {
	if limit <= 0 {
		return Rate{}
	}
	n := int64(max(replicas, 1))
	interval := (int64(period)*n + limit - 1) / limit
	return Rate{interval: interval, room: max(interval*limit/n, interval)}
}

// Next returns the state of a cell after a request at now, and how long the
// request has to wait, 0 for not at all: then the state is the old one. Both
// times are nanoseconds from the same moment; a new cell's state is 0, and any
// other is the time at which the cell would be idle again. A request that comes
// again after exactly that wait is let through, if no other was in between, and
// a nanosecond earlier it is not.
//
// The state outlives a change of the rate: what part of its room a cell has left
// stays as it was.
func (r Rate) Next(state, now int64) (next int64, wait time.Duration) {
	if r.interval == 0 {
		return state, never
	}
	// More than all is used up only where the rate was changed.
	idle := min(max(state, now), now+r.room)
	if over := idle + r.interval - now - r.room; over > 0 {
		return state, time.Duration(over)
	}
	return idle + r.interval, 0
}

// never is the wait of a rate that lets nothing through: when to look whether
// it was changed.
const never = 24 * time.Hour
