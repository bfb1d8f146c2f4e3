package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var auditTests = map[string]func(*testing.T, Open){
	"AuditFiltersAgreeWithTheLog":    auditFiltersAgreeWithTheLog,
	"AuditEventsAreWhatWasEmitted":   auditEventsAreWhatWasEmitted,
	"AuditPagesGoBothWays":           auditPagesGoBothWays,
	"AuditFilterValuesAreBounded":    auditFilterValuesAreBounded,
	"AuditCursorsOfOtherListsAreBad": auditCursorsOfOtherListsAreBad,
}

// history emits n events of a few actors, types, projects and resources, some
// of which are rare, in transactions of various sizes.
func (w *world) history(t *testing.T, random *rand.Rand, n int) {
	t.Helper()
	pick := func(of ...string) string { return of[min(random.IntN(len(of)), random.IntN(len(of)))] }
	for n > 0 {
		together := min(n, 1+random.IntN(40)*random.IntN(2))
		n -= together
		w.clock.advance(time.Duration(random.IntN(1500)) * time.Millisecond)
		_, err := w.Update(t.Context(), func(tx org.Tx) error {
			for range together {
				actor := org.Actor{Type: org.ActorHost}
				if id := pick("user_a", "user_b", "user_c", ""); id != "" {
					actor = org.Actor{
						Type: org.ActorAPIKey, KeyID: pick("key_1", "key_2") + id, OwnerType: org.OwnerUser, OwnerID: id,
						Email: pick(id, "Shared", "SHARED") + "@example.com",
					}
				}
				tx.Emit(org.Event{
					Type:  org.EventType(pick("api_key.created", "api_key.deleted", "user.added", "rate_limit.updated")),
					Actor: actor, Resource: pick("key_x", "key_y", "key_z", ""), ProjectID: pick("proj_1", "", "proj_2", "proj_3"),
				})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// auditLog reads the whole log without filters, from its newest event.
func (w *world) auditLog(t *testing.T) []org.AuditEvent {
	t.Helper()
	var all []org.AuditEvent
	for _, e := range events(t, w) {
		decoded, err := org.DecodeAudit(e.Record)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, decoded)
	}
	slices.Reverse(all)
	return all
}

// audit returns the ids of a page, and whether more follows.
func (w *world) audit(t *testing.T, page org.AuditPage) ([]string, bool) {
	t.Helper()
	list, err := w.svc.ListAuditLogs(t.Context(), w.owner, page)
	if err != nil {
		t.Fatalf("list %+v: %v", page, err)
	}
	ids := []string{}
	for _, e := range list.Items {
		ids = append(ids, e.ID)
	}
	return ids, list.HasMore
}

// auditFiltersAgreeWithTheLog asks for pages by random filters and cursors, and
// compares each with what a walk through the whole log finds.
func auditFiltersAgreeWithTheLog(t *testing.T, open Open) {
	w := newWorld(t, open)
	random := rand.New(rand.NewPCG(5, 4))
	for range 3 { // more is in the index each time, and something never is
		w.history(t, random, 90)
		all := w.auditLog(t)
		for range 150 {
			w.compareAudit(t, all, randomAuditPage(random, all))
		}
	}
}

func randomAuditPage(random *rand.Rand, all []org.AuditEvent) (p org.AuditPage) {
	some := func(of ...string) (values []string) {
		if random.IntN(3) > 0 {
			return nil
		}
		for range 1 + random.IntN(3) {
			values = append(values, of[random.IntN(len(of))])
		}
		return values
	}
	event := func() org.AuditEvent { return all[random.IntN(len(all))] }
	p.Limit = 1 + random.IntN(30)
	p.Actors = some("user_a", "user_b", "user_c", "key_1user_a", "key_2user_b", "nobody")
	p.Emails = some("USER_A@example.com", "user_c@example.com", "shared@Example.com", "nobody@example.com")
	p.Projects = some("proj_1", "proj_2", "proj_3", "proj_4")
	p.Resources = some("key_x", "key_z", "nothing")
	for _, name := range some("api_key.created", "user.added", "rate_limit.updated", "user.deleted") {
		p.Types = append(p.Types, org.EventType(name))
	}
	if random.IntN(3) == 0 {
		p.From = event().At
	}
	if random.IntN(3) == 0 {
		p.Until = event().At
	}
	if random.IntN(3) == 0 {
		p.After = event().ID
	}
	if random.IntN(3) == 0 {
		p.Before = event().ID
	}
	return p
}

func (w *world) compareAudit(t *testing.T, all []org.AuditEvent, p org.AuditPage) {
	t.Helper()
	want := []string{}
	for _, e := range all {
		if (p.From == 0 || e.At >= p.From) && (p.Until == 0 || e.At < p.Until) &&
			(p.After == "" || e.ID < p.After) && (p.Before == "" || e.ID > p.Before) && p.Matches(e) {
			want = append(want, e.ID)
		}
	}
	more := len(want) > p.Limit
	switch {
	case more && p.Before != "" && p.After == "": // the page next to it
		want = want[len(want)-p.Limit:]
	case more:
		want = want[:p.Limit]
	}
	got, hasMore := w.audit(t, p)
	if diff := cmp.Diff(want, got); diff != "" || hasMore != more {
		t.Errorf("%+v: has more %t, want %t (-want +got):\n%s", p, hasMore, more, diff)
	}
}

func auditEventsAreWhatWasEmitted(t *testing.T, open Open) {
	w := newWorld(t, open)
	key := w.create(t, "x", 0)
	page, err := w.svc.ListAuditLogs(t.Context(), w.owner, org.AuditPage{Limit: 1})
	if err != nil || len(page.Items) != 1 || !page.HasMore {
		t.Fatalf("%+v, %v", page, err)
	}
	got := page.Items[0]
	if got.Data == nil || got.ID == "" {
		t.Errorf("%+v", got)
	}
	want := org.AuditEvent{
		Revision: got.Revision, ID: got.ID, Data: got.Data,
		Type: org.EventAPIKeyCreated, At: key.CreatedAt, Resource: key.ID,
		Actor: org.Actor{
			Type: org.ActorAPIKey, KeyID: w.first.ID, OwnerType: org.OwnerUser, OwnerID: w.first.Owner.ID,
			Email: "ada@example.com", Origin: w.owner.Origin,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	made, err := w.svc.ListAuditLogs(t.Context(), w.owner, org.AuditPage{Limit: 1, AuditFilter: org.AuditFilter{Types: []org.EventType{org.EventProjectCreated}}})
	if err != nil || len(made.Items) != 1 || made.Items[0].ProjectName != "Default project" {
		t.Errorf("the project has no name: %+v, %v", made, err)
	}
}

// auditPagesGoBothWays walks to the end of a filtered list and back again.
func auditPagesGoBothWays(t *testing.T, open Open) {
	w := newWorld(t, open)
	w.history(t, rand.New(rand.NewPCG(1, 2)), 200)
	p := org.AuditPage{Limit: 7, AuditFilter: org.AuditFilter{Actors: []string{"user_a", "user_b"}, Types: []org.EventType{"user.added"}}}
	var pages [][]string
	for {
		ids, more := w.audit(t, p)
		pages = append(pages, ids)
		if !more {
			break
		}
		p.After = ids[len(ids)-1]
	}
	if len(pages) < 3 {
		t.Fatalf("only %d pages", len(pages))
	}
	p.After = ""
	for i := len(pages) - 1; i > 0; i-- {
		p.Before = pages[i][0]
		got, more := w.audit(t, p)
		if diff := cmp.Diff(pages[i-1], got); diff != "" || more != (i > 1) {
			t.Errorf("the page before page %d, has more %t (-want +got):\n%s", i, more, diff)
		}
	}
}

func auditFilterValuesAreBounded(t *testing.T, open Open) {
	w := newWorld(t, open)
	w.history(t, rand.New(rand.NewPCG(1, 2)), 120)
	many := func(prefix, last string, n int) (values []string) {
		for i := range n - 1 {
			values = append(values, fmt.Sprint(prefix, i))
		}
		return append(values, last)
	}
	// More combinations than are looked up together.
	p := org.AuditPage{Limit: 10, AuditFilter: org.AuditFilter{
		Actors: many("user_", "user_a", 50), Projects: many("proj_x", "proj_1", 50), Types: []org.EventType{"api_key.created", "user.added"},
	}}
	w.compareAudit(t, w.auditLog(t), p)
	p.Actors = many("user_", "user_a", 51)
	if _, err := w.svc.ListAuditLogs(t.Context(), w.owner, p); refusal(t, err).Param != "actor_ids" {
		t.Errorf("51 values: %v", err)
	}
}

func auditCursorsOfOtherListsAreBad(t *testing.T, open Open) {
	w := newWorld(t, open)
	for _, p := range []org.AuditPage{{After: w.first.ID}, {Before: w.first.ID}, {Before: "event_x"}} {
		p.Limit = 1
		if _, err := w.svc.ListAuditLogs(t.Context(), w.owner, p); refusal(t, err).Kind != org.Invalid {
			t.Errorf("%+v: %v", p, err)
		}
	}
}
