package server

import (
	"context"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// countUses writes how often each key was used to the current day until ctx
// ends, and removes the days that nobody asks for any more. What is used within a
// minute of midnight may count for the next day.
func (s *Server) countUses(ctx context.Context) {
	var forgotten int64 // the day on which old days were removed last
	err := s.tally.Run(ctx, verify.TallyInterval, func(ctx context.Context, batch []verify.Uses) error {
		today := org.Day(s.clock.Now())
		rows := make([]org.KeyUses, len(batch))
		for i, u := range batch {
			rows[i] = org.KeyUses(u)
		}
		err := s.store.CountUses(ctx, today, rows)
		if err == nil && today != forgotten {
			forgotten = today
			err = s.store.ForgetUses(ctx, today-org.KeyDays+1)
			if err != nil {
				s.logger.Warn("old daily uses were not removed", "error", err)
			}
			return nil // the uses were written
		}
		if err != nil {
			s.logger.Warn("daily uses wait for storage", "keys", len(rows), "error", err)
		}
		return err
	})
	if err != nil {
		s.logger.Error("the last daily uses were not written", "error", err)
	}
}
