package historytest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/historytest"
	"github.com/keyreeve/keyreeve/internal/pgtest"
)

// shortLease is short so that many leases begin and end in a run, and long
// enough that a healthy replica on a busy machine keeps its own.
const shortLease = 300 * time.Millisecond

// slack is what the barrier adds to a lease.
func slack(lease time.Duration) time.Duration { return lease/100 + 50*time.Millisecond }

// windowSize is how many verifications of a key on a replica the search looks
// at.
const windowSize = 60

// history is one run: a fleet under load while faults come and go.
type history struct {
	historytest.History
	cluster *cluster
	steps   []step
	found   []historytest.Violation
	counts  counts
}

// run makes one run. steps draws its faults; the seed says which.
func run(t *testing.T, f fleetOf, seed uint64, steps func(*load) []step) *history {
	t.Helper()
	c := startCluster(t, f)
	l := newLoad(t, seed, c.targets(), c.adminKey)
	h := &history{cluster: c, steps: steps(l)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wait := l.start(ctx)
	c.inflict(ctx, h.steps)
	cancel()
	wait()
	h.History = l.finish(t.Context())
	h.Settle = f.lease + slack(f.lease)
	if err := c.auditVerify(); err != nil {
		t.Error(err)
	}
	h.judge()
	return h
}

// judge looks for what is wrong, by the rules and by search.
func (h *history) judge() {
	h.found = historytest.Check(h.History)
	bad, undecided := historytest.Linearizable(h.History, windowSize)
	if len(bad) > 0 && len(h.found) == 0 {
		h.found = []historytest.Violation{{Rule: "no order explains what a replica answered", Operations: bad[0].Operations}}
	}
	h.counts = count(h.Operations)
	h.counts.runs, h.counts.faults = 1, len(h.steps)
	h.counts.violations, h.counts.undecided = len(h.found), undecided
}

// wantNone fails for a violation and shows all that is known of it.
func (h *history) wantNone(t *testing.T) {
	t.Helper()
	if len(h.found) == 0 {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d violations, the first: %v\nfaults: %s", len(h.found), h.found[0], show(h.steps))
	for _, r := range h.cluster.replicas {
		fmt.Fprintf(&b, "\nreplica %d:\n%s", r.place, &r.said)
	}
	t.Error(b.String())
}

// random draws faults for a time of so many leases.
func random(f fleetOf) func(*load) []step {
	leases := 4.0
	if soaking() { // the more keys are revoked for each fleet that is started
		leases = 7
	}
	return func(l *load) []step { return f.schedule(l.random(), leases) }
}

// One server keeps the same promise as several.
func TestHistoriesOfOneServer(t *testing.T) {
	t.Parallel()
	var total counts
	for name, database := range map[string]func(testing.TB) string{
		"PostgreSQL": pgtest.DSN,
		"SQLite":     func(testing.TB) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(2) {
				f := fleetOf{program: shipped, database: database(t), lease: shortLease, replicas: 1}
				h := run(t, f, seed, random(f))
				total.add(h.counts)
				h.wantNone(t)
			}
		})
	}
	t.Log(total)
}
