package console

import (
	"fmt"
	"time"
)

// trafficChart is a bar for each step of time, in units of the picture: it is
// drawn here, so that no script has to.
type trafficChart struct {
	Bars    []bar
	Peak    uint64
	Total   Decisions
	Minutes int
	Step    time.Duration
}

// bar is a stack of three: allowed below, then limited, then refused. Heights
// are from chartHeight.
type bar struct {
	X, Width                float64
	Allowed, Limited, Other segment
	Title                   string
}

// segment is a part of a bar.
type segment struct{ Y, Height float64 }

// The picture's size in its own units.
const (
	chartWidth  = 600.0
	chartHeight = 120.0
)

// Any reports whether anything was decided.
func (c trafficChart) Any() bool { return c.Total.All() > 0 }

// Rate is the decisions a second over the whole time, worded.
func (c trafficChart) Rate() string {
	seconds := float64(len(c.Bars)) * c.Step.Seconds()
	if seconds == 0 {
		return "0"
	}
	switch rate := float64(c.Total.All()) / seconds; {
	case rate >= 10:
		return number(int(rate))
	case rate >= 0.1:
		return fmt.Sprintf("%.1f", rate)
	case rate > 0:
		return "< 0.1"
	default:
		return "0"
	}
}

func chartTraffic(t Traffic) trafficChart {
	c := trafficChart{Step: t.Step, Minutes: int((time.Duration(len(t.Steps)) * t.Step).Minutes())}
	for _, d := range t.Steps {
		c.Peak = max(c.Peak, d.All())
		c.Total.Allowed += d.Allowed
		c.Total.Refused += d.Refused
		c.Total.Limited += d.Limited
		c.Total.Unable += d.Unable
	}
	const gap = 0.25 // of a bar
	width := chartWidth / float64(max(len(t.Steps), 1))
	for i, d := range t.Steps {
		b := bar{X: float64(i) * width, Width: width * (1 - gap)}
		top := chartHeight
		stack := func(n uint64) segment {
			if n == 0 {
				return segment{}
			}
			height := max(float64(n)/float64(max(c.Peak, 1))*chartHeight, 1)
			top -= height
			return segment{top, height}
		}
		b.Allowed, b.Limited, b.Other = stack(d.Allowed), stack(d.Limited), stack(d.Refused+d.Unable)
		b.Title = fmt.Sprintf("%d allowed, %d limited, %d refused", d.Allowed, d.Limited, d.Refused+d.Unable)
		c.Bars = append(c.Bars, b)
	}
	return c
}
