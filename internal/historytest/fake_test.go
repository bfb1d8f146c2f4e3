package historytest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/historytest"
)

// fake is a fleet in this process that does as it should, or not: it shows that
// the clients and the rules together catch what they are for.
type fake struct {
	bug historytest.Rule // empty: none

	mu       sync.Mutex
	revision int64
	ids      []string               // in the order of their creation
	names    map[string]string      // by id
	gone     map[string]bool        // ids
	known    [3]map[string]*verdict // by value, on each replica
}

// verdict of one replica about a key.
type verdict struct {
	live  bool
	asked int // how often since that changed
}

const fakeAdmin = "sk-admin-of-the-fake"

func startFake(t *testing.T, bug historytest.Rule) []*target {
	t.Helper()
	f := &fake{bug: bug, names: map[string]string{}, gone: map[string]bool{}}
	var targets []*target
	for n := range f.known {
		f.known[n] = map[string]*verdict{}
		mux := http.NewServeMux()
		mux.HandleFunc("GET /gateway/auth", func(w http.ResponseWriter, r *http.Request) { f.verify(w, r, n) })
		mux.HandleFunc("POST "+keysPath, f.create)
		mux.HandleFunc("DELETE "+keysPath+"/{id}", func(w http.ResponseWriter, r *http.Request) { f.revoke(w, r.PathValue("id")) })
		mux.HandleFunc("GET "+keysPath, func(w http.ResponseWriter, _ *http.Request) { f.list(w) })
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		tg := &target{place: int8(n)}
		tg.set(server.Listener.Addr().String(), server.Listener.Addr().String())
		targets = append(targets, tg)
	}
	return targets
}

func (f *fake) verify(w http.ResponseWriter, r *http.Request, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.known[n][strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if v == nil || !f.judge(v, n) {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (f *fake) judge(v *verdict, n int) bool {
	v.asked++
	switch {
	case f.bug == historytest.AcceptedAfterRevocation && n == 2:
		return v.live || v.asked < 5
	case f.bug == historytest.CameBack && n == 1:
		return v.live || v.asked == 2 || v.asked == 3
	case f.bug == historytest.LiveRefused && n == 1:
		return v.live && v.asked < 2
	default:
		return v.live
	}
}

func (f *fake) create(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var asked api.AdminAPIKeyCreateRequest
	if err := json.UnmarshalRead(r.Body, &asked); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	f.revision++
	made := api.AdminAPIKeyCreateResponse{Value: fmt.Sprint("sk-", f.revision)}
	made.ID, made.Name = fmt.Sprint("key_", f.revision), &asked.Name
	if f.bug != historytest.CreationLost || f.revision%5 != 0 {
		f.ids = append(f.ids, made.ID)
		f.names[made.ID] = asked.Name
	}
	for n := range f.known {
		f.known[n][made.Value] = &verdict{live: true}
	}
	f.answer(w, f.revision, made)
}

// barrier is how long a revocation takes: time for others to see it, and to
// revoke the same.
const barrier = 10 * time.Millisecond

func (f *fake) revoke(w http.ResponseWriter, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bug == historytest.GoneWhileLive && strings.HasSuffix(id, "3") || f.gone[id] {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	f.gone[id] = f.bug != historytest.RevokedTwice
	f.revision++
	revision := f.revision
	if f.bug != historytest.Undone {
		delete(f.names, id)
	}
	for n := range f.known {
		f.known[n][strings.Replace(id, "key_", "sk-", 1)] = &verdict{}
	}
	f.mu.Unlock()
	time.Sleep(barrier)
	f.mu.Lock()
	f.answer(w, revision, api.AdminAPIKeyDeleted{ID: id, Object: api.ObjectAdminAPIKeyDeleted, Deleted: true})
}

// answer is that of an acknowledged change.
func (f *fake) answer(w http.ResponseWriter, revision int64, body any) {
	if f.bug == historytest.OutOfOrder {
		revision ^= 1
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Keyreeve-Revision", fmt.Sprint(revision))
	w.Header().Set("Keyreeve-Confirmed", "3/3")
	_ = json.MarshalWrite(w, body)
}

func (f *fake) list(w http.ResponseWriter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	page := api.List[api.AdminAPIKey]{Object: "list", Data: []api.AdminAPIKey{}}
	for _, id := range f.ids {
		if name, there := f.names[id]; there {
			page.Data = append(page.Data, api.AdminAPIKey{
				Object: api.ObjectAdminAPIKey, ID: id, Name: &name, RedactedValue: "sk-...", CreatedAt: 1,
				Owner: api.AdminAPIKeyOwner{Type: "user", Object: api.ObjectUser, ID: "user_1", Role: "owner", CreatedAt: 1},
			})
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.MarshalWrite(w, page)
}

// Clients of a fleet with a bug see it, and those of one without see nothing.
func TestClientsCatchAFleetThatMisbehaves(t *testing.T) {
	t.Parallel()
	for _, bug := range []historytest.Rule{
		"", historytest.AcceptedAfterRevocation, historytest.CameBack, historytest.LiveRefused, historytest.GoneWhileLive,
		historytest.RevokedTwice, historytest.CreationLost, historytest.Undone, historytest.OutOfOrder,
	} {
		t.Run(string(bug), func(t *testing.T) {
			t.Parallel()
			// On a busy machine a bug may take longer to show.
			for during := 300 * time.Millisecond; ; during *= 2 {
				operations, broken := misbehave(t, bug, during)
				switch {
				case bug == "" && len(broken) > 0, bug != "" && broken[bug] == 0 && during > 5*time.Second:
					t.Errorf("%d operations break %v", operations, broken)
				case bug != "" && broken[bug] == 0:
					continue
				}
				return
			}
		})
	}
}

// misbehave loads a fleet with a bug for a while and counts what its history breaks.
func misbehave(t *testing.T, bug historytest.Rule, during time.Duration) (operations int, broken map[historytest.Rule]int) {
	t.Helper()
	l := newLoad(t, 1, startFake(t, bug), fakeAdmin)
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	l.start(ctx)()
	h := l.finish(t.Context())
	broken = map[historytest.Rule]int{}
	for _, v := range historytest.Check(h) {
		broken[v.Rule]++
	}
	return len(h.Operations), broken
}
