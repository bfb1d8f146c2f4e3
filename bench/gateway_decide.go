package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// Limits of the decision alone.
const (
	maxDecide   = 400 // ns
	leastScale  = 1.8 // of two cores
	maxHeapEach = 110 // bytes of the index for a key
)

// decideNow is the time passed in. The keys were used then, so that no use is
// noted: that is once a minute and key.
const decideNow = 1_800_000_000

// decide measures the index in this process: no HTTP and no other process. The
// keys are presented in the order in which they lie in memory, which is random
// to the index: a request brings its key with it, so that only the index is
// cold.
func (b *bench) decide(p *population) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	without := liveHeap()
	index := verify.NewIndex()
	if err := index.Load(p.effects); err != nil {
		return err
	}
	each := float64(liveHeap()-without) / float64(len(p.digests))
	text := string(p.keys)
	present := func(from, n int) {
		for i := range n {
			at := (from + i) % len(p.digests) * p.width
			if index.Decide(text[at:at+p.width], decideNow).Outcome != verify.Allowed {
				panic("a good key is refused")
			}
		}
	}
	n := len(p.digests)
	var nanos, scale []float64
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range b.rounds {
		began := time.Now()
		present(0, n)
		one := time.Since(began)

		began = time.Now()
		var both sync.WaitGroup
		for i := range 2 {
			both.Go(func() { present(i*n/2, n) })
		}
		both.Wait()
		two := time.Since(began)
		nanos = append(nanos, float64(one.Nanoseconds())/float64(n))
		scale = append(scale, 2*one.Seconds()/two.Seconds())
	}
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(index)
	// Rounded down, for each round starts two goroutines.
	allocations := float64((after.Mallocs - before.Mallocs) / uint64(3*n*b.rounds))

	keys := count(n)
	b.report.atMost("verify: ns of a decision with "+keys+" keys, none in a cache", maxDecide, nanos, "")
	b.report.atMost("verify: allocations of a decision", 0, []float64{allocations}, "")
	b.report.atLeast("verify: decisions/s of two cores ÷ of one", leastScale, scale, "")
	b.report.atMost("verify: bytes of live heap for each of "+keys+" keys", maxHeapEach, []float64{each},
		fmt.Sprintf("and its share of %s owners and %d projects", count(max(1, n/10)), decideProjects))
	return nil
}

const decideProjects = 1000

// effects load an index as a large organization fills it: of ten keys each has
// one owner, and they lie in 1 000 projects. The kind is the one in the key.
func (p *population) effects(add func(verify.Effect) error) (revision int64, err error) {
	owners := make([]string, max(1, len(p.digests)/10))
	for i := range owners {
		owners[i] = fmt.Sprintf("user_%s%016d", seededTime, i)
		if err := add(verify.OwnerChanged{Type: verify.OwnerUser, ID: owners[i], Role: "reader"}); err != nil {
			return 0, err
		}
	}
	for i, from := range rand.New(rand.NewPCG(1, 2)).Perm(len(p.digests)) {
		if err := add(verify.KeyAdded{
			ID: seededID(i + 1), Digest: p.digests[from], Kind: token.KindAdmin,
			OwnerType: verify.OwnerUser, OwnerID: owners[i%len(owners)],
			ProjectID: fmt.Sprintf("proj_%s%016d", seededTime, i%decideProjects),
			ExpiresAt: decideNow + 1_000_000, LastUsed: decideNow,
		}); err != nil {
			return 0, err
		}
	}
	return 1, nil
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // the first may leave what it found dead unswept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
