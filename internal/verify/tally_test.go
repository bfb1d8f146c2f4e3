package verify_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// counted is an index of n keys, their digests and what was written of them.
type counted struct {
	tally   verify.Tally
	index   *verify.Index
	digests []token.Digest
	written map[string]int64
}

func newCounted(tb testing.TB, n int) *counted {
	tb.Helper()
	c := &counted{index: verify.NewIndex(), digests: make([]token.Digest, n), written: map[string]int64{}}
	err := c.index.Load(func(add func(verify.Effect) error) (int64, error) {
		for i := range n {
			c.digests[i] = token.Sum(fmt.Sprint(i))
			if err := add(verify.KeyAdded{
				ID: keyOf(i), Digest: c.digests[i], Kind: token.KindAdmin, OwnerType: verify.OwnerUser, OwnerID: "user_1",
			}); err != nil {
				return 0, err
			}
		}
		return 1, nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func keyOf(i int) string { return fmt.Sprintf("key_01JZNNCW00%016d", i) }

func (c *counted) use(i int) { c.tally.Count(c.index.DecideDigest(&c.digests[i], 1_800_000_000)) }

func (c *counted) write(_ context.Context, uses []verify.Uses) error {
	for _, u := range uses {
		c.written[u.KeyID] += u.Count
	}
	return nil
}

func (c *counted) flush(t *testing.T) {
	t.Helper()
	if err := c.tally.Flush(t.Context(), c.write); err != nil {
		t.Fatal(err)
	}
}

func TestFewUsesAreCountedOneByOne(t *testing.T) {
	t.Parallel()
	const keys = 5000 // more than a new tally has places for
	c := newCounted(t, keys)
	want := map[string]int64{}
	for round := range 4 {
		var users sync.WaitGroup
		for start := range 4 {
			users.Go(func() {
				for i := start; i < keys; i += 4 {
					for range i % 7 {
						c.use(i)
					}
				}
			})
		}
		users.Wait()
		for i := range keys {
			if i%7 > 0 {
				want[keyOf(i)] += int64(i % 7)
			}
		}
		c.flush(t)
		if diff := cmp.Diff(want, c.written); diff != "" {
			t.Fatalf("round %d (-want +got):\n%s", round, diff)
		}
	}
	c.written = map[string]int64{}
	for range 3 {
		c.flush(t)
	}
	if len(c.written) != 0 {
		t.Errorf("without a use: %v", c.written)
	}
}

func TestManyUsesAreCountedAbout(t *testing.T) {
	t.Parallel()
	c := newCounted(t, 1)
	const rounds, each = 20, 100_000
	for range rounds {
		for range each {
			c.use(0)
		}
		c.flush(t)
	}
	got := float64(c.written[keyOf(0)])
	if off := math.Abs(got/(rounds*each) - 1); off > 0.05 { // seven times the expected error
		t.Errorf("%.0f counted of %d", got, rounds*each)
	}
}

func TestOnlyAllowedUsesAreCounted(t *testing.T) {
	t.Parallel()
	c := newCounted(t, 1)
	stranger := token.Sum("stranger")
	c.tally.Count(c.index.DecideDigest(&stranger, 0))
	d := c.index.DecideDigest(&c.digests[0], 0)
	d.Outcome = verify.Limited
	c.tally.Count(d)
	c.flush(t)
	if len(c.written) != 0 {
		t.Errorf("%v", c.written)
	}
}

func TestFailedWritesAreCountedAgain(t *testing.T) {
	t.Parallel()
	const keys = 1200
	c := newCounted(t, keys)
	for i := range keys {
		c.use(i)
	}
	broken := errors.New("storage is away")
	calls := 0
	flushes := 0
	for c.tally.Flush(t.Context(), func(ctx context.Context, uses []verify.Uses) error {
		if calls++; calls%2 == 1 {
			return broken
		}
		return c.write(ctx, uses)
	}) != nil {
		if flushes++; flushes <= 3 {
			c.use(0)
		}
	}
	c.flush(t)
	total := int64(0)
	for _, n := range c.written {
		total += n
	}
	if want := int64(keys + min(flushes, 3)); len(c.written) != keys || total != want {
		t.Errorf("%d uses of %d keys after %d writes, want %d", total, len(c.written), calls, want)
	}
}

func TestCountDoesNotAllocate(t *testing.T) {
	c := newCounted(t, 100)
	i := 0
	if n := testing.AllocsPerRun(1000, func() { i++; c.use(i % 100) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// BenchmarkTally counts uses of one key by all processors, and of many.
func BenchmarkTally(b *testing.B) {
	for _, keys := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint("keys=", keys), func(b *testing.B) {
			c := newCounted(b, keys)
			decisions := make([]verify.Decision, keys)
			for i := range decisions {
				decisions[i] = c.index.DecideDigest(&c.digests[i], 1_800_000_000)
				c.tally.Count(decisions[i])
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					c.tally.Count(decisions[i%keys])
				}
			})
		})
	}
}
