package server

import (
	"context"
	"time"

	"github.com/keyreeve/keyreeve/internal/verify"
)

// newClock returns the clock that expiry is judged by. Its monotonic part is
// the system's own, whatever the wall clock.
func newClock(wall func() time.Time) *verify.Clock {
	start := time.Now()
	return verify.NewClockFrom(func() (int64, time.Duration) {
		// In this order: the other way round, a pause between the two would
		// put the clock forward for good.
		ms := wall().UnixMilli()
		return ms, time.Since(start)
	})
}

// now is the time of changes: the wall clock's, or where that was set back the
// one that expiry is judged by. A key made for a minute would else be born
// expired.
func (s *Server) now() time.Time {
	wall, judged := s.cfg.Now(), time.Unix(s.clock.Now(), 0)
	if judged.After(wall) {
		return judged
	}
	return wall
}

// backwardTolerance is how far a clock may be behind the log without a word:
// what clocks of two machines differ by.
const backwardTolerance = 2 * time.Second

// recordInterval is how often the clock's time is kept. A crash loses the time
// since: a key that expired in it, and was neither used nor followed by any
// change, could be revived by setting the clock back while the server is down.
const recordInterval = 30 * time.Second

// recordTime keeps the clock's time until ctx ends, and then once more.
func (s *Server) recordTime(ctx context.Context) {
	tick := time.NewTicker(recordInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if err := s.store.RecordTime(ctx, s.clock.Now()*1000); err != nil {
				s.logger.Warn("the clock's last time was not kept", "error", err)
			}
			return
		case <-tick.C:
			// While storage is away others say so.
			_ = s.store.RecordTime(ctx, s.clock.Now()*1000)
		}
	}
}

// setClock tells the clock the latest time that the database has seen: that of
// the log's head and that which was kept; the index has told it the times of
// use. So a key that had expired stays expired when the wall clock was set back
// while the server was down.
func (s *Server) setClock(ctx context.Context) error {
	head, err := s.store.Head(ctx)
	if err != nil {
		return err
	}
	kept, err := s.store.RecordedTime(ctx)
	if err != nil {
		return err
	}
	s.clock.Raise(max(head.Millis(), kept))
	behind := time.Unix(s.clock.Now(), 0).Sub(s.cfg.Now())
	if behind > backwardTolerance {
		s.logger.Warn("the wall clock is behind the database: expiry is judged by the later time",
			"behind", behind.Round(time.Second))
	}
	return nil
}
