package limit_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/limit"
)

var catalogue = []limit.Model{
	{Name: "small", Limits: limit.Limits{PerMinute: 6, PerDay: limit.None}},
	{Name: "large", Limits: limit.Limits{PerMinute: 3, PerDay: 5}},
	{Name: "shut", Limits: limit.Limits{PerMinute: 0, PerDay: limit.None}},
	{Name: "free", Limits: limit.Limits{PerMinute: limit.None, PerDay: limit.None}},
}

var unset = limit.Limits{PerMinute: limit.None, PerDay: limit.None}

// passed is how many of so many requests at one moment are let through.
func passed(t *limit.Table, project, model string, requests int, now time.Duration) (n int) {
	for range requests {
		if t.Take(project, model, unset, now) == 0 {
			n++
		}
	}
	return n
}

func TestLimitsOfTheCatalogue(t *testing.T) {
	t.Parallel()
	table := limit.NewTable(catalogue, nil)
	for _, test := range []struct {
		project, model string
		at             time.Duration
		want           int
	}{
		{"p1", "small", time.Hour, 6},
		{"p1", "small", time.Hour + 10*time.Second, 1}, // a sixth of a minute
		{"p2", "small", time.Hour, 6},                  // another project has its own
		{"p1", "large", time.Hour, 3},                  // and another model
		{"p1", "large", time.Hour + time.Minute, 2},    // then the day's are used up
		{"p1", "large", time.Hour + 2*time.Minute, 0},
		{"p1", "shut", time.Hour, 0},
		{"p1", "free", time.Hour, 100},
		{"p1", "unheard of", time.Hour, 100},
	} {
		if got := passed(table, test.project, test.model, 100, test.at); got != test.want {
			t.Errorf("%s, %s at %s: %d let through, want %d", test.project, test.model, test.at, got, test.want)
		}
	}
}

func TestWaitIsUntilBothLimitsAllow(t *testing.T) {
	t.Parallel()
	table := limit.NewTable(catalogue, nil)
	now := time.Hour
	passed(table, "p", "large", 3, now)
	if wait := table.Take("p", "large", unset, now); wait != 20*time.Second {
		t.Errorf("the minute is used up: wait %s, want a third of it", wait)
	}
	now += time.Minute
	passed(table, "p", "large", 2, now)
	wait := table.Take("p", "large", unset, now)
	if early := table.Take("p", "large", unset, now+wait-1); early != 1 {
		t.Errorf("a nanosecond before %s it must wait %s", wait, early)
	}
	if again := table.Take("p", "large", unset, now+wait); again != 0 {
		t.Errorf("after %s it must wait %s more", wait, again)
	}
}

func TestUnknownModelsHaveOneLimitTogether(t *testing.T) {
	t.Parallel()
	table := limit.NewTable(catalogue, &limit.Limits{PerMinute: 10, PerDay: limit.None})
	let := 0
	for i := range 1000 {
		let += passed(table, "p", fmt.Sprint("made up ", i), 1, time.Hour)
	}
	if let != 10 {
		t.Errorf("%d let through, want 10", let)
	}
	if got := passed(table, "p", "small", 100, time.Hour); got != 6 {
		t.Errorf("%d of a model of the catalogue, want its own 6", got)
	}
}

func TestOwnLimits(t *testing.T) {
	t.Parallel()
	table := limit.NewTable(catalogue, &unset)
	passed := func(project, model string, perMinute, perDay int64, now time.Duration) (n int) {
		for range 100 {
			if table.Take(project, model, limit.Limits{PerMinute: perMinute, PerDay: perDay}, now) == 0 {
				n++
			}
		}
		return n
	}
	now := time.Hour
	got := []int{
		passed("p1", "small", 12, limit.None, now),
		passed("p2", "large", limit.None, 1, now), // the minute as in the catalogue
		passed("p3", "small", 0, 0, now),
		passed("p1", "unheard of", 1, 1, now), // has none of its own
	}
	if diff := cmp.Diff([]int{12, 1, 0, 100}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A limit that is raised does not give back what was used.
	if n := passed("p1", "small", 600, limit.None, now); n > 1 {
		t.Errorf("%d let through at once after the limit was raised", n)
	}
	if n := passed("p1", "small", 600, limit.None, now+time.Second); n != 10 {
		t.Errorf("%d let through a second later, want 10", n)
	}
}

func TestShareOfReplicas(t *testing.T) {
	t.Parallel()
	table := limit.NewTable(catalogue, nil)
	table.Share(3)
	if n := passed(table, "p", "small", 100, time.Hour); n != 2 {
		t.Errorf("%d let through by one of three, want 2", n)
	}
	table.Share(1)
	if n := passed(table, "p", "small", 100, time.Hour); n > 1 {
		t.Errorf("%d let through at once when the others were gone", n)
	}
	if n := passed(table, "p", "small", 100, time.Hour+30*time.Second); n < 3 || n > 4 {
		t.Errorf("%d let through half a minute later, want the whole limit's 3", n)
	}
	table.Share(100)
	if n := passed(table, "q", "small", 100, time.Hour); n != 1 {
		t.Errorf("%d let through by one of a hundred, want 1", n)
	}
	if n := passed(table, "q", "small", 100, time.Hour+16*time.Minute); n != 0 {
		t.Errorf("%d let through a sixteenth minute later, want none before 100/6", n)
	}
	if n := passed(table, "q", "small", 100, time.Hour+17*time.Minute); n != 1 {
		t.Errorf("%d let through after 100/6 minutes, want 1", n)
	}
}

func TestTakersAtOnceGetNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	table := limit.NewTable([]limit.Model{{Name: "m", Limits: limit.Limits{PerMinute: 1000, PerDay: 1500}}}, nil)
	var let atomic.Int64
	burst := func(now time.Duration) {
		var takers sync.WaitGroup
		for range 8 {
			takers.Go(func() {
				for range 500 {
					if table.Take("p", "m", unset, now) == 0 {
						let.Add(1)
					}
				}
			})
		}
		for i := range 100 { // others come and go meanwhile
			takers.Go(func() { table.Take(fmt.Sprint("q", i), "m", unset, now) })
		}
		takers.Wait()
	}
	burst(time.Hour)
	if let.Load() != 1000 {
		t.Errorf("%d let through, want 1000", let.Load())
	}
	burst(time.Hour + time.Minute)
	if got := let.Load(); got != 1501 { // a minute of the day gave one back
		t.Errorf("%d let through, want 1501", got)
	}
}

func TestTakeDoesNotAllocate(t *testing.T) {
	table := limit.NewTable(catalogue, &limit.Limits{PerMinute: 10, PerDay: 10})
	hostile := strings.Repeat("x", 1<<14)
	now := time.Hour
	if n := testing.AllocsPerRun(1000, func() {
		now += time.Second
		table.Take("proj_01JQ8ZK3T5V9W2X4Y6A8B0C1D2", "large", unset, now)
		table.Take("proj_01JQ8ZK3T5V9W2X4Y6A8B0C1D2", hostile, unset, now)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkTake(b *testing.B) {
	const projects = 1000
	table := limit.NewTable([]limit.Model{{Name: "gpt-4o-mini", Limits: limit.Limits{PerMinute: 1 << 40, PerDay: 1 << 40}}}, nil)
	names := make([]string, projects)
	for i := range names {
		names[i] = fmt.Sprintf("proj_%026d", i*7919)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		table.Take(names[i%projects], "gpt-4o-mini", unset, time.Duration(i))
	}
}
