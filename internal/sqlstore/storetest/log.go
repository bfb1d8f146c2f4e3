package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var logTests = map[string]func(*testing.T, Open){
	"IDOrderIsCommitOrder":            idOrderIsCommitOrder,
	"ClockSetBackDoesNotTurnTimeBack": clockSetBackDoesNotTurnTimeBack,
	"EventsResumeAfterARevision":      eventsResumeAfterARevision,
	"RecordsAreReadAsTheyWereWritten": recordsAreReadAsTheyWereWritten,
}

func idOrderIsCommitOrder(t *testing.T, open Open) {
	w := newWorld(t, open)
	closures := make([]func(org.Tx) error, 30) // in one millisecond of the test's clock
	for i := range closures {
		closures[i] = w.write("key")
	}
	for _, err := range together(t.Context(), w, closures...) {
		if err != nil {
			t.Fatal(err)
		}
	}
	w.clock.advance(time.Millisecond)
	w.create(t, "later", 0)
	last := ""
	for _, e := range events(t, w) {
		if _, ok := org.ParseID(org.PrefixEvent, e.ID); !ok {
			t.Errorf("%q is no event id", e.ID)
		}
		if e.ID <= last {
			t.Errorf("revision %d has id %s, the one before %s", e.Revision, e.ID, last)
		}
		last = e.ID
	}
}

func clockSetBackDoesNotTurnTimeBack(t *testing.T, open Open) {
	w := newWorld(t, open)
	before := w.create(t, "before", 10)
	w.clock.advance(-time.Hour)
	after := w.create(t, "after", 10)
	if after.CreatedAt != before.CreatedAt || after.ExpiresAt != before.ExpiresAt {
		t.Errorf("created %d, expires %d; the key before has %d, %d", after.CreatedAt, after.ExpiresAt, before.CreatedAt, before.ExpiresAt)
	}
	if after.ID <= before.ID {
		t.Errorf("id %s does not sort behind %s", after.ID, before.ID)
	}
	w.clock.advance(time.Hour + 5*time.Second)
	later := w.create(t, "later", 0)
	if want := before.CreatedAt + 5; later.CreatedAt != want {
		t.Errorf("created at %d, want %d", later.CreatedAt, want)
	}
	for _, key := range []org.AdminAPIKey{before, after, later} {
		id, ok := org.ParseID(org.PrefixKey, key.ID)
		if !ok || int64(id.Time())/1000 != key.CreatedAt {
			t.Errorf("id %s is of %d ms, the key was created at %d", key.ID, id.Time(), key.CreatedAt)
		}
	}
	for _, e := range events(t, w) {
		if id, _ := org.ParseID(org.PrefixEvent, e.ID); int64(id.Time())/1000 != e.At {
			t.Errorf("event %s of %d ms says %d", e.ID, id.Time(), e.At)
		}
	}
}

func eventsResumeAfterARevision(t *testing.T, open Open) {
	w := newWorld(t, open)
	for range 6 { // more than one page of them
		if _, err := w.Update(t.Context(), func(tx org.Tx) error {
			for range 100 {
				tx.Emit(org.Event{Type: org.EventAPIKeyCreated})
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	all := events(t, w)
	for _, after := range []int64{0, 1, 499, 500, 501, int64(len(all)) - 1, int64(len(all)), 9999} {
		var got []int64
		for e, err := range w.Events(t.Context(), after) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Revision)
		}
		var want []int64
		for _, e := range all {
			if e.Revision > after {
				want = append(want, e.Revision)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %d (-want +got):\n%s", after, diff)
		}
	}
	for _, err := range w.Events(t.Context(), 0) {
		if err != nil {
			t.Error(err)
		}
		break // a reader may stop
	}
}

func recordsAreReadAsTheyWereWritten(t *testing.T, open Open) {
	w := newWorld(t, open)
	key := w.create(t, "naïve 🔑 \u2028 'quoted' \"twice\" \\", 60)
	w.remove(t, key.ID)
	all := events(t, w)
	for i, given := range w.commit.all() {
		read, err := org.DecodeRecord(all[i].Record)
		if err != nil {
			t.Fatal(err)
		}
		read.Hash = all[i].Hash // of the chain, not of the record
		if diff := cmp.Diff(given, read); diff != "" {
			t.Errorf("revision %d (-given to OnCommit +read):\n%s", i+1, diff)
		}
	}
	made, gone := all[len(all)-2], all[len(all)-1]
	for _, e := range []org.StoredEvent{made, gone} {
		if e.Resource != key.ID || e.ActorID != w.owner.OwnerID {
			t.Errorf("event %s of %s by %s", e.Type, e.Resource, e.ActorID)
		}
	}
	want := []org.Effect{org.KeyAdded{
		ID: key.ID, Kind: org.KindAdmin, Digest: key.Digest, OwnerType: key.Owner.Type, OwnerID: key.Owner.ID, ExpiresAt: key.ExpiresAt,
	}}
	read, _ := org.DecodeRecord(made.Record)
	if diff := cmp.Diff(want, read.Effects); diff != "" {
		t.Errorf("effects of a creation (-want +got):\n%s", diff)
	}
	read, _ = org.DecodeRecord(gone.Record)
	if diff := cmp.Diff([]org.Effect{org.KeyRemoved{Digest: key.Digest}}, read.Effects); diff != "" {
		t.Errorf("effects of a deletion (-want +got):\n%s", diff)
	}
}
