package verify

import (
	"context"
	"fmt"
	"time"
)

const (
	// DefaultInterval is how often use times are written, and so the most that
	// a crash loses of them.
	DefaultInterval = 2 * time.Second

	batchSize    = 500             // uses in one write
	finalTimeout = 5 * time.Second // for the flush after stopping
)

// Batcher writes the noted uses of an index to storage.
type Batcher struct {
	index *Index
	buf   []Use
}

// NewBatcher returns a batcher for index. One index has one batcher.
func NewBatcher(index *Index) *Batcher {
	return &Batcher{index: index, buf: make([]Use, 0, batchSize)}
}

// Run calls write every interval until ctx ends, with up to 500 uses at a time
// and as often as there are more. When a write fails, its uses and the rest
// wait for the next interval; write itself logs and counts the failure. Then it
// flushes once more, under a context that is not cancelled but ends after five
// seconds, and returns the error of that.
//
// write must not keep the slice.
func (b *Batcher) Run(ctx context.Context, interval time.Duration, write func(context.Context, []Use) error) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = b.flush(ctx, write) // what failed is queued again
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalTimeout)
			defer cancel()
			if err := b.flush(ctx, write); err != nil {
				return fmt.Errorf("write the last use times: %w", err)
			}
			return nil
		}
	}
}

func (b *Batcher) flush(ctx context.Context, write func(context.Context, []Use) error) error {
	for {
		uses := b.index.DrainUses(b.buf[:0])
		if len(uses) == 0 {
			return nil
		}
		if err := write(ctx, uses); err != nil {
			b.index.Requeue(uses)
			return err
		}
		if len(uses) < cap(b.buf) {
			return nil
		}
	}
}
