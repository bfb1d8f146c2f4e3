package storetest

import (
	"crypto/ed25519"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var trimTests = map[string]func(*testing.T, Open){
	"TrimmedLogVerifies":         trimmedLogVerifies,
	"TrimmedLogIsListed":         trimmedLogIsListed,
	"NothingIsTrimmedTooEarly":   nothingIsTrimmedTooEarly,
	"RestOfATrimmedBlockIsFound": restOfATrimmedBlockIsFound,
}

var auditKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// trim drops events before a second, and returns how often something was.
func (w *world) trim(t *testing.T, before int64) (times int) {
	t.Helper()
	for {
		more, err := w.svc.TrimAudit(t.Context(), before, auditKey)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return times
		}
		times++
	}
}

// first returns the revision of the oldest event that is kept.
func (w *world) firstRevision(t *testing.T) int64 {
	t.Helper()
	for e, err := range w.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		return e.Revision
	}
	return 0
}

// trimmedLogVerifies makes and ends keys, users' projects and limits at random,
// drops what is old in between, and has the log and the rows compared each time.
func trimmedLogVerifies(t *testing.T, open Open) {
	w := newWorld(t, open)
	w.svc.WithCatalogue(oneModel(t))
	random := rand.New(rand.NewPCG(7, 7))
	var keys, projects []string
	for round := range 12 {
		for range 45 {
			w.clock.advance(time.Second)
			switch n := random.IntN(10); {
			case n < 5 || len(keys) == 0:
				keys = append(keys, w.create(t, "key", int64(random.IntN(3)*1000)).ID)
			case n < 8:
				i := random.IntN(len(keys))
				w.remove(t, keys[i])
				keys = append(keys[:i], keys[i+1:]...)
			case n == 8 || len(projects) == 0:
				p, _, err := w.svc.CreateProject(t.Context(), w.owner, org.NewProject{Name: "p"})
				if err != nil {
					t.Fatal(err)
				}
				projects = append(projects, p.ID)
			default:
				id := projects[random.IntN(len(projects))]
				if _, _, err := w.svc.UpdateRateLimit(t.Context(), w.owner, id, "rl-m", map[string]int64{"max_requests_per_1_minute": int64(round)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		before := w.clock.Now().Unix() - 60
		if times := w.trim(t, before); round > 3 && times == 0 && round%2 == 0 {
			t.Errorf("round %d: nothing was dropped", round)
		}
		if _, err := w.Store.(logVerifier).VerifyLog(t.Context(), nil); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	if first := w.firstRevision(t); first < 300 {
		t.Errorf("the log begins at revision %d", first)
	}
}

func oneModel(t *testing.T) org.Catalogue {
	t.Helper()
	c, err := org.NewCatalogue([]org.RateLimit{org.NoLimits("", "m")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// trimmedLogIsListed compares filters with a walk through what is left.
func trimmedLogIsListed(t *testing.T, open Open) {
	w := newWorld(t, open)
	random := rand.New(rand.NewPCG(3, 3))
	w.history(t, random, 300)
	middle := w.clock.Now().Unix()
	w.history(t, random, 150)
	if w.trim(t, middle-10) == 0 {
		t.Fatal("nothing was dropped")
	}
	var all []org.AuditEvent
	for e, err := range w.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := org.DecodeAudit(e.Record)
		if err != nil {
			t.Fatal(err)
		}
		all = append([]org.AuditEvent{decoded}, all...)
	}
	for range 100 {
		w.compareAudit(t, all, randomAuditPage(random, all))
	}
}

func nothingIsTrimmedTooEarly(t *testing.T, open Open) {
	w := newWorld(t, open)
	for range 120 {
		w.clock.advance(time.Second)
		w.create(t, "key", 0)
	}
	start := events(t, w)
	if times := w.trim(t, start[0].At); times != 0 {
		t.Errorf("dropped %d times what is not before the first event", times)
	}
	half := start[len(start)/2].At
	w.trim(t, half)
	first := w.firstRevision(t)
	if first == 1 {
		t.Error("nothing was dropped")
	}
	for _, e := range start {
		if e.Revision < first && e.At >= half {
			t.Errorf("revision %d of second %d was dropped, which is not before %d", e.Revision, e.At, half)
		}
	}
	w.trim(t, 1<<40) // never all
	if head, err := w.Head(t.Context()); err != nil || w.firstRevision(t) > head.Revision || w.firstRevision(t) == 0 {
		t.Errorf("the log is empty: %v", err)
	}
}

// restOfATrimmedBlockIsFound lets a log begin where the one before was dropped.
func restOfATrimmedBlockIsFound(t *testing.T, open Open) {
	w := newWorld(t, open)
	for range 70 {
		w.create(t, "key", 0)
	}
	w.clock.advance(time.Hour)
	w.trim(t, w.clock.Now().Unix())
	key := w.create(t, "after", 0)
	ids, _ := w.audit(t, org.AuditPage{Limit: 1, AuditFilter: org.AuditFilter{Resources: []string{key.ID}}})
	trims, _ := w.audit(t, org.AuditPage{Limit: 10, AuditFilter: org.AuditFilter{Types: []org.EventType{org.EventTrimmed}}})
	if diff := cmp.Diff([]int{1, 1}, []int{len(ids), len(trims)}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
