package verify_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// TestReadersSeeWhatReturned lets readers race a writer that adds and removes
// keys, so that segments grow, are rebuilt and shrink under them. A key that
// stays must always be found, also while it is replaced; one whose removal has
// returned must never be.
func TestReadersSeeWhatReturned(t *testing.T) {
	t.Parallel()
	const lasting, passing, alive, readers = 200, 6000, 2000, 3
	x := loaded(t)
	add := func(i int, seed uint64) verify.KeyAdded {
		k := adminKey(scattered(seed, i))
		k.ID = keyID(i)
		return k
	}
	for i := range lasting {
		apply(t, x, add(i, 1))
	}
	var added, gone atomic.Int64 // of the passing keys, how many adds and removals have returned
	var begun atomic.Int64       // the turn of the writer
	var done atomic.Bool
	var wg sync.WaitGroup
	for reader := range readers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(reader), 0))
			for now := int64(created); !done.Load(); now++ {
				d := scattered(1, random.IntN(lasting))
				if got := x.DecideDigest(&d, now).Outcome; got != verify.Allowed {
					t.Errorf("a key that was never removed: %v", got)
					return
				}
				if n := gone.Load(); n > 0 {
					d := scattered(2, int(n-1-random.Int64N(min(n, 50))))
					if got := x.DecideDigest(&d, now).Outcome; got != verify.Unknown {
						t.Errorf("a key whose removal returned: %v", got)
						return
					}
				}
				if n := int(added.Load()); n > 0 {
					d := scattered(2, n-1)
					got := x.DecideDigest(&d, now).Outcome
					if got != verify.Allowed && int(begun.Load()) < n-1+alive { // its removal has not begun

						t.Errorf("a key whose creation returned: %v", got)
						return
					}
				}
			}
		})
	}
	for i := range passing + alive {
		begun.Store(int64(i))
		if i < passing {
			apply(t, x, add(i, 2))
			added.Add(1)
		}
		if i >= alive {
			d := scattered(2, i-alive)
			apply(t, x, verify.KeyRemoved{Digest: d})
			gone.Add(1)
		}
		again := add(i%lasting, 1)
		again.ExpiresAt = populationNow
		apply(t, x, again)
		if i%1000 == 0 {
			x.DrainUses(make([]verify.Use, 0, 100))
		}
	}
	done.Store(true)
	wg.Wait()
	if x.Len() != lasting {
		t.Errorf("%d keys left, want %d", x.Len(), lasting)
	}
}

// TestUseNotedDuringRebuildIsKept marks every key of a segment while the writer
// makes it rebuild that segment: no use may stay behind in the old one.
func TestUseNotedDuringRebuildIsKept(t *testing.T) {
	t.Parallel()
	const keys, rounds = 1000, 60
	x := loaded(t)
	digest := func(i int) token.Digest {
		d := scattered(3, i)
		d[0] = 0
		return d
	}
	add := func(i int) verify.KeyAdded {
		k := adminKey(digest(i))
		k.ID = keyID(i)
		return k
	}
	for i := range keys {
		apply(t, x, add(i))
	}
	for round := range rounds {
		now := populationNow + 60*int64(round)
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range keys {
				d := digest(i)
				x.DecideDigest(&d, now)
			}
		})
		for i := range keys { // fills a segment's free slots twice or more
			apply(t, x, add(keys+i))
			apply(t, x, verify.KeyRemoved{Digest: digest(keys + i)})
		}
		wg.Wait()
		for i := range keys {
			if at, _ := x.LastUsed(digest(i)); at != now {
				t.Fatalf("round %d: key %d last used %d, want %d", round, i, at, now)
			}
		}
	}
}

// scattered returns the i-th digest of a seed. All share eight segments.
func scattered(seed uint64, i int) token.Digest {
	var d token.Digest
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(i), byte(i >> 8)}).Read(d[:])
	d[0] &= 7
	return d
}
