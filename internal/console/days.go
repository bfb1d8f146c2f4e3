package console

import (
	"fmt"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

// daysChart is how often a key was used on each of the last days.
type daysChart struct {
	Bars  []dayBar
	Total int64
	First string // date
}

type dayBar struct {
	X, Y, Width, Height float64
	Title               string
}

// Any reports whether it was used at all.
func (c daysChart) Any() bool { return c.Total > 0 }

// Sum is the total for people.
func (c daysChart) Sum() string { return plural(int(c.Total), "time") }

func chartDays(days []org.DayUses) daysChart {
	var c daysChart
	var peak int64
	for _, d := range days {
		peak = max(peak, d.Count)
		c.Total += d.Count
	}
	const gap = 0.25 // of a bar
	width := chartWidth / float64(max(len(days), 1))
	for i, d := range days {
		date := time.Unix(d.Day*secondsOfDay, 0).UTC().Format("2 Jan")
		if i == 0 {
			c.First = date
		}
		b := dayBar{X: float64(i) * width, Width: width * (1 - gap), Title: fmt.Sprintf("%s: %s", date, plural(int(d.Count), "use"))}
		if d.Count > 0 {
			b.Height = max(float64(d.Count)/float64(peak)*chartHeight, 2)
		}
		b.Y = chartHeight - b.Height
		c.Bars = append(c.Bars, b)
	}
	return c
}
