package historytest_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/keyreeve/keyreeve/internal/pgtest"
)

// restartEvery is how many runs there are to one in which the database restarts
// too.
const restartEvery = 10

// TestHistories is the guarantee, shown: a verification that starts after a
// revocation returned is refused, on every replica, whatever happens to them.
//
// KEYREEVE_SEED and KEYREEVE_RUNS choose the runs. A seed gives the same faults
// and the same choices of the clients; their timing is that of the machine.
func TestHistories(t *testing.T) {
	t.Parallel()
	runs := 20
	if soaking() {
		runs = 1000
	}
	first, runs := number(t, "KEYREEVE_SEED", 1), number(t, "KEYREEVE_RUNS", runs)
	shared := pgtest.Start(t, pgtest.Options{Durable: true})
	var mu sync.Mutex
	var total counts
	t.Run("run", func(t *testing.T) { // returns when all have
		for seed := first; seed < first+runs; seed++ {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				t.Parallel()
				f := fleetOf{program: shipped, lease: shortLease, replicas: 3}
				if seed%restartEvery == 0 {
					f.server = pgtest.Start(t, pgtest.Options{Durable: true})
					f.database = f.server.DSN(t)
				} else {
					f.database = shared.DSN(t)
				}
				h := run(t, f, uint64(seed), random(f))
				h.wantNone(t)
				mu.Lock()
				defer mu.Unlock()
				total.add(h.counts)
			})
		}
	})
	t.Log(total)
	total.record(t, "histories")
}
