package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Limits of several replicas on one database.
const (
	mostDeleteP50 = 3 // times a DELETE on one replica
	mostDeleteP99 = 5
	fleetLease    = 2.0 // s, the default
	leastInFleet  = 0.97
	leastTogether = 0.9
	mostIdle      = 5 // % of a core
)

// replicas is how many a fleet of the figures has.
const replicas = 3

// fleet measures what several replicas cost: against a lone server on a database
// of its own that runs beside them, so that both have the same machine.
func (b *bench) fleet(e *engine) error {
	if e.name != postgres {
		return nil // one server for each database
	}
	lone, err := b.serve(e.newURL("lone"), filepath.Join(b.dir, "lone"))
	if err != nil {
		return err
	}
	url := e.newURL("fleet")
	var all []*server
	for range replicas {
		s, err := b.serve(url, filepath.Join(b.dir, "fleet"))
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	for _, step := range []func(*server, []*server) error{b.fleetDeletes, b.fleetVerifies, b.fleetCreates, b.fleetCutOff} {
		if err := step(lone, all); err != nil {
			return err
		}
	}
	for _, s := range append(all, lone) {
		if err := s.stop(); err != nil {
			return err
		}
	}
	return b.idleReplicas(e)
}

// deletes makes keys and returns the times that one client waits to delete them.
func (s *server) deletes(n int) (result, error) {
	var ids []string
	made := 0
	if _, err := (load{
		address: s.address, clients: manyClients,
		next: func() []byte {
			if made++; made > n {
				return nil
			}
			return s.create()
		},
		got: func(body []byte) { ids = append(ids, idOf(body)) },
	}.run()); err != nil {
		return result{}, err
	}
	return load{
		address: s.address, clients: 1,
		next: func() []byte {
			if len(ids) == 0 {
				return nil
			}
			id := ids[0]
			ids = ids[1:]
			return s.request("DELETE", "/"+id, "")
		},
	}.run()
}

// deletesEach is how many deletions a round has: the p99 is the third longest.
const deletesEach = 300

func (b *bench) fleetDeletes(lone *server, all []*server) error {
	var p50, p99, alone50, alone99 []float64
	for i := range b.rounds + 1 {
		alone, err := lone.deletes(deletesEach)
		if err != nil {
			return err
		}
		fleet, err := all[i%len(all)].deletes(deletesEach)
		if err != nil {
			return err
		}
		if i == 0 {
			continue // warms
		}
		p50, alone50 = append(p50, fleet.percentile(0.5).Seconds()*1e3), append(alone50, alone.percentile(0.5).Seconds()*1e3)
		p99, alone99 = append(p99, fleet.percentile(0.99).Seconds()*1e3), append(alone99, alone.percentile(0.99).Seconds()*1e3)
	}
	b.report.atMost("fleet: p50 of a DELETE with three replicas ÷ with one", mostDeleteP50, ratios(p50, alone50),
		fmt.Sprintf("%.1f ÷ %.1f ms", median(p50), median(alone50)))
	b.report.atMost("fleet: p99 of a DELETE with three replicas ÷ with one", mostDeleteP99, ratios(p99, alone99),
		fmt.Sprintf("%.1f ÷ %.1f ms", median(p99), median(alone99)))
	return nil
}

// fleetVerifies compares the rate of verification, all keys good.
func (b *bench) fleetVerifies(lone *server, all []*server) error {
	sideOf := func(s *server) (*side, keyFile, error) {
		file := keyFile{filepath.Join(b.dir, "key-of-"+filepath.Base(s.address)), len(s.key)}
		return &side{url: "http://" + s.address + authPath, pid: s.cmd.Process.Pid}, file, os.WriteFile(file.name, []byte(s.key), 0o600)
	}
	alone, aloneKey, err := sideOf(lone)
	if err != nil {
		return err
	}
	fleet, fleetKey, err := sideOf(all[0])
	if err != nil {
		return err
	}
	for i := range b.rounds + 1 {
		for _, x := range []struct {
			side *side
			keys keyFile
		}{{alone, aloneKey}, {fleet, fleetKey}} {
			c, err := wrk{url: x.side.url, keys: x.keys, connections: gatewayConnections, time: b.slice}.run()
			if err != nil {
				return err
			}
			if c.refused > 0 {
				return fmt.Errorf("%s refused %d of %d good keys", x.side.url, c.refused, c.requests)
			}
			if i > 0 {
				x.side.rates = append(x.side.rates, c.rate())
			}
		}
	}
	b.report.atLeast("fleet: verifications/s of a replica of three ÷ of a lone server", leastInFleet, ratios(fleet.rates, alone.rates),
		fmt.Sprintf("%.0f ÷ %.0f a second", median(fleet.rates), median(alone.rates)))
	return nil
}

// fleetCreates compares creations through all replicas at once, 64 clients each,
// with those through one of them.
func (b *bench) fleetCreates(_ *server, all []*server) error {
	var others []string
	for _, s := range all[1:] {
		others = append(others, s.address)
	}
	var one, together []float64
	for i := range b.rounds + 1 {
		single, err := load{address: all[0].address, clients: manyClients, time: b.slice, next: always(all[0].create())}.run()
		if err != nil {
			return err
		}
		three, err := load{
			address: all[0].address, others: others, clients: replicas * manyClients, time: b.slice, next: always(all[0].create()),
		}.run()
		if err != nil {
			return err
		}
		if i > 0 {
			one, together = append(one, single.rate()), append(together, three.rate())
		}
	}
	b.report.atLeast("fleet: creates/s through three replicas, 64 clients each ÷ through one of them with 64", leastTogether, ratios(together, one),
		fmt.Sprintf("%.0f ÷ %.0f a second", median(together), median(one)))
	return nil
}

// fleetCutOff times a DELETE while another replica is stopped in its tracks: it
// may still hold a lease, and cannot say that it applied anything.
func (b *bench) fleetCutOff(_ *server, all []*server) error {
	var took []float64
	for range min(b.rounds, 3) {
		var id string
		if _, err := (load{
			address: all[0].address, clients: 1, next: once(all[0].create()), got: func(body []byte) { id = idOf(bytes.Clone(body)) },
		}).run(); err != nil {
			return err
		}
		stopped := all[1].cmd.Process
		if err := stopped.Signal(syscall.SIGSTOP); err != nil {
			return err
		}
		r, err := load{address: all[0].address, clients: 1, next: once(all[0].request("DELETE", "/"+id, ""))}.run()
		if err = errors.Join(err, stopped.Signal(syscall.SIGCONT)); err != nil {
			return err
		}
		took = append(took, r.percentile(1).Seconds())
		time.Sleep(time.Second) // it catches up
	}
	b.report.atMost("fleet: s that a DELETE takes with one of three replicas cut off", fleetLease+1, took, "the lease is 2 s")
	return nil
}

// once returns one request.
func once(request []byte) func() []byte {
	return func() []byte {
		r := request
		request = nil
		return r
	}
}
