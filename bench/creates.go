package main

import (
	"bytes"
	"fmt"
	"path/filepath"
)

// manyClients is how many clients the limits speak of.
const manyClients = 64

// creates measures durable creates over HTTP: by one client that waits for
// each answer, by 64 of them, and on SQLite the same rows without a server.
func (b *bench) creates(e *engine) error {
	dir := filepath.Join(b.dir, e.name+"-creates")
	s, err := b.serve(e.newURL("creates"), dir)
	if err != nil {
		return err
	}
	create := func(clients int) (result, error) {
		return load{address: s.address, clients: clients, time: b.slice, next: always(s.create())}.run()
	}
	if _, err := create(manyClients); err != nil { // afterwards statements and pages are warm
		return err
	}
	var one, many []float64
	var straight [2][]float64
	var files [2]*direct // that insert events one by one, and together as the server does
	for i, rows := range []int{1, directBatch} {
		if e.name != sqlite {
			break
		}
		if files[i], err = newDirect(s.database, filepath.Join(dir, fmt.Sprintf("direct%d.db", rows)), rows); err != nil {
			return err
		}
		defer files[i].close()
	}
	for range b.rounds {
		alone, err := create(1)
		if err != nil {
			return err
		}
		together, err := create(manyClients)
		if err != nil {
			return err
		}
		one, many = append(one, alone.rate()), append(many, together.rate())
		for i, d := range files {
			if d == nil {
				continue
			}
			rate, err := d.insert()
			if err != nil {
				return err
			}
			straight[i] = append(straight[i], rate)
		}
	}
	limit := map[string]float64{sqlite: 6, postgres: 5}[e.name]
	b.report.atLeast(e.title+": creates/s of 64 clients ÷ of one", limit, ratios(many, one),
		fmt.Sprintf("%.0f ÷ %.0f", median(many), median(one)))
	if e.name == sqlite {
		b.report.atLeast(e.title+": creates/s of 64 clients ÷ the same rows/s without a server", 0.4, ratios(many, straight[0]),
			fmt.Sprintf("%.0f ÷ %.0f; events inserted 64 at a time: ÷ %.0f", median(many), median(straight[0]), median(straight[1])))
	}
	for _, clients := range []int{1, manyClients} {
		if err := b.lifeCycle(e, s, clients); err != nil {
			return err
		}
	}
	return s.stop()
}

// lifeCycle measures creating keys, then reading and deleting the same.
func (b *bench) lifeCycle(e *engine, s *server, clients int) error {
	var ids []string
	r, err := load{
		address: s.address, clients: clients, time: b.slice, next: always(s.create()),
		got: func(body []byte) {
			ids = append(ids, idOf(body))
		},
	}.run()
	if err != nil {
		return err
	}
	b.report.speed(e, "create", clients, r)
	for _, what := range []struct{ name, method string }{{"get", "GET"}, {"delete", "DELETE"}} {
		requests := make(chan []byte, len(ids))
		for _, id := range ids {
			requests <- s.request(what.method, "/"+id, "")
		}
		close(requests)
		r, err := load{
			address: s.address, clients: clients, time: b.slice, next: func() []byte { return <-requests },
		}.run()
		if err != nil {
			return err
		}
		b.report.speed(e, what.name, clients, r)
	}
	r, err = load{address: s.address, clients: clients, time: b.slice, next: always(s.request("GET", "", ""))}.run()
	if err != nil {
		return err
	}
	b.report.speed(e, "list 20", clients, r)
	return nil
}

// idOf cuts the id out of an answer.
func idOf(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"id":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(id)
}
