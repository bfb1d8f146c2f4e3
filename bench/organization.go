package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"
)

// Limits of an organization's figures.
const (
	manyRows       = 100_000 // of each resource, in the large database
	fewRows        = 1000
	cascadeKeys    = 10_000
	maxCascade     = 1.0 // seconds
	maxBeside      = 2.0 // times the p99 of verification without a change
	cascadesEach   = 3   // of each kind, in each round
	besideClients  = 1   // with the server they take one of two cores, a change the other
	maxAuditFilter = 3.0
)

const organizationPath = "/v1/organization"

// organization measures what lies beside admin keys: pages of each resource,
// cascades beside verification, the audit log's filters, and what a gateway
// waits for where a key has a project, an owner and a rate limit.
func (b *bench) organization(e *engine) error {
	small, err := b.seedOrganization(e, "few", fewRows, 0)
	if err != nil {
		return err
	}
	large, err := b.seedOrganization(e, "many", manyRows, b.rounds*cascadesEach)
	if err != nil {
		return err
	}
	if err := b.resourcePages(e, small, large); err != nil {
		return err
	}
	if err := b.cascades(e, large); err != nil {
		return err
	}
	if err := b.auditFilters(e); err != nil {
		return err
	}
	if e.name == sqlite {
		return b.projectKeys(e)
	}
	return nil
}

// resources are the lists that grow with an organization.
var resources = []struct{ name, path, prefix string }{
	{"users", "/users", "user_"},
	{"invites", "/invites", "invite_"},
	{"projects", "/projects", "proj_"},
	{"projects, archived ones too", "/projects?include_archived=true", "proj_"},
	{"project users", "/projects/" + seededProject + "/users", "user_"},
	{"service accounts", "/projects/" + seededProject + "/service_accounts", "sa_"},
	{"project API keys", "/projects/" + seededProject + "/api_keys", "key_"},
}

// resourcePages compares pages of each list, as pages does for admin keys.
func (b *bench) resourcePages(e *engine, smallURL, largeURL string) error {
	small, err := b.serve(smallURL, filepath.Join(b.dir, e.name+"-few"))
	if err != nil {
		return err
	}
	large, err := b.serve(largeURL, filepath.Join(b.dir, e.name+"-many"))
	if err != nil {
		return err
	}
	for _, r := range resources {
		for _, deep := range []bool{false, true} {
			what := map[bool]string{false: "first page", true: "page in the middle"}[deep]
			sides := [2]pageSide{{small, pageOfResource(r.path, r.prefix, fewRows, deep)}, {large, pageOfResource(r.path, r.prefix, manyRows, deep)}}
			times, err := comparePages(sides)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			b.report.atMost(fmt.Sprintf("%s: %s of %s with %s ÷ with %s", e.title, what, r.name, count(manyRows), count(fewRows)),
				maxPageRatio, ratios(times[1], times[0]), fmt.Sprintf("%.0f µs ÷ %.0f µs", median(times[1]), median(times[0])))
		}
	}
	if err := small.stop(); err != nil {
		return err
	}
	return large.stop()
}

func pageOfResource(path, prefix string, rows int, deep bool) func(*server) []byte {
	sign := "?"
	if path[len(path)-1] == 'e' { // it has a query
		sign = "&"
	}
	path = organizationPath + path + sign + "limit=20"
	if deep {
		path += "&after=" + prefix + seededULID(rows/2)
	}
	return func(s *server) []byte { return s.ask("GET", path, "") }
}

// pageSide is one of two servers, and what it is asked for.
type pageSide struct {
	server *server
	page   func(*server) []byte
}

// comparePages asks two servers in turn, by one client, and returns the medians
// of batches in µs.
func comparePages(sides [2]pageSide) (times [2][]float64, err error) {
	for i := range pagePairs + 1 {
		for which, s := range sides {
			requests := make(chan []byte, pagesInBatch)
			for range pagesInBatch {
				requests <- s.page(s.server)
			}
			close(requests)
			r, err := load{address: s.server.address, clients: 1, next: func() []byte { return <-requests }}.run()
			if err != nil {
				return times, err
			}
			if i > 0 { // the first warms
				times[which] = append(times[which], float64(r.percentile(0.5).Microseconds()))
			}
		}
	}
	return times, nil
}

// cascades deletes service accounts and archives projects that have 10 000 keys
// each, one after another, while clients verify other keys.
func (b *bench) cascades(e *engine, url string) error {
	gateways, err := freeAddress()
	if err != nil {
		return err
	}
	s, err := b.serve(url, filepath.Join(b.dir, e.name+"-many"), "--gateway-listen", gateways)
	if err != nil {
		return err
	}
	// The changes come from a thread of their own.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	verification := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n", authPath, s.key)
	beside := func(change func() error) (p99 float64, err error) {
		var ended atomic.Bool
		failed := make(chan error, 1)
		go func() {
			defer ended.Store(true)
			failed <- change()
		}()
		r, err := load{address: gateways, clients: besideClients, next: func() []byte {
			if ended.Load() {
				return nil
			}
			return verification
		}}.run()
		if err != nil {
			return 0, err
		}
		return float64(r.percentile(0.99).Nanoseconds()) / 1000, <-failed
	}
	for _, c := range []struct {
		what          string
		method, after string
		target        func(int) string
	}{
		{"deleting a service account", "DELETE", "", func(i int) string {
			return "/projects/" + cascadeProject(i) + "/service_accounts/sa_" + cascadeULID(i)
		}},
		{"archiving a project", "POST", "/archive", func(i int) string { return "/projects/" + cascadeProject(b.rounds*cascadesEach+i) }},
	} {
		var seconds, idle, meanwhile []float64
		window := b.slice / 4
		for round := range b.rounds {
			quiet, err := beside(func() error { time.Sleep(window); return nil })
			if err != nil {
				return err
			}
			busy, err := beside(func() error {
				rest := time.After(window) // a change of a few ms alone is no sample
				defer func() { <-rest }()
				for i := range cascadesEach {
					began := time.Now()
					if err := s.once(c.method, organizationPath+c.target(round*cascadesEach+i)+c.after); err != nil {
						return err
					}
					seconds = append(seconds, time.Since(began).Seconds())
				}
				return nil
			})
			if err != nil {
				return fmt.Errorf("%s: %w", c.what, err)
			}
			idle, meanwhile = append(idle, quiet), append(meanwhile, busy)
		}
		b.report.atMost(fmt.Sprintf("%s: seconds for %s with %s keys", e.title, c.what, count(cascadeKeys)), maxCascade, seconds, "")
		b.report.atMost(fmt.Sprintf("%s: p99 of verification meanwhile ÷ otherwise, %s", e.title, c.what), maxBeside, ratios(meanwhile, idle),
			fmt.Sprintf("%.0f µs ÷ %.0f µs, %d client", median(meanwhile), median(idle), besideClients))
	}
	return s.stop()
}
