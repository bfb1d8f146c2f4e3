package limit_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keyreeve/keyreeve/internal/limit"
)

// window is what a rate must be equal to: it remembers every request that was
// let through and lets in one more where, since each of them, no more came than
// there was room for and what has become free meanwhile.
type window struct {
	interval, room int64
	taken          []int64
}

func newWindow(most, period, replicas int64) window {
	interval := (period*replicas + most - 1) / most
	return window{interval: interval, room: max(interval*most/replicas, interval)}
}

func (w *window) fits(now int64) bool {
	for i, at := range w.taken {
		if int64(len(w.taken)-i)+1 > (w.room+now-at)/w.interval {
			return false
		}
	}
	return true
}

// drawShare draws a limit, its period and a number of replicas, and says what
// the share of one of them is.
func drawShare(t *rapid.T) (rate limit.Rate, w window) {
	most := rapid.Int64Range(1, 40).Draw(t, "limit")
	period := time.Duration(rapid.Int64Range(1, 100_000).Draw(t, "period"))
	replicas := rapid.IntRange(1, 5).Draw(t, "replicas")
	return limit.NewRate(most, period, replicas), newWindow(most, int64(period), int64(replicas))
}

func TestRateIsASlidingWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate, reference := drawShare(t)
		var state, now int64
		for range rapid.IntRange(1, 120).Draw(t, "requests") {
			now += rapid.Int64Range(0, 2*reference.interval).Draw(t, "pause")
			want := reference.fits(now)
			next, wait := rate.Next(state, now)
			if (wait == 0) != want {
				t.Fatalf("at %d: wait %d, and the window fits %t", now, wait, want)
			}
			if wait == 0 {
				reference.taken = append(reference.taken, now)
				state = next
				continue
			}
			if next != state {
				t.Fatalf("at %d: a refused request changed the state from %d to %d", now, state, next)
			}
			then := now + int64(wait)
			if _, again := rate.Next(state, then); again != 0 || !reference.fits(then) {
				t.Fatalf("after the wait of %d it must wait %d more", wait, again)
			}
			if _, early := rate.Next(state, then-1); early != 1 || reference.fits(then-1) {
				t.Fatalf("a nanosecond before the wait of %d is over it must wait %d", wait, early)
			}
		}
	})
}

// TestChangedRateLetsNoBurstThrough changes the limit and the number of replicas
// while a cell is in use. What passes after the change is at most a burst of the
// new rate and what becomes free, and a cell that was used up is still.
func TestChangedRateLetsNoBurstThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		period := time.Duration(rapid.Int64Range(1000, 100_000).Draw(t, "period"))
		draw := func(name string) (limit.Rate, window) {
			most := rapid.Int64Range(1, 40).Draw(t, name)
			n := rapid.Int64Range(1, 5).Draw(t, name+" replicas")
			return limit.NewRate(most, period, int(n)), newWindow(most, int64(period), n)
		}
		before, beforeWindow := draw("before")
		after, reference := draw("after")
		var state int64
		now := rapid.Int64Range(0, 1_000_000).Draw(t, "start")
		for {
			next, wait := before.Next(state, now)
			if wait > 0 {
				break
			}
			state = next
		}
		// Less than one request is left of the room that there was.
		left := reference.room*(beforeWindow.interval-1)/beforeWindow.room/reference.interval + 1
		passed := int64(0)
		for range 40 {
			next, wait := after.Next(state, now)
			if wait == 0 {
				state, passed = next, passed+1
			}
		}
		if passed > left {
			t.Fatalf("%d passed a cell that was used up but for %d", passed, left)
		}
		if _, wait := after.Next(state, now); int64(wait) > reference.interval {
			t.Fatalf("it must wait %d, longer than the interval of %d", wait, reference.interval)
		}
	})
}

func TestRateIsNeverAboveItsLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		limit    int64
		period   time.Duration
		replicas int
	}{
		{1, time.Minute, 1},
		{7, time.Minute, 3},
		{500, time.Minute, 1},
		{1_000_000_007, time.Minute, 1},
		{3, 24 * time.Hour, 4},
		{10_000, 24 * time.Hour, 10_000},
	} {
		rate := limit.NewRate(test.limit, test.period, test.replicas)
		// From all used up, so many periods let through so many times the limit.
		const periods = 12
		start := int64(time.Hour)
		var state int64
		for range 100_000 {
			next, wait := rate.Next(state, start)
			if wait > 0 {
				break
			}
			state = next
		}
		end := start + periods*int64(test.period)
		want := periods * test.limit / int64(test.replicas)
		steady := limit.NewRate(test.limit, test.period, test.replicas)
		passed := int64(0)
		for now := start; passed <= want+1 && passed < 100_000; {
			next, wait := steady.Next(state, now)
			if wait > 0 {
				now += int64(wait)
				if now > end {
					break
				}
				continue
			}
			state, passed = next, passed+1
		}
		if passed > want+1 && want < 100_000 { // one of the rounded remainder
			t.Errorf("%+v: %d passed in %d periods, want at most %d", test, passed, periods, want)
		}
	}
}

func TestNoLimitOfZeroLetsAnythingThrough(t *testing.T) {
	t.Parallel()
	for _, rate := range []limit.Rate{{}, limit.NewRate(0, time.Minute, 1), limit.NewRate(-3, time.Minute, 1)} {
		if _, wait := rate.Next(0, int64(time.Hour)); wait <= 0 {
			t.Errorf("%+v let a request through", rate)
		}
	}
}
