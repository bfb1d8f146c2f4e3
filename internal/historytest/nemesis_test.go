package historytest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// fault is one thing that goes wrong with a replica for a while.
type fault struct {
	name string
	do   func(r *replica)
	undo func(r *replica)
}

// processFaults come to any server, networkFaults to one with a network between
// it and its database.
var processFaults = []fault{
	{"kill", (*replica).kill, (*replica).start},
	{"pause", (*replica).pause, (*replica).resume},
}

var networkFaults = []fault{
	{"cut", func(r *replica) { r.network.Cut() }, func(r *replica) { r.network.Heal() }},
	{"hold", func(r *replica) { r.network.Hold() }, func(r *replica) { r.network.Heal() }},
	{"delay", func(r *replica) { r.network.Delay(20 * time.Millisecond) }, func(r *replica) { r.network.Heal() }},
	{"reset", func(r *replica) { r.network.Reset() }, func(*replica) {}},
}

// spans are the lengths of faults, in parts of the lease: much shorter, just
// around its end, and so long that the fleet does without the replica.
var spans = []float64{0.2, 0.7, 1.05, 1.3, 3.3, 4.5}

// step is one fault of a schedule.
type step struct {
	fault   fault
	replica int
	length  time.Duration
	next    time.Duration // from its begin to that of the next step
}

// String implements fmt.Stringer.
func (s step) String() string {
	return fmt.Sprintf("%s %d for %v", s.fault.name, s.replica, s.length.Round(time.Millisecond))
}

// schedule draws faults for a time. Those of one replica do not overlap.
func (f fleetOf) schedule(random *rand.Rand, total time.Duration) (steps []step) {
	faults := processFaults
	if f.database != "" {
		faults = slices.Concat(processFaults, networkFaults)
	}
	var at time.Duration
	free := make([]time.Duration, f.replicas)
	for at < total {
		s := step{
			fault: faults[random.IntN(len(faults))], replica: random.IntN(f.replicas),
			length: time.Duration(spans[random.IntN(len(spans))] * float64(f.lease)),
			next:   time.Duration(random.Int64N(int64(f.lease))),
		}
		at += s.next
		if free[s.replica] > at-s.next {
			continue
		}
		free[s.replica] = at - s.next + s.length + f.lease/4
		steps = append(steps, s)
	}
	return steps
}

func show(steps []step) string {
	var words []string
	for _, s := range steps {
		words = append(words, s.String())
	}
	return strings.Join(words, ", ")
}

// inflict makes the faults of a schedule come and go, and returns when all is
// well again, at least as far as it goes.
func (c *cluster) inflict(ctx context.Context, steps []step) {
	var under sync.WaitGroup
	for _, s := range steps {
		r := c.replicas[s.replica]
		under.Go(func() {
			s.fault.do(r)
			wait(ctx, s.length)
			s.fault.undo(r)
		})
		wait(ctx, s.next)
	}
	under.Wait()
	for _, r := range c.replicas {
		r.awaitReady()
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
