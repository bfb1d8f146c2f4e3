package verify

import (
	"sync/atomic"
	"time"
)

// Clock tells the time that expiry is judged by. It never goes back, because a
// clock that does brings expired keys to life.
//
// It runs with the monotonic clock from the latest time it was ever told, by
// the wall clock or by [Clock.Raise]. So a wall clock that is set back changes
// nothing; one that is set forward, or was right all along while the machine
// slept and the monotonic clock stood still, is followed. After a restart with
// a clock set back, the time of the log's head takes the place of what was
// forgotten. And it runs on from there rather than wait to be overtaken: a key
// with an hour to live has no more than that.
//
// A wall clock that was ahead by mistake thus stays in force until a restart,
// and what the log has recorded of it stays for good. Keys end early then,
// never late.
type Clock struct {
	read func() (wall int64, elapsed time.Duration)
	base atomic.Int64 // the largest time less elapsed ever seen, in milliseconds
}

// NewClock returns a clock over the system's.
func NewClock() *Clock {
	start := time.Now()
	return NewClockFrom(func() (int64, time.Duration) {
		now := time.Now() // reads both clocks at once
		return now.UnixMilli(), now.Sub(start)
	})
}

// NewClockFrom returns a clock over read, which gives a wall clock in Unix
// milliseconds and the time elapsed on a monotonic one, and is called
// concurrently.
func NewClockFrom(read func() (wall int64, elapsed time.Duration)) *Clock {
	return &Clock{read: read}
}

// Now returns the Unix second. It does not allocate.
func (c *Clock) Now() int64 {
	wall, elapsed := c.read()
	return (c.raise(wall-elapsed.Milliseconds()) + elapsed.Milliseconds()) / 1000
}

// Raise tells the clock a time, in Unix milliseconds, that has been reached:
// that of the log's head. An earlier one than the clock's does nothing.
func (c *Clock) Raise(ms int64) {
	_, elapsed := c.read()
	c.raise(ms - elapsed.Milliseconds())
}

// raise makes the base at least so much and returns it.
func (c *Clock) raise(least int64) int64 {
	for {
		base := c.base.Load()
		if base >= least {
			return base
		}
		if c.base.CompareAndSwap(base, least) {
			return least
		}
	}
}
