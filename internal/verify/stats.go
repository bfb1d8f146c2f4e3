package verify

import (
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/keyreeve/keyreeve/internal/token"
)

// Stats counts decisions by outcome and kind, and times one in 64 of them. The
// zero value is ready. All methods may be called concurrently, and neither
// [Stats.Start] nor [Stats.Count] allocates or takes a lock.
type Stats struct {
	shards [statsShards]statsShard
}

const (
	statsBits   = 4
	statsShards = 1 << statsBits
	kindCount   = int(token.KindServiceAccount) + 1

	// sampleEvery is how many decisions there are for one that is timed: reading
	// the clock twice takes a third of the time that a decision does.
	sampleEvery = 64

	// The buckets are powers of two from 256 ns to 8.4 ms, and one for the rest.
	firstBucket = 256 * time.Nanosecond
	bucketCount = 16
)

// statsShard is the counters of some goroutines, apart from those of others so
// that processors need not pass one cache line around.
type statsShard struct {
	decisions [len(outcomes)][kindCount]atomic.Uint64
	buckets   [bucketCount + 1]atomic.Uint64
	nanos     atomic.Uint64 // sum of what was timed
	_         [64]byte
}

// epoch is where times are counted from, so that only the monotonic clock is
// read.
var epoch = time.Now()

// Start is called before a decision. It returns what Count wants: zero for a
// decision that is not timed.
func (s *Stats) Start() time.Duration {
	if rand.Uint32()%sampleEvery != 0 {
		return 0
	}
	return time.Since(epoch)
}

// Count is called after a decision with what Start returned.
func (s *Stats) Count(d Decision, start time.Duration) {
	shard := s.shard()
	shard.decisions[d.Outcome][d.Kind()].Add(1)
	if start == 0 {
		return
	}
	took := max(time.Since(epoch)-start, 1)
	shard.buckets[bucketOf(took)].Add(1)
	shard.nanos.Add(uint64(took))
}

// bucketOf returns the first bucket whose bound is not below took.
func bucketOf(took time.Duration) int {
	return min(bits.Len64(uint64(took-1)/uint64(firstBucket)), bucketCount)
}

// shard picks by the place of the goroutine's stack: goroutines that run at the
// same time have different ones, and a goroutine keeps its own.
func (s *Stats) shard() *statsShard {
	var here byte
	const golden = 0x9e3779b97f4a7c15               // spreads neighbours
	place := uint64(uintptr(unsafe.Pointer(&here))) //nolint:gosec // only a number is made of it
	return &s.shards[place>>11*golden>>(64-statsBits)]
}

// StatsSnapshot is what a Stats has counted since it was made.
type StatsSnapshot struct {
	decisions [len(outcomes)][kindCount]uint64

	// Buckets hold the decisions that were timed, one in 64. The last one is of
	// those beyond the bound of the one before.
	Buckets [bucketCount + 1]uint64

	// Sum is how long they took together.
	Sum time.Duration
}

// Snapshot adds up the counters. While decisions are made, the parts of it may
// be of slightly different moments.
func (s *Stats) Snapshot() StatsSnapshot {
	var sum StatsSnapshot
	for i := range s.shards {
		shard := &s.shards[i]
		for o := range shard.decisions {
			for k := range shard.decisions[o] {
				sum.decisions[o][k] += shard.decisions[o][k].Load()
			}
		}
		for b := range shard.buckets {
			sum.Buckets[b] += shard.buckets[b].Load()
		}
		sum.Sum += time.Duration(shard.nanos.Load())
	}
	return sum
}

// Decisions returns how many decisions had this outcome for a key of this kind.
// The kind is KindUnknown where no key was found.
func (s *StatsSnapshot) Decisions(o Outcome, k token.Kind) uint64 {
	if int(o) >= len(s.decisions) || int(k) >= kindCount {
		return 0
	}
	return s.decisions[o][k]
}

// Without returns the decisions that are not among those of part, which has to be
// the older snapshot. It has no times.
func (s *StatsSnapshot) Without(part StatsSnapshot) StatsSnapshot {
	rest := StatsSnapshot{decisions: s.decisions}
	for o := range rest.decisions {
		for k := range rest.decisions[o] {
			rest.decisions[o][k] -= part.decisions[o][k]
		}
	}
	return rest
}

// BucketBounds returns the upper bound of each bucket but the last.
func BucketBounds() []time.Duration {
	bounds := make([]time.Duration, bucketCount)
	for i := range bounds {
		bounds[i] = firstBucket << i
	}
	return bounds
}
