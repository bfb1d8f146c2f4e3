package historytest_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/historytest"
	"github.com/keyreeve/keyreeve/internal/pgtest"
)

// storm is faults of the database and of the way there, one after the other,
// each at the worst moment of a statement or a commit.
type storm struct {
	*cluster
	t      *testing.T
	random *rand.Rand
	counts map[string]int
}

// armedTime is how long a fault waits for a statement to strike. Where nothing
// is written it strikes nothing, and is not counted.
const armedTime = time.Second

// strike makes one fault and mends it. It returns false if nothing came of it.
func (s *storm) strike() bool {
	network := s.replicas[s.random.IntN(len(s.replicas))].network
	briefly := time.Duration(s.random.Int64N(int64(2 * s.lease)))
	kind := s.random.IntN(100)
	switch {
	case kind < 20:
		return s.arm("cut mid-statement", network, pgtest.MidStatement)
	case kind < 45:
		return s.arm("cut before COMMIT", network, pgtest.BeforeCommit)
	case kind < 70:
		return s.arm("answer of COMMIT lost", network, pgtest.AfterCommit)
	case kind < 80:
		s.counts["reset"]++
		network.Reset()
	case kind < 89:
		s.counts["cut off"]++
		network.Cut()
		time.Sleep(briefly)
	case kind < 98:
		s.counts["black hole"]++
		network.Hold()
		time.Sleep(briefly)
	default:
		s.counts["database stopped"]++
		s.server.Stop()
		time.Sleep(briefly)
		s.server.Restart(s.t)
	}
	network.Heal()
	return true
}

func (s *storm) arm(name string, network *pgtest.Proxy, f pgtest.Fault) bool {
	defer network.Heal()
	before := network.Struck()
	network.Arm(f)
	for began := time.Now(); time.Since(began) < armedTime; time.Sleep(time.Millisecond) {
		if network.Struck() > before {
			s.counts[name]++
			return true
		}
	}
	return false
}

// TestDatabaseFaults: whatever becomes of the database, nothing is acknowledged
// that did not take place, no live key is refused, no revoked one accepted, and
// a revocation that failed revokes when it is repeated. Afterwards all is as it
// was, without a restart.
func TestDatabaseFaults(t *testing.T) {
	t.Parallel()
	faults, operations := 60, 0
	if soaking() {
		faults, operations = 1000, 1_000_000
	}
	pg := pgtest.Start(t, pgtest.Options{Durable: true})
	c := startCluster(t, fleetOf{program: shipped, database: pg.DSN(t), server: pg, lease: shortLease, replicas: 3})
	l := newLoad(t, uint64(number(t, "KEYREEVE_SEED", 1)), c.targets(), c.adminKey)
	s := &storm{cluster: c, t: t, random: l.random(), counts: map[string]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wait := l.start(ctx)
	began := time.Now()
	struck := 0
	for struck < faults || l.recorder.Count() < operations {
		if s.strike() {
			struck++
		}
		time.Sleep(time.Duration(s.random.IntN(40)) * time.Millisecond)
	}
	cancel()
	wait()
	h := &history{History: l.finish(t.Context()), cluster: c}
	h.Settle = c.lease + slack(c.lease)
	if err := c.auditVerify(); err != nil {
		t.Error(err)
	}
	h.judge()
	h.counts.faults = struck
	h.wantNone(t)
	repeated := repeatedRevocations(h.Operations)
	if repeated == 0 {
		t.Error("no revocation failed and was repeated, so that nothing is known of those")
	}
	t.Logf("%v\n%v in %v, %d revocations repeated after they had failed", h.counts, s.counts, time.Since(began).Round(time.Second), repeated)
	h.counts.record(t, "database-faults")
}

// repeatedRevocations counts the keys whose revocation failed at first.
func repeatedRevocations(operations []historytest.Operation) (n int) {
	failed := map[int32]bool{}
	for _, o := range operations { // by start
		switch {
		case o.Kind != historytest.Revoke:
		case o.Answer == historytest.NoAnswer || o.Answer == historytest.Unchanged:
			failed[o.Key] = true
		case failed[o.Key]:
			delete(failed, o.Key)
			n++
		}
	}
	return n
}

// answerTime is ample for what takes a second at most.
const answerTime = 10 * time.Second

// Changes fail while the database is away, and do not hang; keys are judged for
// as long as the lease lasts and answered with 503 from then on; and all is
// well again when the database is back.
func TestFleetWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	pg := pgtest.Start(t, pgtest.Options{Durable: true})
	c := startCluster(t, fleetOf{program: shipped, database: pg.DSN(t), server: pg, lease: shortLease, replicas: 2})
	networks := func(do func(*pgtest.Proxy)) func() {
		return func() {
			for _, r := range c.replicas {
				do(r.network)
			}
		}
	}
	l := newLoad(t, 1, c.targets(), c.adminKey)
	for _, tc := range []struct {
		name       string
		away, back func()
	}{
		{"stopped", pg.Stop, func() { pg.Restart(t) }},
		{"killed", func() { pg.Kill(t) }, func() { pg.Restart(t) }},
		{"cut off", networks((*pgtest.Proxy).Cut), networks((*pgtest.Proxy).Heal)},
		{"black hole", networks((*pgtest.Proxy).Hold), networks((*pgtest.Proxy).Heal)},
	} {
		for _, tg := range l.targets {
			l.awaitHealth(t.Context(), tg)
		}
		tc.away()
		slowest := l.wantNoChanges(t)
		for _, tg := range l.targets {
			l.awaitUnable(t, tg)
		}
		tc.back()
		t.Logf("%s: the slowest refusal of a change took %v", tc.name, slowest)
	}
	h := l.finish(t.Context())
	h.Settle = c.lease + slack(c.lease)
	if found := historytest.Check(h); len(found) > 0 {
		t.Errorf("%d violations, the first: %v", len(found), found[0])
	}
}

// wantNoChanges checks that each replica answers changes, and with nothing but
// 503. It returns the longest time that took.
func (l *load) wantNoChanges(t *testing.T) (slowest time.Duration) {
	t.Helper()
	a := newAdmin(t, l.recorder, l.adminKey)
	defer a.http.CloseIdleConnections()
	a.http.Timeout = answerTime
	victim := l.keys.all[0]
	for range 3 {
		for _, tg := range l.targets {
			if made := a.create(t.Context(), tg, l.keys.number()); made != nil {
				t.Errorf("replica %d made a key without a database", tg.place)
			}
			made := a.log.Last()
			if a.revoke(t.Context(), tg, victim) {
				t.Errorf("replica %d revoked a key without a database", tg.place)
			}
			revoked := a.log.Last()
			slowest = max(slowest, made.End-made.Start, revoked.End-revoked.Start)
		}
	}
	if slowest >= answerTime {
		t.Error("a change was not answered")
	}
	return slowest.Round(time.Millisecond)
}

// awaitUnable waits until a replica's lease is over.
func (l *load) awaitUnable(t *testing.T, tg *target) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answerTime)
	defer cancel()
	for ctx.Err() == nil {
		p := newPipe(t, tg, l.recorder, 1)
		if !p.ready(ctx) {
			continue
		}
		p.send(l.keys.all[0])
		if p.settle(ctx) && p.log.Last().Answer == historytest.Unable {
			return
		}
	}
	t.Errorf("replica %d goes on without a lease", tg.place)
}
