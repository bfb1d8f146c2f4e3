package main

import (
	"fmt"
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
			if i > 0 {
				s.rates = append(s.rates, c.rate())
				s.costs = append(s.costs, float64((after-before)/time.Nanosecond)/1e3/float64(c.requests))
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
	return nil
}
