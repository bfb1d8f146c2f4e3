package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Limits of the listeners against the bare handler.
const (
	leastMain = 0.95
	leastFast = 1.5
)

// side is one of the servers that are measured in turn.
type side struct {
	url     string
	pid     int
	refused bool // junk is

	rates []float64 // a second, one of each round
	costs []float64 // µs of the process's processor time for a request
	last  counted
}

// measure loads each side in each round, after a round that warms.
func (g *gatewayBench) measure(keys keyFile, sides ...*side) error {
	for i := range g.rounds + 1 {
		for _, s := range sides {
			before, err := processorTime(s.pid)
			if err != nil {
				return err
			}
			c, err := wrk{url: s.url, keys: keys, connections: gatewayConnections, time: g.slice}.run()
			if err != nil {
				return err
			}
			after, err := processorTime(s.pid)
			if err != nil {
				return err
			}
			if share := float64(c.refused) / float64(c.requests); s.refused != (share > 0.05) || share > 0.15 {
				return fmt.Errorf("%s refused %.1f %% of the requests", s.url, 100*share)
			}
			s.last = c
			if i > 0 {
				s.rates = append(s.rates, c.rate())
				s.costs = append(s.costs, float64((after-before).Microseconds())/float64(c.requests))
			}
		}
		if i == 0 {
			if _, err := g.settle(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *side) detail(than *side) string {
	return fmt.Sprintf("%.0f ÷ %.0f a second; processor time of the process %.1f ÷ %.1f µs a request",
		median(s.rates), median(than.rates), median(s.costs), median(than.costs))
}

// listeners compares both with the bare handler, a tenth of the keys junk.
func (g *gatewayBench) listeners() error {
	main := &side{url: "http://" + g.server.address + authPath, pid: g.server.cmd.Process.Pid, refused: true}
	fast := &side{url: "http://" + g.fast + authPath, pid: main.pid, refused: true}
	plain := &side{url: "http://" + g.bare.address + authPath, pid: g.bare.cmd.Process.Pid}
	if err := g.measure(g.mixed, main, plain, fast); err != nil {
		return err
	}
	g.report.atLeast("gateway: requests/s at the main listener ÷ of a bare net/http handler",
		leastMain, ratios(main.rates, plain.rates), main.detail(plain))
	g.report.atLeast("gateway: requests/s at the gateway listener ÷ of a bare net/http handler",
		leastFast, ratios(fast.rates, plain.rates), fast.detail(plain))
	g.speed("main listener", main.last)
	g.speed("gateway listener", fast.last)
	g.speed("bare net/http handler", plain.last)
	return g.firstUses(main, fast)
}

// firstUses presents all keys: nearly every request is then the first in a
// minute of its key, so that its use has to be written. That takes SQLite as
// long as the request takes the server, and has no limit.
func (g *gatewayBench) firstUses(main, fast *side) error {
	for _, s := range []struct {
		name string
		*side
	}{{"main", main}, {"gateway", fast}} {
		c, err := wrk{url: s.url, keys: g.all, connections: gatewayConnections, time: g.slice}.run()
		if err != nil {
			return err
		}
		took, err := g.settle()
		if err != nil {
			return err
		}
		g.speed(fmt.Sprintf("%s listener, each key for the first time in a minute; all uses written %.1f s later",
			s.name, took.Seconds()), c)
	}
	return nil
}

// settle waits until all uses are written, and returns how long that took.
func (g *gatewayBench) settle() (time.Duration, error) {
	const limit = time.Minute
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		switch page, err := get("http://" + g.server.address + "/metrics"); {
		case err != nil:
			return 0, err
		case bytes.Contains(page, []byte("\nkeyreeve_last_used_backlog 0\n")):
			return time.Since(began), nil
		case time.Since(began) > limit:
			return 0, errors.New("uses were not written within " + limit.String())
		}
	}
}

func get(url string) ([]byte, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

// speed notes a load without a limit.
func (g *gatewayBench) speed(what string, c counted) {
	row := fmt.Sprintf("| SQLite | %s | %d | %.0f | %d | %d |", what, gatewayConnections, c.rate(), c.p50, c.p99)
	progress("%s", row)
	g.report.speeds = append(g.report.speeds, row)
}
