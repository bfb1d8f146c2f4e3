package historytest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/historytest"
	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/plant"
)

// provocation is a schedule under which a planted bug does harm. Its faults come
// to one replica, through which nothing is written: a replica reads the log up
// to what it commits itself.
type provocation struct {
	bug   string
	fault fault
	times int // how often in a run

	lease  time.Duration
	length float64 // of the fault, in leases
	pause  float64 // until the next, in leases
	why    string
}

var provocations = []provocation{
	{
		plant.BarrierSkipped, slow, 1, shortLease, 2, 0,
		"a slow replica learns of a revocation after it returned",
	}, {
		// The lease is long against the slack of the barrier, within which one
		// that begins a little too late does no harm.
		plant.LeaseBeforeApplied, hold, 3, time.Second, 1.5, 0.7,
		"a replica whose heartbeat came through, and whose reading of the log did not, has a lease that outlasts the barrier",
	}, {
		plant.LeaseAfterLookup, hold, 8, shortLease, 1.3, 0.5,
		"a key that was looked up before the network healed is judged by the lease of after",
	}, {
		// The lease is long against the time that joining takes on a busy machine:
		// the bug pauses in it for a part of the lease, with the same limit.
		plant.HeadBeforeRow, hold, 1, 800 * time.Millisecond, 4.6, 2,
		"a replica that was taken for dead and joins again is not waited for while it may answer",
	}, {
		plant.AppliedBeforePublish, slow, 1, shortLease, 2, 0,
		"a replica is counted that has yet to read the log",
	}, {
		plant.NotFoundNoWait, hold, 2, shortLease, 1.2, 0.5,
		"one DELETE waits for a replica that is cut off, and the next finds nothing",
	}, {
		plant.IndexNotUpdated, slow, 1, shortLease, 2, 0,
		"a deleted key stays",
	}, {
		plant.NotifyWithoutPoll, deaf, 2, shortLease, 3, 1,
		"a replica that hears nothing takes that for no news",
	}, {
		plant.RemovedTooEarly, hold, 2, time.Second, 1.2, 0.5,
		"a replica that is cut off is not waited for while its lease still runs",
	},
}

// attempts is how many runs a bug may take to show.
const attempts = 20

func (p provocation) steps(l *load) []step {
	last := len(l.targets) - 1
	l.writable = l.targets[:last]
	f := fleetOf{lease: p.lease}
	return slices.Repeat([]step{{p.fault, last, f.leases(p.length), f.leases(p.length + p.pause)}}, p.times)
}

// Each bug of the protocol is caught. Without this a green run of the tests
// above would mean little.
func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	pg := pgtest.Start(t, pgtest.Options{Durable: true})
	for _, p := range provocations {
		t.Run(p.bug, func(t *testing.T) {
			f := fleetOf{program: planted, plant: p.bug, lease: p.lease, replicas: 3}
			for attempt := range uint64(attempts) {
				f.database = pg.DSN(t)
				h := run(t, f, attempt, p.steps)
				for _, v := range h.found {
					if v.Rule == historytest.AcceptedAfterRevocation {
						t.Logf("caught in run %d: %v", attempt+1, v)
						return
					}
				}
			}
			t.Errorf("%d runs show nothing, although %s", attempts, p.why)
		})
	}
}

// The bugs above are all there are.
func TestEveryPlantedBugIsProvoked(t *testing.T) {
	t.Parallel()
	provoked := map[string]bool{}
	for _, p := range provocations {
		if provoked[p.bug] {
			t.Errorf("%s stands twice", p.bug)
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
