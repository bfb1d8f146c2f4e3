package crashtest

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/pgtest"
)

// A server is killed at any moment of its load, and sometimes of its start.
// What it acknowledged before is there after, on both engines.

func TestKilledOnSQLite(t *testing.T) {
	t.Parallel()
	l := newLedger()
	if problems := l.survive(t, newHost(t, ""), cycles(50, 500)); len(problems) > 0 {
		t.Errorf("%d problems, the first: %s", len(problems), problems[0])
	}
}

func TestKilledOnPostgres(t *testing.T) {
	t.Parallel()
	l := newLedger()
	if problems := l.survive(t, newHost(t, pgtest.DSN(t)), cycles(10, 100)); len(problems) > 0 {
		t.Errorf("%d problems, the first: %s", len(problems), problems[0])
	}
}

// A server that answers before it commits must not pass.
func TestEarlyAnswerIsCaught(t *testing.T) {
	t.Parallel()
	h := newHost(t, "")
	h.plant = plantEarlyAnswer
	if problems := newLedger().survive(t, h, 30); len(problems) == 0 {
		t.Error("30 cycles with a server that answers before it commits show nothing")
	} else {
		t.Logf("caught: %s", problems[0])
	}
}

// survive kills a server so many times, and returns the problems of the first
// cycle that has any.
func (l *ledger) survive(t *testing.T, h *host, cycles int) []string {
	t.Helper()
	p := h.start(t)
	for cycle := range cycles {
		ctx, cancel := context.WithCancel(t.Context())
		wait := l.load(ctx, t, p, cycle)
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
		p.kill()
		wait()
		cancel()
		if cycle%5 == 4 { // once more while it starts
			p = h.spawn(t)
			time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
			p.kill()
		}
		p = h.start(t)
		if problems := l.check(t, p); len(problems) > 0 || t.Failed() {
			return problems
		}
	}
	p.kill()
	t.Logf("%d cycles, %d acknowledged changes, %d keys seen", cycles, l.acked, len(l.keys))
	return nil
}
