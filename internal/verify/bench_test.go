package verify_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// population is an index as a large organization fills it.
type population struct {
	index *verify.Index
	keys  []string // in the order in which they are presented, not added
}

const populationNow = 1_800_000_000

// populate loads n keys of a tenth as many owners and 1 000 projects. Of what
// will be presented, junk in a hundred are keys with a wrong last character. The
// strings lie one after another in the order of presentation: a request brings
// its key with it, so that only the index is cold.
func populate(tb testing.TB, n, junk int) population {
	tb.Helper()
	source := rand.NewChaCha8([32]byte{1})
	keys := make([]string, n)
	digests := make([]token.Digest, n)
	for i := range n {
		secret, err := token.Mint(token.KindProject, source)
		if err != nil {
			tb.Fatal(err)
		}
		keys[i], digests[i] = secret.Reveal(), secret.Digest()
	}
	var text strings.Builder
	text.Grow(n * len(keys[0]))
	presented := make([]string, n)
	for i, from := range rand.New(source).Perm(n) {
		start, key := text.Len(), keys[from]
		if i%100 < junk {
			key = key[:len(key)-1] + "-"
		}
		text.WriteString(key)
		presented[i] = text.String()[start:]
	}
	p := population{index: verify.NewIndex(), keys: presented}
	if err := p.index.Load(populationSnapshot(digests)); err != nil {
		tb.Fatal(err)
	}
	return p
}

func populationSnapshot(digests []token.Digest) func(add func(verify.Effect) error) (int64, error) {
	owners := make([]string, max(1, len(digests)/10))
	for i := range owners {
		owners[i] = fmt.Sprintf("user_01JZZZZZZZ%016d", i)
	}
	return func(add func(verify.Effect) error) (int64, error) {
		for _, owner := range owners {
			if err := add(verify.OwnerChanged{Type: verify.OwnerUser, ID: owner, Role: "reader"}); err != nil {
				return 0, err
			}
		}
		for i, digest := range digests {
			if err := add(verify.KeyAdded{
				ID: keyID(i), Digest: digest, Kind: token.KindProject,
				OwnerType: verify.OwnerUser, OwnerID: owners[i%len(owners)],
				ProjectID: fmt.Sprintf("proj_01JZZZZZZZ%016d", i%1000),
				ExpiresAt: populationNow + 1_000_000,
				LastUsed:  populationNow,
			}); err != nil {
				return 0, err
			}
		}
		return 1, nil
	}
}

// keyID returns an id made in 2025, the i-th of them.
func keyID(i int) string { return fmt.Sprintf("key_01JZZZZZZZ%016d", i) }

func heap() uint64 {
	runtime.GC()
	runtime.GC() // the first may leave what it found dead unswept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// heapPerKey returns the live heap of an index of n keys, divided by n: keys,
// owners, projects and all.
func heapPerKey(tb testing.TB, n int) float64 {
	p := populate(tb, n, 0)
	with := heap()
	runtime.KeepAlive(p.index)
	p.index = nil
	without := heap()
	runtime.KeepAlive(p.keys)
	return float64(with-without) / float64(n)
}

// BenchmarkDecide presents a million keys in random order, so that every
// look-up misses the caches.
func BenchmarkDecide(b *testing.B) {
	for _, bench := range []struct {
		name string
		junk int
	}{{"good", 0}, {"tenth-junk", 10}} {
		b.Run(bench.name, func(b *testing.B) {
			p := populate(b, 1_000_000, bench.junk)
			b.ReportAllocs()
			b.ResetTimer()
			allowed := 0
			for i := range b.N {
				if p.index.Decide(p.keys[i%len(p.keys)], populationNow).Outcome == verify.Allowed {
					allowed++
				}
			}
			b.ReportMetric(float64(allowed)/float64(b.N), "allowed/op")
		})
	}
}

// BenchmarkDecideByMap is what one would write first, with the keys of
// BenchmarkDecide: a map from digests to keys, and a lock. How long memory takes
// differs by the minute on a shared machine; how much longer this takes does not.
func BenchmarkDecideByMap(b *testing.B) {
	type key struct {
		id, owner, role, project string
		expires, used            int64
	}
	presented := populate(b, 1_000_000, 0).keys
	var mu sync.RWMutex
	keys := make(map[[sha256.Size]byte]*key)
	for _, i := range rand.Perm(len(presented)) { // in another order than they are presented
		keys[sha256.Sum256([]byte(presented[i]))] = &key{
			id: keyID(i), owner: fmt.Sprintf("user_01JZZZZZZZ%016d", i/10), role: "reader",
			project: fmt.Sprintf("proj_01JZZZZZZZ%016d", i%1000), expires: populationNow + 1_000_000,
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	allowed := 0
	for i := range b.N {
		digest := sha256.Sum256([]byte(presented[i%len(presented)]))
		mu.RLock()
		k, ok := keys[digest]
		mu.RUnlock()
		if ok && k.owner != "" && k.expires > populationNow {
			k.used = populationNow
			allowed++
		}
	}
	b.ReportMetric(float64(allowed)/float64(b.N), "allowed/op")
}

// BenchmarkDecideUnknown presents keys of the right form that were never
// issued: what a flood costs at most.
func BenchmarkDecideUnknown(b *testing.B) {
	p := populate(b, 1_000_000, 0)
	source := rand.NewChaCha8([32]byte{2})
	strange := make([]string, 100_000)
	for i := range strange {
		secret, err := token.Mint(token.KindProject, source)
		if err != nil {
			b.Fatal(err)
		}
		strange[i] = secret.Reveal()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		p.index.Decide(strange[i%len(strange)], populationNow)
	}
}

func BenchmarkDecideParallel(b *testing.B) {
	p := populate(b, 1_000_000, 0)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := rand.IntN(len(p.keys)); pb.Next(); i++ {
			p.index.Decide(p.keys[i%len(p.keys)], populationNow)
		}
	})
}

func BenchmarkHeapPerKey(b *testing.B) {
	var per float64
	for b.Loop() {
		per = heapPerKey(b, 1_000_000)
	}
	b.ReportMetric(per, "bytes/key")
}

// BenchmarkLoad is the part of a start that the index takes, for a million keys.
func BenchmarkLoad(b *testing.B) {
	digests := make([]token.Digest, 1_000_000)
	source := rand.NewChaCha8([32]byte{3})
	for i := range digests {
		_, _ = source.Read(digests[i][:])
	}
	b.ResetTimer()
	for range b.N {
		if err := verify.NewIndex().Load(populationSnapshot(digests)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClock(b *testing.B) {
	c := verify.NewClock()
	for b.Loop() {
		c.Now()
	}
}

// BenchmarkDecideLeased is a decision of a replica, by the system's clocks.
func BenchmarkDecideLeased(b *testing.B) {
	key, digest := mint(b, token.KindAdmin)
	for _, needs := range []bool{false, true} {
		b.Run(fmt.Sprintf("lease=%t", needs), func(b *testing.B) {
			x, now := verify.NewIndex(), verify.SystemInstant()
			if needs {
				x.RequireLease(verify.Terms{Lease: time.Hour}, now)
			}
			load(b, x, 0, adminKey(digest))
			x.Grant(now(), 0)
			b.ReportAllocs()
			for b.Loop() {
				if x.Decide(key, created).Outcome != verify.Allowed {
					b.Fatal("refused")
				}
			}
		})
	}
}

// BenchmarkKeysRemoved ends keys of one owner by one effect, which walks through
// a million.
func BenchmarkKeysRemoved(b *testing.B) {
	p := populate(b, 1_000_000, 0)
	i := 0
	for b.Loop() {
		apply(b, p.index, verify.KeysRemoved{
			OwnerType: verify.OwnerUser, OwnerID: fmt.Sprintf("user_01JZZZZZZZ%016d", i),
			ProjectID: fmt.Sprintf("proj_01JZZZZZZZ%016d", i%1000),
		})
		i++
	}
}
