package crashtest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// sampled is how many keys that nobody touched since the last check are
// presented again.
const sampled = 20

// check compares a server with what was acknowledged and returns what is wrong.
// What was not acknowledged may have happened or not, but not by half, and is
// settled by what is found.
func (l *ledger) check(t *testing.T, p *process) (problems []string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	listed := map[string]string{}
	for key, err := range p.admin(t).AdminAPIKeys.All(t.Context(), api.AdminAPIKeyListParams{}) {
		if err != nil {
			bad("the list: %v", err)
			return problems
		}
		listed[key.ID] = *key.Name
	}
	l.settleUnanswered(listed, bad)
	for _, k := range l.keys {
		name, there := listed[k.id]
		switch {
		case k.state == live && !there:
			bad("key %s (%s) was acknowledged and is not listed", k.id, k.name)
		case k.state == dead && there:
			bad("key %s (%s) was deleted and is listed again", k.id, k.name)
		case there && name != k.name:
			bad("key %s is called %q, want %q", k.id, name, k.name)
		}
	}
	l.presentAll(t, p, listed, bad)
	l.compareCounts(t, p, len(listed), bad)
	if out, err := p.host.verifyLog(t); err != nil {
		bad("audit verify: %v: %s", err, out)
	}
	return problems
}

// settleUnanswered decides about creations without an answer: what is listed
// exists from now on, and what is not must never appear.
func (l *ledger) settleUnanswered(listed map[string]string, bad func(string, ...any)) {
	for id, name := range listed {
		switch {
		case l.keys[id] != nil || name == "First admin key":
		case l.asked[name]:
			delete(l.asked, name)
			l.keys[id] = &known{id: id, name: name}
		default:
			bad("key %s (%s) is listed and nobody asked for it", id, name)
		}
	}
	clear(l.asked)
}

// presentAll uses the keys that were touched since the last check, and some
// others.
func (l *ledger) presentAll(t *testing.T, p *process, listed map[string]string, bad func(string, ...any)) {
	t.Helper()
	present := l.touched
	for _, id := range slices.Collect(maps.Keys(l.keys))[:min(sampled, len(l.keys))] {
		present = append(present, l.keys[id])
	}
	rand.Shuffle(len(present), func(i, j int) { present[i], present[j] = present[j], present[i] })
	for _, k := range present {
		if k.value == "" {
			continue
		}
		_, there := listed[k.id]
		if k.state == unsure { // it is one or the other, for good
			k.state = dead
			if there {
				k.state = live
			}
		}
		want := refused
		if k.state == live {
			want = accepted
		}
		if got := p.present(t.Context(), t, k); got != want {
			bad("key %s (%s): presented it is %d, want %d", k.id, k.name, got, want)
		}
	}
	l.touched = nil
}

var indexKeys = regexp.MustCompile(`(?m)^keyreeve_index_keys (\d+)$`)

// compareCounts holds the list against the index, which decides, and against
// the log, which says how it came about.
func (l *ledger) compareCounts(t *testing.T, p *process, listed int, bad func(string, ...any)) {
	t.Helper()
	m := indexKeys.FindStringSubmatch(p.get(t, "/metrics"))
	if m == nil || m[1] != strconv.Itoa(listed) {
		bad("%d keys are listed, the index has %v", listed, m)
	}
	created, err := p.host.balance(t.Context())
	if err != nil || created != listed {
		bad("%d keys are listed, the log accounts for %d: %v", listed, created, err)
	}
}

// balance is the number of keys that the log says there are.
func (h *host) balance(ctx context.Context) (n int, err error) {
	store, err := sqlstore.Open(ctx, sqlstore.Config{Database: h.database, Access: sqlstore.ReadOnly})
	if err != nil {
		return 0, err
	}
	defer store.Close()
	for e, err := range store.Events(ctx, 0) {
		switch {
		case err != nil:
			return 0, err
		case e.Type == org.EventAPIKeyCreated:
			n++
		case e.Type == org.EventAPIKeyDeleted:
			n--
		}
	}
	return n, nil
}

// get reads one of the operator's pages.
func (p *process) get(t *testing.T, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(p.url, "/v1")+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
