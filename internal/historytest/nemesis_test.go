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
	name     string
	do, undo func(r *replica)
}

func heal(r *replica) { r.network.Heal() }

var (
	kill  = fault{"kill", (*replica).kill, (*replica).start}
	pause = fault{"pause", (*replica).pause, (*replica).resume}

	cut   = fault{"cut", func(r *replica) { r.network.Cut() }, heal}
	hold  = fault{"hold", func(r *replica) { r.network.Hold() }, heal}
	deaf  = fault{"deafen", func(r *replica) { r.network.Deafen() }, heal}
	slow  = fault{"slow down", func(r *replica) { r.network.Delay(20 * time.Millisecond) }, heal}
	reset = fault{"reset", func(r *replica) { r.network.Reset() }, func(*replica) {}}

	// restart is that of the database, whatever replica a step names.
	restart = fault{name: "restart the database of"}
)

// processFaults come to any server, networkFaults to one with a network between
// it and its database.
var (
	processFaults = []fault{kill, pause}
	networkFaults = []fault{cut, hold, deaf, slow, reset}
)

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

func show(steps []step) string {
	words := make([]string, len(steps))
	for i, s := range steps {
		words[i] = s.String()
	}
	return strings.Join(words, ", ")
}

// schedule draws faults for a time of so many leases. Those of one replica do
// not overlap.
func (f fleetOf) schedule(random *rand.Rand, leases float64) (steps []step) {
	faults := processFaults
	if f.database != "" {
		faults = slices.Concat(processFaults, networkFaults)
	}
	free := make([]time.Duration, f.replicas)
	for at, end := time.Duration(0), f.leases(leases); at < end; {
		s := step{
			fault: faults[random.IntN(len(faults))], replica: random.IntN(f.replicas),
			length: f.leases(spans[random.IntN(len(spans))]), next: f.leases(random.Float64()),
		}
		if free[s.replica] <= at {
			free[s.replica] = at + s.length + f.leases(0.25)
			steps = append(steps, s)
		} else if len(steps) > 0 { // one replica is left alone for longer
			steps[len(steps)-1].next += s.next
		}
		at += s.next
	}
	if f.server != nil {
		steps[random.IntN(len(steps))].fault = restart
	}
	return steps
}

func (f fleetOf) leases(n float64) time.Duration { return time.Duration(n * float64(f.lease)) }

// inflict makes the faults of a schedule come and go, and returns when all is
// well again.
func (c *cluster) inflict(ctx context.Context, steps []step) {
	var under sync.WaitGroup
	for _, s := range steps {
		if s.fault.do == nil {
			c.server.Stop()
			wait(ctx, s.length)
			c.server.Restart(c.t)
			continue
		}
		under.Go(func() {
			r := c.replicas[s.replica]
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
