package verify_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/verify"
)

func TestClockNeverGoesBack(t *testing.T) {
	t.Parallel()
	const start = 1_800_000_000
	type step struct {
		wall    int64 // seconds after start
		elapsed int64 // seconds
		raise   int64 // seconds after start, 0 for none
		want    int64 // seconds after start
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"both clocks run", []step{{0, 0, 0, 0}, {5, 5, 0, 5}, {60, 60, 0, 60}}},
		{"wall set back", []step{{100, 0, 0, 100}, {-3500, 1, 0, 101}, {-3440, 61, 0, 161}}},
		{"wall set forward", []step{{0, 0, 0, 0}, {3600, 1, 0, 3600}, {3610, 11, 0, 3610}}},
		{"wall set forward and back", []step{{0, 0, 0, 0}, {3600, 1, 0, 3600}, {2, 2, 0, 3601}}},
		{"monotonic stands still in sleep", []step{{0, 0, 0, 0}, {28800, 1, 0, 28800}}},
		{"restart with the wall set back", []step{{-7200, 0, 50, 50}, {-7190, 10, 0, 60}}},
		{"raised to the past", []step{{100, 0, 50, 100}, {101, 1, 99, 101}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var at step
			c := verify.NewClockFrom(func() (int64, time.Duration) {
				return (start + at.wall) * 1000, time.Duration(at.elapsed) * time.Second
			})
			for _, at = range tt.steps {
				if at.raise != 0 {
					c.Raise((start + at.raise) * 1000)
				}
				if got := c.Now() - start; got != at.want {
					t.Errorf("wall %+d s, %d s elapsed: %+d s, want %+d s", at.wall, at.elapsed, got, at.want)
				}
			}
		})
	}
}

func TestClockTellsTheSystemsTime(t *testing.T) {
	t.Parallel()
	before := time.Now().Unix()
	got := verify.NewClock().Now()
	if after := time.Now().Unix(); got < before || got > after {
		t.Errorf("%d, want %d to %d", got, before, after)
	}
}

func TestClockOrdersConcurrentReaders(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	c := verify.NewClockFrom(func() (int64, time.Duration) {
		i := n.Add(1)
		return 1_800_000_000_000 + i%7*5000, time.Duration(i) * time.Millisecond
	})
	var wg sync.WaitGroup
	var latest atomic.Int64
	for range 3 {
		wg.Go(func() {
			for range 2000 {
				floor := latest.Load()
				now := c.Now()
				if now < floor {
					t.Errorf("%d after %d had been told", now, floor)
					return
				}
				for old := latest.Load(); old < now && !latest.CompareAndSwap(old, now); old = latest.Load() {
				}
			}
		})
	}
	wg.Wait()
}

func TestClockDoesNotAllocate(t *testing.T) {
	c := verify.NewClock()
	if n := testing.AllocsPerRun(100, func() { c.Now() }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
