package historytest_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/historytest"
	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/plant"
)

// provocation is a schedule under which a planted bug does harm.
type provocation struct {
	bug    string
	fault  fault   // of one replica after the other; without a name: none
	length float64 // in leases
	next   float64 // the same, from one begin to the next
	why    string
}

var provocations = []provocation{
	{plant.BarrierSkipped, slow, 2, 1, "a slow replica learns of a revocation after it returned"},
	{plant.LeaseBeforeApplied, hold, 1.5, 3, "a replica whose heartbeat came through and whose reading of the log did not has a lease that outlasts the barrier"},
	{plant.LeaseAfterLookup, hold, 1.2, 2.4, "a key is looked up before the network heals, and judged by the lease of after"},
	{plant.HeadBeforeRow, kill, 0.1, 3, "a replica that starts is not waited for while it catches up"},
	{plant.AppliedBeforePublish, slow, 2, 1, "a replica is counted that has yet to read the log"},
	{plant.NotFoundNoWait, hold, 1.2, 2.4, "one DELETE waits for a replica that is cut off, and the next finds nothing"},
	{plant.IndexNotUpdated, fault{}, 1, 1, "a deleted key stays"},
	{plant.NotifyWithoutPoll, deaf, 3, 4, "a replica that hears nothing takes that for news"},
	{plant.RemovedTooEarly, hold, 1.2, 2.4, "a replica that is cut off is not waited for, and its lease still runs"},
}

// plantLease is long against the slack of the barrier, so that a lease that
// begins a little too late ends visibly too late.
const plantLease = time.Second

// plantAttempts is how many runs a bug may take to show.
const plantAttempts = 10

// steps are three faults, on replicas in turn.
func (p provocation) steps(random *rand.Rand, f fleetOf) (steps []step) {
	first := random.IntN(f.replicas)
	for n := range 3 {
		s := step{fault: p.fault, replica: (first + n) % f.replicas, length: f.leases(p.length), next: f.leases(p.next)}
		if p.fault.name == "" {
			s.fault = fault{"leave alone", func(*replica) {}, func(*replica) {}}
		}
		steps = append(steps, s)
	}
	return steps
}

// Each bug of the protocol is caught. Without this a green run of the tests
// above would mean little.
func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	pg := pgtest.Start(t, pgtest.Options{Durable: true})
	for _, p := range provocations {
		t.Run(p.bug, func(t *testing.T) {
			f := fleetOf{program: planted, plant: p.bug, lease: plantLease, replicas: 3}
			for attempt := range uint64(plantAttempts) {
				f.database = pg.DSN(t)
				h := run(t, f, attempt, func(l *load) []step { return p.steps(l.random(), f) })
				for _, v := range h.found {
					if v.Rule == historytest.AcceptedAfterRevocation {
						t.Logf("caught in run %d: %v", attempt+1, v)
						return
					}
				}
			}
			t.Errorf("%d runs show nothing, although %s", plantAttempts, p.why)
		})
	}
}

// The bugs above are all there are.
func TestEveryPlantedBugIsProvoked(t *testing.T) {
	t.Parallel()
	provoked := map[string]bool{}
	for _, p := range provocations {
		if provoked[p.bug] {
			t.Error(fmt.Sprint(p.bug, " stands twice"))
		}
		provoked[p.bug] = true
	}
	for _, bug := range plant.All() {
		if !provoked[bug] {
			t.Errorf("no history catches %s", bug)
		}
		delete(provoked, bug)
	}
	for bug := range provoked {
		t.Errorf("%s is no bug that can be planted", bug)
	}
}
