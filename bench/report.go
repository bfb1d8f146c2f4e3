package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// report gathers what a run found.
type report struct {
	facts  [][2]string
	limits []limit
	speeds []string
}

// limit is a figure that must not be missed.
type limit struct {
	what   string
	least  bool // else the most
	limit  float64
	values []float64 // one of each round
	detail string
}

func (l limit) met() bool {
	if l.least {
		return median(l.values) >= l.limit
	}
	return median(l.values) <= l.limit
}

func (r *report) atLeast(what string, least float64, values []float64, detail string) {
	r.add(limit{what, true, least, values, detail})
}

func (r *report) atMost(what string, most float64, values []float64, detail string) {
	r.add(limit{what, false, most, values, detail})
}

func (r *report) add(l limit) {
	progress("%s", l.row())
	r.limits = append(r.limits, l)
}

func (r *report) fact(name, value string) { r.facts = append(r.facts, [2]string{name, value}) }

// speed notes a figure without a limit.
func (r *report) speed(e *engine, what string, clients int, m result) {
	micros := func(p float64) int64 { return m.percentile(p).Round(time.Microsecond).Microseconds() }
	row := fmt.Sprintf("| %s | %s | %d | %.0f | %d | %d |", e.title, what, clients, m.rate(), micros(0.5), micros(0.99))
	progress("%s", row)
	r.speeds = append(r.speeds, row)
}

func (r *report) missed() (n int) {
	for _, l := range r.limits {
		if !l.met() {
			n++
		}
	}
	return n
}

func (l limit) row() string {
	sign, verdict := "≤", "met"
	if l.least {
		sign = "≥"
	}
	if !l.met() {
		verdict = "**missed**"
	}
	spread := ""
	if len(l.values) > 1 {
		spread = number(slices.Min(l.values)) + " to " + number(slices.Max(l.values))
	}
	return fmt.Sprintf("| %s | %s %s | %s | %s | %s | %s |",
		l.what, sign, number(l.limit), number(median(l.values)), spread, l.detail, verdict)
}

// number writes three significant digits.
func number(f float64) string {
	switch {
	case f == float64(int(f)) || f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	default:
		return fmt.Sprintf("%.2f", f)
	}
}

// String is the report as Markdown.
func (r *report) String() string {
	var b strings.Builder
	for _, f := range r.facts {
		fmt.Fprintf(&b, "- %s: %s\n", f[0], f[1])
	}
	b.WriteString("\n| figure | limit | median | of the rounds | detail | |\n|---|---|---|---|---|---|\n")
	for _, l := range r.limits {
		b.WriteString(l.row() + "\n")
	}
	b.WriteString("\nWithout limits, over HTTP on one connection for each client:\n\n" +
		"| database | request | clients | a second | p50, µs | p99, µs |\n|---|---|---|---|---|---|\n")
	for _, s := range r.speeds {
		b.WriteString(s + "\n")
	}
	return b.String()
}

// marker begins the part of a document that update replaces.
const marker = "<!-- Below: the output of make bench, unedited. -->\n"

// update puts the report into a document, in place of an earlier one.
func (r *report) update(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, _, ok := strings.Cut(string(text), marker)
	if !ok {
		return fmt.Errorf("%s has no line %q", file, strings.TrimSpace(marker))
	}
	return os.WriteFile(file, []byte(before+marker+"\n"+r.String()), 0o644)
}
