package org_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/keyreeve/keyreeve/internal/org"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sealed returns a good log of n events, and its head.
func sealed(t *testing.T, n int) ([]org.StoredEvent, org.Head) {
	t.Helper()
	var head org.Head
	var log []org.StoredEvent
	for i := range n {
		e := org.Event{
			Type: org.EventAPIKeyCreated, Resource: fmt.Sprintf("key_%d", i), ProjectID: "proj_x",
			Actor:   org.Actor{Type: org.ActorAPIKey, KeyID: "key_a", OwnerType: org.OwnerUser, OwnerID: "user_a", Email: "a@example.com"},
			Data:    map[string]any{"name": "b", "id": "a"},
			Effects: []org.Effect{org.KeyAdded{ID: fmt.Sprintf("key_%d", i), Kind: org.KindAdmin, Digest: [32]byte{byte(i)}}},
		}
		stored, next, err := org.Seal(head, e, fmt.Sprintf("event_%d", i+1), 1_800_000_000+int64(i))
		if err != nil {
			t.Fatal(err)
		}
		log, head = append(log, stored), next
	}
	return log, head
}

func values(log []org.StoredEvent) iter.Seq2[org.StoredEvent, error] {
	return func(yield func(org.StoredEvent, error) bool) {
		for _, e := range log {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// reseal makes the hashes good again from an event on, as somebody would who
// knows how they are made.
func reseal(log []org.StoredEvent, from int) org.Head {
	var head org.Head
	for i := range log {
		if i >= from {
			log[i].Hash = org.ChainHash(head.Hash, log[i].Record)
		}
		head = org.Head{Revision: log[i].Revision, Hash: log[i].Hash}
	}
	return head
}

func TestVerifyChainNamesTheFirstBadEvent(t *testing.T) {
	t.Parallel()
	edit := func(old, new string) func([]org.StoredEvent) []org.StoredEvent {
		return func(log []org.StoredEvent) []org.StoredEvent {
			log[2].Record = []byte(strings.Replace(string(log[2].Record), old, new, 1))
			return log
		}
	}
	column := func(set func(*org.StoredEvent)) func([]org.StoredEvent) []org.StoredEvent {
		return func(log []org.StoredEvent) []org.StoredEvent { set(&log[2]); return log }
	}
	for name, tt := range map[string]struct {
		tamper func([]org.StoredEvent) []org.StoredEvent
		event  string // the first bad one
		at     int64
	}{
		"record altered":        {edit("key_2", "key_9"), "event_3", 3},
		"space in record":       {edit(`,"id"`, `, "id"`), "event_3", 3},
		"record emptied":        {column(func(e *org.StoredEvent) { e.Record = nil }), "event_3", 3},
		"hash altered":          {column(func(e *org.StoredEvent) { e.Hash[31] ^= 1 }), "event_3", 3},
		"id column altered":     {column(func(e *org.StoredEvent) { e.ID = "event_x" }), "event_x", 3},
		"type column altered":   {column(func(e *org.StoredEvent) { e.Type = org.EventAPIKeyDeleted }), "event_3", 3},
		"time column altered":   {column(func(e *org.StoredEvent) { e.At++ }), "event_3", 3},
		"actor column altered":  {column(func(e *org.StoredEvent) { e.ActorID = "user_b" }), "event_3", 3},
		"resource altered":      {column(func(e *org.StoredEvent) { e.Resource = "" }), "event_3", 3},
		"project altered":       {column(func(e *org.StoredEvent) { e.ProjectID = "proj_y" }), "event_3", 3},
		"revision column":       {column(func(e *org.StoredEvent) { e.Revision = 9 }), "event_3", 3},
		"taken from the middle": {func(log []org.StoredEvent) []org.StoredEvent { return slices.Delete(log, 2, 3) }, "event_4", 3},
		"first taken":           {func(log []org.StoredEvent) []org.StoredEvent { return log[1:] }, "event_2", 1},
		"taken and renumbered": {func(log []org.StoredEvent) []org.StoredEvent {
			log = slices.Delete(log, 2, 3)
			log[2].Revision, log[3].Revision = 3, 4
			return log
		}, "event_4", 3},
		"reordered": {func(log []org.StoredEvent) []org.StoredEvent {
			log[2], log[3] = log[3], log[2]
			return log
		}, "event_4", 3},
		"reordered and renumbered": {func(log []org.StoredEvent) []org.StoredEvent {
			log[2], log[3] = log[3], log[2]
			log[2].Revision, log[3].Revision = 3, 4
			return log
		}, "event_4", 3},
		"inserted": {func(log []org.StoredEvent) []org.StoredEvent { return slices.Insert(log, 2, log[1]) }, "event_2", 3},
		"appended": {func(log []org.StoredEvent) []org.StoredEvent { return append(log, log[4]) }, "event_5", 6},
		"tail cut": {func(log []org.StoredEvent) []org.StoredEvent { return log[:3] }, "", 4},
		"emptied":  {func([]org.StoredEvent) []org.StoredEvent { return nil }, "", 1},
		"record of another": {func(log []org.StoredEvent) []org.StoredEvent {
			log[2].Record = log[1].Record
			reseal(log, 2)
			return log
		}, "event_3", 3},
		"record that says nothing": {func(log []org.StoredEvent) []org.StoredEvent {
			log[2].Record = []byte(`{}`)
			reseal(log, 2)
			return log
		}, "event_3", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, head := sealed(t, 5)
			if err := org.VerifyChain(values(log), head, &head); err != nil {
				t.Fatalf("a good log: %v", err)
			}
			err := org.VerifyChain(values(tt.tamper(log)), head, nil)
			var broken *org.ChainError
			if !errors.As(err, &broken) || broken.Event != tt.event || broken.Revision != tt.at {
				t.Errorf("error %v, want it to name %q at revision %d", err, tt.event, tt.at)
			}
		})
	}
}

// Who knows how hashes are made can write a log that is whole in itself. Only
// a position noted elsewhere shows it.
func TestOnlyAnExpectedPositionShowsARewrittenLog(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rewrite func([]org.StoredEvent) ([]org.StoredEvent, org.Head)
		expect  int // position that was noted
		at      int64
	}{
		"tail cut and head put back": {func(log []org.StoredEvent) ([]org.StoredEvent, org.Head) {
			return log[:3], reseal(log[:3], 3)
		}, 5, 4},
		"record rewritten": {func(log []org.StoredEvent) ([]org.StoredEvent, org.Head) {
			log[2].Record = []byte(strings.Replace(string(log[2].Record), "a@example.com", "b@example.com", 1))
			return log, reseal(log, 2)
		}, 4, 4},
		"everything gone": {func([]org.StoredEvent) ([]org.StoredEvent, org.Head) { return nil, org.Head{} }, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, _ := sealed(t, 5)
			noted := log[tt.expect-1]
			log, head := tt.rewrite(slices.Clone(log))
			if err := org.VerifyChain(values(log), head, nil); err != nil {
				t.Errorf("without a noted position: %v", err)
			}
			err := org.VerifyChain(values(log), head, &org.Head{Revision: noted.Revision, Hash: noted.Hash})
			var broken *org.ChainError
			if !errors.As(err, &broken) || broken.Revision != tt.at {
				t.Errorf("error %v, want revision %d", err, tt.at)
			}
		})
	}
}

func TestVerifyChainPassesStorageErrorsOn(t *testing.T) {
	t.Parallel()
	log, head := sealed(t, 3)
	broken := func(yield func(org.StoredEvent, error) bool) {
		_ = yield(log[0], nil) && yield(org.StoredEvent{}, org.ErrUnavailable)
	}
	if err := org.VerifyChain(broken, head, nil); !errors.Is(err, org.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	if err := org.VerifyChain(values(nil), org.Head{}, &org.Head{}); err != nil {
		t.Errorf("an empty log: %v", err)
	}
}

func TestHeadReadsWhatItPrints(t *testing.T) {
	t.Parallel()
	_, head := sealed(t, 2)
	for _, h := range []org.Head{head, {}, {Revision: 1 << 62}} {
		got, err := org.ParseHead(h.String())
		if err != nil || got.Revision != h.Revision || got.Hash != h.Hash {
			t.Errorf("ParseHead(%s) = %v, %v", h, got, err)
		}
	}
	hash := hex.EncodeToString(head.Hash[:])
	for _, text := range []string{"", ":", "2", "2:", hash, "x:" + hash, "-1:" + hash, "2:" + hash + "00", "2:" + hash[1:], "2:x" + hash[1:], "2:" + hash + ":", " 2:" + hash} {
		if _, err := org.ParseHead(text); err == nil || !strings.Contains(err.Error(), "REVISION:HASH") {
			t.Errorf("ParseHead(%q): %v", text, err)
		}
	}
}
