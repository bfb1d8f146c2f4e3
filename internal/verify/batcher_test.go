package verify_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// storage takes what a batcher writes.
type storage struct {
	fail    error
	batches []int // sizes
	stored  map[string]int64
}

func (s *storage) write(ctx context.Context, uses []verify.Use) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.batches = append(s.batches, len(uses))
	if s.fail != nil {
		return s.fail
	}
	for _, u := range uses {
		s.stored[u.KeyID] = max(s.stored[u.KeyID], u.At)
	}
	return nil
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
		s := &storage{stored: map[string]int64{}}
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
		if len(s.batches) != 0 {
			t.Errorf("wrote %v before the interval was over", s.batches)
		}
		pass(time.Millisecond)
		if diff := cmp.Diff([]int{500, 500, 200}, s.batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		pass(10 * verify.DefaultInterval)
		if len(s.batches) != 3 || len(s.stored) != 1200 {
			t.Errorf("later: batches %v, %d keys stored; want no more batches and 1200", s.batches, len(s.stored))
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestBatcherTriesAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	batching(t, 1200, func(s *storage, stop func() error) {
		s.fail = errors.New("database is locked")
		pass(2 * verify.DefaultInterval)
		if diff := cmp.Diff([]int{500, 500}, s.batches); diff != "" {
			t.Errorf("one attempt an interval while it fails (-want +got):\n%s", diff)
		}
		s.fail = nil
		pass(verify.DefaultInterval)
		if len(s.stored) != 1200 {
			t.Errorf("%d keys stored, want 1200", len(s.stored))
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
		if !slices.Equal(s.batches, []int{500, 500, 200}) || len(s.stored) != 1200 {
			t.Errorf("batches %v, %d keys stored; want all 1200", s.batches, len(s.stored))
		}
	})
}

func TestBatcherTellsThatTheLastFlushFailed(t *testing.T) {
	t.Parallel()
	batching(t, 1, func(s *storage, stop func() error) {
		s.fail = errors.New("database is locked")
		if err := stop(); !errors.Is(err, s.fail) {
			t.Errorf("%v, want %v", err, s.fail)
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
