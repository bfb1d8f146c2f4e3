package org

import (
	"context"
	"fmt"
)

// KeyDays is how many days the daily use of keys is kept for, today included.
const KeyDays = 30

// secondsOfDay is the length of a day.
const secondsOfDay = 24 * 60 * 60

// Day returns the number of the day of a Unix second, in UTC from 1970.
func Day(seconds int64) int64 { return seconds / secondsOfDay }

// KeyUses is how often a key was used, on a day or since the last count.
type KeyUses struct {
	KeyID string
	Count int64
}

// DayUses is how often a key was used on one day.
type DayUses struct {
	Day   int64 // see Day
	Count int64
}

// KeyDayStore keeps how often keys were used. It is not part of the log.
type KeyDayStore interface {
	// CountUses adds uses to a day.
	CountUses(ctx context.Context, day int64, uses []KeyUses) error
	// ForgetUses removes the days before one.
	ForgetUses(ctx context.Context, before int64) error
	// UsesOf returns the days from the first to the last on which a key was
	// used, in order.
	UsesOf(ctx context.Context, keyID string, first, last int64) ([]DayUses, error)
}

// DailyUses returns how often a key was used on each of the last 30 days, the
// oldest first, as it stood at most a minute before now, in Unix seconds. The
// key may be gone.
func (s *Service) DailyUses(ctx context.Context, caller Caller, keyID string, now int64) ([]DayUses, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return nil, err
	}
	today := Day(now)
	first := today - KeyDays + 1
	found, err := s.store.UsesOf(ctx, keyID, first, today)
	if err != nil {
		return nil, fmt.Errorf("read the daily uses of a key: %w", err)
	}
	days := make([]DayUses, KeyDays)
	for i := range days {
		days[i].Day = first + int64(i)
	}
	for _, d := range found {
		days[d.Day-first].Count = d.Count
	}
	return days, nil
}
