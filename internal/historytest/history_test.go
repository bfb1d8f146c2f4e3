package historytest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/historytest"
	"github.com/keyreeve/keyreeve/internal/pgtest"
)

// shortLease is short so that many leases begin and end in a run, and long
// enough that a healthy replica on a busy machine keeps its own.
const shortLease = 300 * time.Millisecond

// counts is what a run was made of.
type counts struct {
	runs, violations, undecided                 int
	faults                                      int
	creations, revocations, notFound, uncertain int
	allowed, refused, unable                    int
}

func (c *counts) add(h historytest.History) {
	for _, o := range h.Operations {
		switch {
		case o.Answer == historytest.Allowed:
			c.allowed++
		case o.Answer == historytest.Refused:
			c.refused++
		case o.Answer == historytest.Unable:
			c.unable++
		case o.Answer == historytest.Gone:
			c.notFound++
		case o.Answer != historytest.Done:
			c.uncertain++
		case o.Kind == historytest.Create:
			c.creations++
		default:
			c.revocations++
		}
	}
}

// String is the summary of a test.
func (c *counts) String() string {
	return fmt.Sprintf("%d runs, %d faults, %d creations, %d revocations (and %d answered 404, %d changes without a certain answer), "+
		"%d verifications (%d allowed, %d refused, %d answered 503), %d violations, %d windows undecided",
		c.runs, c.faults, c.creations, c.revocations, c.notFound, c.uncertain,
		c.allowed+c.refused+c.unable, c.allowed, c.refused, c.unable, c.violations, c.undecided)
}

// slack is what the barrier adds to the lease.
func slack(lease time.Duration) time.Duration { return lease/100 + 50*time.Millisecond }

// windowSize is how many verifications of a key on a replica the search looks
// at.
const windowSize = 60

// judge adds a history to the counts and returns what is wrong with it.
func (c *counts) judge(h historytest.History) []historytest.Violation {
	c.runs++
	c.add(h)
	found := historytest.Check(h)
	bad, undecided := historytest.Linearizable(h, windowSize)
	c.undecided += undecided
	if len(bad) > 0 && len(found) == 0 {
		found = append(found, historytest.Violation{Rule: "no order explains what a replica answered", Operations: bad[0].Operations})
	}
	c.violations += len(found)
	return found
}

// run is one history: a fleet under load while a schedule of faults passes.
func run(t *testing.T, f fleetOf, seed uint64, length time.Duration) (historytest.History, *cluster, []step) {
	t.Helper()
	c := startCluster(t, f)
	l := newLoad(t, seed, c.targets(), c.adminKey)
	steps := f.schedule(l.random(), length)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wait := l.start(ctx)
	c.inflict(ctx, steps)
	cancel()
	wait()
	h := l.finish(t.Context())
	h.Settle = f.lease + slack(f.lease)
	if err := c.auditVerify(); err != nil {
		t.Error(err)
	}
	return h, c, steps
}

// One server keeps the same promise.
func TestHistoriesOfOneServer(t *testing.T) {
	t.Parallel()
	total := &counts{}
	for seed := range uint64(2) {
		total.wantNone(t, fleetOf{program: shipped, database: pgtest.DSN(t), lease: shortLease, replicas: 1}, seed)
		total.wantNone(t, fleetOf{program: shipped, lease: shortLease, replicas: 1}, seed)
	}
	t.Log(total)
}

// wantNone makes one run and fails for a violation.
func (c *counts) wantNone(t *testing.T, f fleetOf, seed uint64) {
	t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
		h, cluster, steps := run(t, f, seed, 4*f.lease)
		c.faults += len(steps)
		found := c.judge(h)
		if len(found) == 0 {
			return
		}
		t.Errorf("%d violations, the first: %v\nfaults: %s", len(found), found[0], show(steps))
		for _, r := range cluster.replicas {
			t.Logf("replica %d:\n%s", r.place, &r.said)
		}
	})
}
