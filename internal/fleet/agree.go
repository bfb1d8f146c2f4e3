package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/keyreeve/keyreeve/internal/verify"
)

// agree makes sure that the fleet has this replica's terms. While any replica
// lives, others are refused; they can be changed when all are stopped. What
// killed ones left behind is watched until it is certain that they are dead.
func (m *Member) agree(ctx context.Context) error {
	for {
		agreed, err := m.Store.Agree(ctx, m.Terms)
		if err != nil {
			return err
		}
		if agreed == m.Terms {
			return nil
		}
		began := m.Now().Monotonic
		rows, err := m.Store.Rows(ctx)
		if err != nil {
			return err
		}
		alive := m.watch.moved(rows)
		if len(alive) > 0 {
			return fmt.Errorf("%w: replica %s runs with %s, this one has %s: give this one the same, or stop all replicas to change them",
				ErrTerms, alive[0].Address, flags(agreed), flags(m.Terms))
		}
		for _, row := range m.watch.dead(began, m.Now().Monotonic, rows, agreed.Total()) {
			if _, err := m.Store.Remove(ctx, row.ID, row.Beat); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(agreed.Lease / 4):
		}
	}
}

// flags words terms as they are given.
func flags(t verify.Terms) string {
	if t.Grace == 0 {
		return fmt.Sprintf("--lease %s --stale refuse", t.Lease)
	}
	return fmt.Sprintf("--lease %s --stale allow:%s", t.Lease, t.Grace)
}
