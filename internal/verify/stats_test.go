package verify_test

import (
	"sync"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

func TestStatsCountEachDecisionOnce(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	x := loaded(t, adminKey(digest))
	var stats verify.Stats
	const each = 10_000
	decide := func(key string, kinds verify.Kinds) {
		start := stats.Start()
		stats.Count(x.DecideKinds(key, created, kinds), start)
	}
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range each {
				decide(key, verify.AnyKind)
				decide(key, 0)
				decide("sk-admin-none", verify.AnyKind)
			}
		})
	}
	callers.Wait()

	got := stats.Snapshot()
	for _, o := range verify.Outcomes() {
		for k := token.KindUnknown; k <= token.KindServiceAccount; k++ {
			var want uint64
			switch {
			case (o == verify.Allowed || o == verify.WrongKind) && k == token.KindAdmin,
				o == verify.Malformed && k == token.KindUnknown:
				want = 8 * each
			}
			if n := got.Decisions(o, k); n != want {
				t.Errorf("%s %s: %d, want %d", o, k, n, want)
			}
		}
	}
	// One in 64 of 240 000: a fair sample misses this range once in 10^15.
	var timed uint64
	for _, n := range got.Buckets {
		timed += n
	}
	if timed < 3250 || timed > 4250 {
		t.Errorf("%d were timed, want about 3750", timed)
	}
	if got.Sum <= 0 {
		t.Errorf("they took %s", got.Sum)
	}
	if got.Decisions(200, 0)+got.Decisions(0, 200) != 0 {
		t.Error("counted what there is not")
	}
}

func TestStatsPutTimesIntoTheirBuckets(t *testing.T) {
	t.Parallel()
	var stats verify.Stats
	bounds := verify.BucketBounds()
	if len(bounds) != 16 || bounds[0] != 256*time.Nanosecond || bounds[15] != 8_388_608*time.Nanosecond {
		t.Fatalf("bounds %v", bounds)
	}
	start := stats.Start()
	for start == 0 {
		start = stats.Start()
	}
	const pause = 3 * time.Millisecond
	time.Sleep(pause)
	stats.Count(verify.Decision{}, start)
	got := stats.Snapshot()
	for i, n := range got.Buckets {
		low, high := time.Duration(0), got.Sum
		if i > 0 {
			low = bounds[i-1]
		}
		if i < len(bounds) {
			high = bounds[i]
		}
		if in := low < got.Sum && got.Sum <= high; (n == 1) != in {
			t.Errorf("bucket %d holds %d of %s", i, n, got.Sum)
		}
	}
	if got.Sum < pause {
		t.Errorf("took %s, want at least %s", got.Sum, pause)
	}
}

func TestStatsDoNotAllocate(t *testing.T) {
	var stats verify.Stats
	if n := testing.AllocsPerRun(1000, func() { stats.Count(verify.Decision{}, stats.Start()) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// BenchmarkStats is what counting adds to a decision: see BenchmarkDecide.
func BenchmarkStats(b *testing.B) {
	var stats verify.Stats
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			stats.Count(verify.Decision{}, stats.Start())
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				stats.Count(verify.Decision{}, stats.Start())
			}
		})
	})
	for _, counted := range []bool{false, true} {
		name := "decide"
		if counted {
			name = "decide-counted"
		}
		b.Run(name, func(b *testing.B) {
			p := populate(b, 1_000_000, 10)
			b.ResetTimer()
			for i := range b.N {
				var start time.Duration
				if counted {
					start = stats.Start()
				}
				d := p.index.Decide(p.keys[i%len(p.keys)], populationNow)
				if counted {
					stats.Count(d, start)
				}
			}
		})
	}
}
