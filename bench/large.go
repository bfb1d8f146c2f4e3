package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// smallKeys is the size of the database that a large one is compared with.
const smallKeys = 1000

// Limits at a million keys.
const (
	maxPageRatio = 1.25
	maxReady     = 3.0 // seconds
	maxResident  = 350 // MB, of 1 000 000 bytes
)

// large measures what a million keys cost: pages, the start, memory.
func (b *bench) large(e *engine) error {
	began := time.Now()
	smallURL, err := b.seed(e, "small", smallKeys)
	if err != nil {
		return err
	}
	largeURL, err := b.seed(e, "large", b.keys)
	if err != nil {
		return err
	}
	progress("%s: seeded in %s", e.title, time.Since(began).Round(time.Second))

	big, err := b.starts(e, largeURL)
	if err != nil {
		return err
	}
	small, err := b.serve(smallURL, filepath.Join(b.dir, e.name+"-small"))
	if err != nil {
		return err
	}
	if err := b.pages(e, small, big); err != nil {
		return err
	}
	for _, clients := range []int{1, manyClients} {
		r, err := load{address: big.address, clients: clients, time: b.slice, next: always(big.page("asc", b.keys/2))}.run()
		if err != nil {
			return err
		}
		b.report.speed(e, fmt.Sprintf("list 20 of %s", count(b.keys)), clients, r)
	}
	after, err := big.memory()
	if err != nil {
		return err
	}
	b.report.atMost(fmt.Sprintf("%s: MB resident after the pages were read", e.title), maxResident, []float64{megabytes(after.resident)},
		fmt.Sprintf("peak %.0f", megabytes(after.peak)))
	return errors.Join(small.stop(), big.stop())
}

// starts measures from the start of the process to the first ready answer, and
// leaves the last server running.
func (b *bench) starts(e *engine, url string) (s *server, err error) {
	var seconds, resident, peak []float64
	for i := range b.rounds {
		if i > 0 {
			if err := s.stop(); err != nil {
				return nil, err
			}
		}
		if s, err = b.serve(url, filepath.Join(b.dir, e.name+"-large")); err != nil {
			return nil, err
		}
		m, err := s.memory()
		if err != nil {
			return nil, err
		}
		seconds = append(seconds, s.took.Seconds())
		resident = append(resident, megabytes(m.resident))
		peak = append(peak, megabytes(m.peak))
	}
	b.report.atMost(fmt.Sprintf("%s: seconds from start to ready with %s keys", e.title, count(b.keys)), maxReady, seconds,
		fmt.Sprintf("slowest %.2f", slices.Max(seconds)))
	b.report.atMost(fmt.Sprintf("%s: MB resident when ready", e.title), maxResident, resident,
		fmt.Sprintf("peak %.0f", median(peak)))
	return s, nil
}

// page asks for 20 keys, after the seeded key of that number if it is not 0.
func (s *server) page(order string, after int) []byte {
	query := "?limit=20&order=" + order
	if after > 0 {
		query += "&after=" + seededID(after)
	}
	return s.request("GET", query, "")
}

const (
	pagePairs    = 25 // pairs of batches, of which the ratio is taken
	pagesInBatch = 40 // pages of a batch, of which the median is taken
)

// pages compares a page in the large database with one in the small, by one
// client that asks both servers in turn.
func (b *bench) pages(e *engine, small, big *server) error {
	for _, p := range []struct {
		what, order string
		deep        bool
	}{
		{"first page", "asc", false}, {"first page, descending", "desc", false},
		{"page in the middle", "asc", true}, {"page in the middle, descending", "desc", true},
	} {
		after := func(keys int) func(*server) []byte {
			if !p.deep {
				keys = 0
			}
			return func(s *server) []byte { return s.page(p.order, keys/2) }
		}
		times, err := comparePages([2]pageSide{{small, after(smallKeys)}, {big, after(b.keys)}})
		if err != nil {
			return err
		}
		b.report.atMost(fmt.Sprintf("%s: %s with %s keys ÷ with %s", e.title, p.what, count(b.keys), count(smallKeys)),
			maxPageRatio, ratios(times[1], times[0]), fmt.Sprintf("%.0f µs ÷ %.0f µs", median(times[1]), median(times[0])))
	}
	return nil
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }
