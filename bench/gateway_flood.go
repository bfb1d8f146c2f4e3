package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Limits beside a flood of keys that are well-formed and unknown.
const (
	leastShare = 0.9  // of the rate that good keys' share of the connections would have
	mostGrowth = 1.05 // of what is alive in memory
	mostExtra  = 3    // transactions, by chance of when the server's own fall
)

// flood loads one half of the connections with good keys and the other with
// unknown ones, by two processes, and compares the rate of good answers with the
// same two processes when all keys are good.
func (g *gatewayBench) flood() error {
	for _, listener := range []struct{ name, address string }{{"main", g.server.address}, {"gateway", g.fast}} {
		load := func(keys keyFile) wrk {
			return wrk{url: "http://" + listener.address + authPath, keys: keys, connections: gatewayConnections / 2, time: g.slice}
		}
		var beside, alone, growth []float64
		var first float64
		for i := range g.rounds + 1 {
			calm, _, err := together(load(g.good), load(g.good))
			if err != nil {
				return err
			}
			flooded, junk, err := together(load(g.good), load(g.unknown))
			if err != nil {
				return err
			}
			if flooded.refused > 0 || junk.refused != junk.requests {
				return fmt.Errorf("of good keys %d were refused, of %d unknown ones %d", flooded.refused, junk.requests, junk.refused)
			}
			heap, err := g.heapTarget()
			if err != nil {
				return err
			}
			if i == 0 { // warms
				first = heap
				if _, err := g.settle(); err != nil {
					return err
				}
				continue
			}
			alone, beside = append(alone, calm.rate()), append(beside, flooded.rate())
			growth = append(growth, heap/first)
		}
		m, err := g.server.memory()
		if err != nil {
			return err
		}
		g.report.atLeast("gateway: good requests/s at the "+listener.name+" listener beside as many connections of unknown keys ÷ of good keys",
			leastShare, ratios(beside, alone), fmt.Sprintf("%.0f ÷ %.0f a second", median(beside), median(alone)))
		g.report.atMost("gateway: size that the collector lets the heap reach after the last of those floods ÷ after the first",
			mostGrowth, growth[len(growth)-1:], fmt.Sprintf("%.0f MB after the first; then %.0f MB resident", megabytes(int64(first)), megabytes(m.resident)))
	}
	return nil
}

// heapTarget returns the bytes at which the server's collector runs again: twice of
// what it found alive. Resident memory goes up and down below that.
func (g *gatewayBench) heapTarget() (float64, error) {
	page, err := get("http://" + g.server.address + "/metrics")
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(page, []byte("\ngo_memstats_next_gc_bytes "))
	if !ok {
		return 0, errors.New("/metrics has no go_memstats_next_gc_bytes")
	}
	value, _, _ := bytes.Cut(rest, []byte("\n"))
	return strconv.ParseFloat(string(value), 64)
}

// together runs two loads at the same time.
func together(a, b wrk) (of, ofOther counted, err error) {
	type ended struct {
		counted
		error
	}
	other := make(chan ended)
	go func() {
		c, err := b.run()
		other <- ended{c, err}
	}()
	of, err = a.run()
	o := <-other
	return of, o.counted, errors.Join(err, o.error)
}

// floodDatabase counts PostgreSQL's transactions while nothing comes but unknown
// keys, and for as long while nothing comes at all: then the server only reads
// the head of its log now and then.
func (b *bench) floodDatabase(e *engine) error {
	url := e.newURL("flood")
	p, err := b.mint(100_000) // the database has none of them
	if err != nil {
		return err
	}
	s, err := b.serve(url, b.gatewayDir(e))
	if err != nil {
		return err
	}
	db, err := e.open(url)
	if err != nil {
		return err
	}
	defer db.Close()
	const reported = 2 * time.Second // PostgreSQL's sessions report once a second
	during := func(do func() error) (float64, error) {
		time.Sleep(reported)
		before, err := transactions(db)
		if err != nil {
			return 0, err
		}
		if err := do(); err != nil {
			return 0, err
		}
		time.Sleep(reported)
		after, err := transactions(db)
		return float64(after - before), err
	}
	var extra []float64
	requests := 0
	for range min(b.rounds, 3) {
		flooded, err := during(func() error {
			c, err := wrk{url: "http://" + s.address + authPath, keys: p.all, connections: gatewayConnections, time: b.slice}.run()
			requests += c.requests
			return err
		})
		if err != nil {
			return err
		}
		idle, err := during(func() error { time.Sleep(b.slice); return nil })
		if err != nil {
			return err
		}
		extra = append(extra, flooded-idle)
	}
	b.report.atMost("gateway: transactions of PostgreSQL during a flood of unknown keys − without one", mostExtra, extra,
		count(requests)+" requests in all")
	return s.stop()
}

// transactions is how many have ended in this database, but for that of the
// last question.
func transactions(db *sql.DB) (n int64, err error) {
	const query = `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()`
	err = db.QueryRowContext(context.Background(), query).Scan(&n)
	return n, err
}
