package verify_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

var errLocked = errors.New("database is locked")

// storage takes what a batcher writes. The lock is for the race detector: a
// bubble's clock orders goroutines, but it does not know that.
type storage struct {
	mu      sync.Mutex
	err     error
	sizes   []int
	written map[string]int64
}

func (s *storage) write(ctx context.Context, uses []verify.Use) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, len(uses))
	if err := cmp.Or(ctx.Err(), s.err); err != nil {
		return err
	}
	for _, u := range uses {
		s.written[u.KeyID] = max(s.written[u.KeyID], u.At)
	}
	return nil
}

func (s *storage) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// batches returns the sizes of the writes that were tried.
func (s *storage) batches() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sizes)
}

// stored returns how many keys have a use written.
func (s *storage) stored() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.written)
}

// batching runs a batcher over n used keys in a bubble of its own.
func batching(t *testing.T, n int, test func(s *storage, stop func() error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := loaded(t)
		var effects []verify.Effect
		for i := range n {
			k := adminKey(scattered(9, i))
			k.ID = keyID(i)
			effects = append(effects, k)
		}
		apply(t, x, effects...)
		for i := range n {
			d := scattered(9, i)
			x.DecideDigest(&d, populationNow)
		}
		s := &storage{written: map[string]int64{}}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- verify.NewBatcher(x).Run(ctx, verify.DefaultInterval, s.write) }()
		stop := func() error {
			cancel()
			return <-ended
		}
		defer cancel()
		test(s, stop)
	})
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestBatcherWritesEveryIntervalInChunks(t *testing.T) {
	t.Parallel()
	batching(t, 1200, func(s *storage, stop func() error) {
		pass(verify.DefaultInterval - time.Millisecond)
		if len(s.batches()) != 0 {
			t.Errorf("wrote %v before the interval was over", s.batches())
		}
		pass(time.Millisecond)
		if diff := gocmp.Diff([]int{500, 500, 200}, s.batches()); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		pass(10 * verify.DefaultInterval)
		if len(s.batches()) != 3 || s.stored() != 1200 {
			t.Errorf("later: batches %v, %d keys stored; want no more batches and 1200", s.batches(), s.stored())
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestBatcherTriesAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	batching(t, 1200, func(s *storage, stop func() error) {
		s.fail(errLocked)
		pass(2 * verify.DefaultInterval)
		if diff := gocmp.Diff([]int{500, 500}, s.batches()); diff != "" {
			t.Errorf("one attempt an interval while it fails (-want +got):\n%s", diff)
		}
		s.fail(nil)
		pass(verify.DefaultInterval)
		if s.stored() != 1200 {
			t.Errorf("%d keys stored, want 1200", s.stored())
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestBatcherFlushesWhenStopped(t *testing.T) {
	t.Parallel()
	batching(t, 1200, func(s *storage, stop func() error) {
		pass(verify.DefaultInterval / 2)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if !slices.Equal(s.batches(), []int{500, 500, 200}) || s.stored() != 1200 {
			t.Errorf("batches %v, %d keys stored; want all 1200", s.batches(), s.stored())
		}
	})
}

func TestBatcherTellsThatTheLastFlushFailed(t *testing.T) {
	t.Parallel()
	batching(t, 1, func(s *storage, stop func() error) {
		s.fail(errLocked)
		if err := stop(); !errors.Is(err, errLocked) {
			t.Errorf("%v, want %v", err, errLocked)
		}
	})
}

func TestBatcherDoesNotWaitForeverWhenStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key, digest := mint(t, token.KindAdmin)
		x := loaded(t, adminKey(digest))
		x.Decide(key, created)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := verify.NewBatcher(x).Run(ctx, time.Second, func(ctx context.Context, _ []verify.Use) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want %v", err, context.DeadlineExceeded)
		}
	})
}
