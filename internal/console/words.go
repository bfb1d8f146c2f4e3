package console

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

// moment is a time as a page shows it. A script puts it into the reader's time
// zone; without one it is UTC, and says so.
type moment struct{ At, Now int64 } // Unix seconds

// Is reports whether there is a time at all.
func (m moment) Is() bool { return m.At != 0 }

// Machine is the time for scripts.
func (m moment) Machine() string { return time.Unix(m.At, 0).UTC().Format(time.RFC3339) }

// Exact is the time for people.
func (m moment) Exact() string { return time.Unix(m.At, 0).UTC().Format("2 Jan 2006, 15:04:05 UTC") }

// Day is its date.
func (m moment) Day() string { return time.Unix(m.At, 0).UTC().Format("2 Jan 2006") }

// Past reports whether it is over.
func (m moment) Past() bool { return m.At <= m.Now }

// Relative is the time from now, such as "3 hours ago" and "in 12 days".
func (m moment) Relative() string {
	d := m.Now - m.At
	if d >= -5 && d < 10 {
		return "just now"
	}
	if d < 0 {
		return "in " + span(-d+unit(-d)/2) // rounded: a key for 30 days ends "in 30 days"
	}
	return span(d) + " ago"
}

// units are what times are told in, each from a length on, in seconds.
var units = []struct {
	from, length int64
	name         string
}{
	{2 * 365 * secondsOfDay, 365 * secondsOfDay, "year"},
	{120 * secondsOfDay, 30 * secondsOfDay, "month"},
	{2 * secondsOfDay, secondsOfDay, "day"},
	{60 * 60, 60 * 60, "hour"},
	{60, 60, "minute"},
	{0, 1, "second"},
}

// span words a number of seconds by its largest unit.
func span(seconds int64) string {
	for _, u := range units {
		if seconds >= u.from {
			return plural(int(seconds/u.length), u.name)
		}
	}
	return "no time"
}

// unit is the length of the unit that a number of seconds is told in.
func unit(seconds int64) int64 {
	for _, u := range units {
		if seconds >= u.from {
			return u.length
		}
	}
	return 1
}

// plural returns "1 key" and "2 keys".
func plural(n int, what string) string { return number(n) + " " + noun(n, what) }

// noun returns the word alone.
func noun(n int, what string) string {
	if n == 1 {
		return what
	}
	return what + "s"
}

// number groups the digits of n by thin spaces.
func number(n int) string {
	digits := strconv.Itoa(n)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && digits[i-1] != '-' && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// confirmation words how far a change is in force.
type confirmation struct {
	Revision            int64
	Confirmed, Replicas int
}

func confirmationOf(c org.Commit) confirmation {
	return confirmation{c.Revision, max(c.Confirmed, 1), max(c.Replicas, 1)}
}

// Share is such as 3/3.
func (c confirmation) Share() string { return fmt.Sprintf("%d/%d", c.Confirmed, c.Replicas) }

// Whole reports whether every replica has confirmed it.
func (c confirmation) Whole() bool { return c.Confirmed >= c.Replicas }
