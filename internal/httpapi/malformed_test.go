package httpapi_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/httpapi"
	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/server"
)

// The numbers of requests, each to both engines.
const (
	malformedSoak   = 250_000 // with KEYREEVE_SOAK=1
	malformedRun    = 10_000
	malformedShards = 4 // each with a pair of servers of its own
	malformedHang   = 10 * time.Second
)

// soaking says whether the fault tests run at full length.
func soaking() bool { return os.Getenv("KEYREEVE_SOAK") == "1" }

// comparison sends the same requests to two servers, one at a time.
type comparison struct {
	senders  [2]*sender
	problems []string
	statuses map[string]int
}

func newComparison(tb testing.TB, hang time.Duration, silent []string, addresses ...string) *comparison {
	c := &comparison{statuses: map[string]int{}}
	for i, address := range addresses {
		c.senders[i] = &sender{tb: tb, address: address, silent: silent, hang: hang}
		tb.Cleanup(c.senders[i].close)
	}
	return c
}

// run sends n requests and stops early when it has found enough.
func (c *comparison) run(g *generator, n int) {
	const enough = 10
	for i := range n {
		if len(c.problems) >= enough {
			return
		}
		text := g.request()
		var got [2][]outcome
		for side, s := range c.senders {
			s.problem = func(format string, args ...any) {
				c.report(g, i, text, fmt.Sprintf("server %d: ", side)+fmt.Sprintf(format, args...))
			}
			got[side] = s.send(bytes.Clone(text))
		}
		if diff := cmp.Diff(got[0], got[1], cmp.AllowUnexported(outcome{})); diff != "" {
			c.report(g, i, text, "the servers differ:\n"+diff)
		}
		for _, o := range got[0] {
			status := fmt.Sprint(o.status)
			if o.body == "plain" {
				status += " (net/http)"
			}
			c.statuses[status]++
		}
		if len(got[0]) == 0 {
			c.statuses["incomplete, closed"]++
		}
	}
}

// report keeps a problem with the request that showed it, keys taken out.
func (c *comparison) report(g *generator, i int, text []byte, what string) {
	shown := string(text[:min(len(text), 500)])
	for _, key := range append(g.others, g.key) {
		shown = strings.ReplaceAll(shown, key, "<key>")
	}
	c.problems = append(c.problems, fmt.Sprintf("request %d: %s\n%q", i, what, shown))
}

func TestMalformedRequestsAreAnsweredAlikeOnBothEngines(t *testing.T) {
	t.Parallel()
	n := malformedRun
	if soaking() {
		n = malformedSoak
	}
	var mu sync.Mutex
	statuses := map[string]int{}
	t.Cleanup(func() {
		t.Logf("%d requests to each engine", n)
		for _, status := range slices.Sorted(maps.Keys(statuses)) {
			t.Logf("%8d  %s", statuses[status], status)
		}
	})
	for shard := range malformedShards {
		t.Run(fmt.Sprint("shard ", shard), func(t *testing.T) {
			t.Parallel()
			g := &generator{Rand: rand.New(rand.NewPCG(uint64(shard), 1))}
			var addresses []string
			for _, e := range engines {
				s := newSystem(t, server.Config{Database: e.database(t), NoConsole: true}, g.seed)
				addresses = append(addresses, s.address())
			}
			var silent []string
			for _, key := range append(g.others, g.key) {
				silent = append(silent, randomPart(key))
			}
			c := newComparison(t, malformedHang, silent, addresses...)
			c.run(g, n/malformedShards)
			for _, p := range c.problems {
				t.Error(p)
			}
			mu.Lock()
			defer mu.Unlock()
			for status, count := range c.statuses {
				statuses[status] += count
			}
		})
	}
}

// seed fills a database with what the requests name.
func (g *generator) seed(s *seed) {
	g.key, g.others, g.victims = s.first.value, nil, nil
	for principal, key := range s.principals() {
		if len(key) > len("junk") && principal != "owner" {
			g.others = append(g.others, key)
		}
	}
	slices.Sort(g.others) // out of the map's order
	for i := range 200 {
		g.victims = append(g.victims, s.adminKey(fmt.Sprint("victim ", i)).id)
	}
	projects := place{path: projectsPath}
	for i := range 50 {
		projects.ids = append(projects.ids, s.project(fmt.Sprint("victim ", i)))
	}
	home := s.project("home")
	accounts, keys := place{path: accountsPath(home)}, place{path: projectKeysPath(home)}
	for i := range 50 {
		account := s.account(home, fmt.Sprint("victim ", i))
		accounts.ids = append(accounts.ids, account.ID)
		keys.ids = append(keys.ids, s.keyIn(home, org.KindServiceAccount, account, "victim", 0).id)
	}
	g.places = []place{projects, {usersPath, s.readers(100)}, accounts, keys}
}

// TestMalformedHarnessCatches plants what the harness is there to find.
func TestMalformedHarnessCatches(t *testing.T) {
	t.Parallel()
	good := httpapi.New(httpapi.Config{
		OrganizationID: "org_1", Logger: discard,
		Authenticate: func(string) (org.Caller, httpapi.Verdict) { return org.Caller{}, httpapi.Refused },
	})
	rare := func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "limit=%zz") }
	for name, test := range map[string]struct {
		planted http.HandlerFunc // answers the rare request
		want    string           // nothing where it is empty
	}{
		"nothing": {planted: good.ServeHTTP},
		"a 500": {want: "status 500", planted: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		}},
		"another answer": {want: "the servers differ", planted: func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path, r.Method = "/elsewhere", http.MethodGet
			good.ServeHTTP(w, r)
		}},
		"a cut connection": {want: "has no answer", planted: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		"a hang":           {want: "no answer, and the connection is not closed", planted: func(http.ResponseWriter, *http.Request) { time.Sleep(3 * time.Second) }},
		"plain text":       {want: "against the contract", planted: http.NotFound},
		"a redirect":       {want: "against the contract", planted: http.RedirectHandler("/", http.StatusMovedPermanently).ServeHTTP},
		"a leak": {want: "shows a key's value", planted: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Debug", strings.Join(r.Header["Authorization"], ""))
			good.ServeHTTP(w, r)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if rare(r) {
					test.planted(w, r)
					return
				}
				good.ServeHTTP(w, r)
			})
			servers := [2]*httptest.Server{httptest.NewServer(good), httptest.NewServer(bad)}
			for _, s := range servers {
				s.Config.ErrorLog = quietLog
				t.Cleanup(s.Close)
			}
			const key = "sk-admin-0123456789012345678901234567890123456789012abcdef"
			g := &generator{Rand: rand.New(rand.NewPCG(1, 2)), key: key, others: []string{"sk-x"}, victims: []string{"key_01HF7YAT00DBK7GFTFR50XPYC4"}}
			c := newComparison(t, time.Second, []string{key}, servers[0].Listener.Addr().String(), servers[1].Listener.Addr().String())
			c.run(g, 2000)
			all := strings.Join(c.problems, "\n")
			if test.want == "" && all != "" || !strings.Contains(all, test.want) {
				t.Errorf("found %q, want %q", all, test.want)
			}
		})
	}
}
