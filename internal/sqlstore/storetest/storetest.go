// Package storetest says what an org.Store must do. Every engine runs it:
//
//	storetest.Run(t, func(t *testing.T, cfg storetest.Config) org.Store { … })
package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

// Config is what a test asks of its store. Zero fields are left to the store.
type Config struct {
	Now      func() time.Time
	OnCommit func([]org.StoredEvent)
}

// Open returns a new store on an empty database of its own, closed with the
// test.
type Open func(t *testing.T, cfg Config) org.Store

// Run runs the suite, all tests in parallel.
func Run(t *testing.T, open Open) {
	for _, group := range []map[string]func(*testing.T, Open){
		updateTests, batchTests, logTests, clockTests, stateTests, bootstrapTests, explainTests, cascadeTests,
		keyTests,
		userTests,
		projectTests,
		projectUserTests,
		projectServiceAccountTests,
		projectAPIKeyTests,
		inviteTests,
		auditTests,
		keyDayTests,
		trimTests,
		sessionTests, userSessionTests, searchTests, findTests,
	} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, open)
			})
		}
	}
}

// world is a store with an organization, and somebody who may do all in it.
type world struct {
	org.Store
	svc    *org.Service
	owner  org.Caller
	first  org.AdminAPIKey // the first admin key
	clock  *clock
	commit *commits
}

func newWorld(t *testing.T, open Open) *world {
	t.Helper()
	w := &world{clock: newClock(), commit: new(commits)}
	w.Store = open(t, Config{Now: w.clock.Now, OnCommit: w.commit.add})
	w.svc = org.NewService(w.Store, rand.Reader, nil)
	made, err := w.svc.Bootstrap(t.Context(), org.Bootstrap{
		OwnerName: "Ada Lovelace", OwnerEmail: "ada@example.com",
		Announce: func(key org.AdminAPIKey, _ token.Secret) error { w.first = key; return nil },
	})
	if err != nil || !made {
		t.Fatalf("Bootstrap = %t, %v", made, err)
	}
	w.owner = org.Caller{
		Admin: true, KeyID: w.first.ID, OwnerType: w.first.Owner.Type, OwnerID: w.first.Owner.ID, Role: w.first.Owner.Role,
		Origin: org.Origin{IP: "192.0.2.7", UserAgent: "storetest"},
	}
	return w
}

// create makes an admin key that lives for the seconds given, 0: for ever.
func (w *world) create(t *testing.T, name string, lifetime int64) org.AdminAPIKey {
	t.Helper()
	in := org.NewAdminAPIKey{Name: name}
	if lifetime != 0 {
		in.ExpiresInSeconds = &lifetime
	}
	key, _, _, err := w.svc.CreateAdminAPIKey(t.Context(), w.owner, in)
	if err != nil {
		t.Fatalf("create %q: %v", name, err)
	}
	return key
}

// recover makes a key as somebody on the host does.
func (w *world) recover(t *testing.T) (made org.AdminAPIKey) {
	t.Helper()
	if err := w.svc.Recover(t.Context(), func(key org.AdminAPIKey, _ token.Secret) error { made = key; return nil }); err != nil {
		t.Fatal(err)
	}
	return made
}

func (w *world) remove(t *testing.T, id string) {
	t.Helper()
	if _, err := w.svc.DeleteAdminAPIKey(t.Context(), w.owner, id); err != nil {
		t.Fatalf("delete %s: %v", id, err)
	}
}

// ids returns the ids of all admin keys, page by page.
func (w *world) ids(t *testing.T, page org.Page) []string {
	t.Helper()
	var ids []string
	for {
		list, err := w.svc.ListAdminAPIKeys(t.Context(), w.owner, page)
		if err != nil {
			t.Fatalf("list %+v: %v", page, err)
		}
		for _, key := range list.Items {
			ids = append(ids, key.ID)
		}
		if !list.HasMore {
			return ids
		}
		page.After = ids[len(ids)-1]
	}
}

// events returns the log, verified.
func events(t *testing.T, s org.Store) []org.StoredEvent {
	t.Helper()
	var all []org.StoredEvent
	for e, err := range s.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	head, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := org.VerifyChain(s.Events(t.Context(), 0), head, nil); err != nil {
		t.Error(err)
	}
	return all
}

// write is a closure that inserts a key of the world's owner, with its event.
func (w *world) write(name string) func(org.Tx) error {
	return func(tx org.Tx) error {
		id, err := tx.NewID(org.PrefixKey)
		if err != nil {
			return err
		}
		err = tx.InsertKey(org.Key{
			ID: id.String(), Kind: org.KindAdmin, Name: name, Redacted: "sk-admin...", CreatedAt: tx.Now(),
			OwnerType: w.owner.OwnerType, OwnerID: w.owner.OwnerID,
		})
		tx.Emit(org.Event{Type: org.EventAPIKeyCreated, Actor: org.Actor{Type: org.ActorHost}, Resource: name})
		return err
	}
}

// names returns the names of the keys, sorted.
func (w *world) names(t *testing.T) []string {
	t.Helper()
	keys, err := w.AdminAPIKeys(t.Context(), org.Page{Limit: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, key := range keys {
		names = append(names, key.Name)
	}
	slices.Sort(names)
	return names
}

// refusal returns err as a Refusal, or fails the test.
func refusal(t *testing.T, err error) *org.Refusal {
	t.Helper()
	var r *org.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("error %v (%T), want a Refusal", err, err)
	}
	return r
}

// clock is a clock that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Unix(1_800_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// commits collects what OnCommit was given.
type commits struct {
	mu      sync.Mutex
	batches [][]org.StoredEvent
}

func (c *commits) add(events []org.StoredEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches = append(c.batches, slices.Clone(events))
}

func (c *commits) all() []org.StoredEvent {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Concat(c.batches...)
}

func (c *commits) last() int64 {
	all := c.all()
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Revision
}

// together runs closures as one batch: they queue while another one holds the
// writer. It returns their results in the order of the closures.
func together(ctx context.Context, s org.Store, closures ...func(org.Tx) error) []error {
	held, release := make(chan struct{}), make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		var once sync.Once
		_, _ = s.Update(ctx, func(org.Tx) error {
			once.Do(func() { close(held) })
			<-release
			return &org.Refusal{Kind: org.Invalid, Message: "it only held the writer"}
		})
	})
	<-held
	errs := make([]error, len(closures))
	for i, fn := range closures {
		running.Go(func() { _, errs[i] = s.Update(ctx, fn) })
		time.Sleep(2 * time.Millisecond) // so that they queue in this order
	}
	time.Sleep(20 * time.Millisecond)
	close(release)
	running.Wait()
	return errs
}
