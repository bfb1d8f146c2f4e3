package storetest

import (
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

var bootstrapTests = map[string]func(*testing.T, Open){
	"BootstrapMakesEverythingOnce":    bootstrapMakesEverythingOnce,
	"ConcurrentBootstrapsMakeOne":     concurrentBootstrapsMakeOne,
	"FailedAnnouncementUndoes":        failedAnnouncementUndoes,
	"RecoverMakesAKeyOfTheFirstOwner": recoverMakesAKeyOfTheFirstOwner,
}

func bootstrapMakesEverythingOnce(t *testing.T, open Open) {
	w := newWorld(t, open)
	made, err := w.svc.Bootstrap(t.Context(), org.Bootstrap{
		OwnerName: "Eve", OwnerEmail: "eve@example.com",
		Announce: func(org.AdminAPIKey, token.Secret) error { t.Error("a second key was announced"); return nil },
	})
	if made || err != nil {
		t.Errorf("again: %t, %v", made, err)
	}
	o, err := w.Organization(t.Context())
	if _, ok := org.ParseID(org.PrefixOrganization, o.ID); !ok || err != nil || o.CreatedAt != w.clock.Now().Unix() {
		t.Errorf("organization %+v, %v", o, err)
	}
	var types []org.EventType
	for _, e := range events(t, w) {
		types = append(types, e.Type)
	}
	want := []org.EventType{org.EventBootstrapped, org.EventProjectCreated, org.EventUserAdded, org.EventAPIKeyCreated}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func concurrentBootstrapsMakeOne(t *testing.T, open Open) {
	s := open(t, Config{})
	if _, err := s.Organization(t.Context()); refusal(t, err).Kind != org.NotFound {
		t.Errorf("organization of an empty database: %v", err)
	}
	var made, announced atomic.Int32
	var callers sync.WaitGroup
	for range 10 {
		callers.Go(func() {
			ok, err := org.NewService(s, rand.Reader, nil).Bootstrap(t.Context(), org.Bootstrap{
				OwnerName: "Ada", OwnerEmail: "ada@example.com",
				Announce: func(org.AdminAPIKey, token.Secret) error { announced.Add(1); return nil },
			})
			if err != nil {
				t.Error(err)
			}
			if ok {
				made.Add(1)
			}
		})
	}
	callers.Wait()
	if made.Load() != 1 || announced.Load() != 1 {
		t.Errorf("%d made one, %d announced one", made.Load(), announced.Load())
	}
	if got := len(events(t, s)); got != 4 {
		t.Errorf("%d events", got)
	}
}

func failedAnnouncementUndoes(t *testing.T, open Open) {
	s := open(t, Config{})
	svc := org.NewService(s, rand.Reader, nil)
	b := org.Bootstrap{OwnerName: "Ada", OwnerEmail: "ada@example.com", Announce: func(org.AdminAPIKey, token.Secret) error { return errOwn }}
	if made, err := svc.Bootstrap(t.Context(), b); made || !errors.Is(err, errOwn) || errors.Is(err, org.ErrUnavailable) {
		t.Errorf("Bootstrap = %t, %v", made, err)
	}
	if got := events(t, s); len(got) != 0 {
		t.Errorf("events %+v", got)
	}
	err := svc.Recover(t.Context(), func(org.AdminAPIKey, token.Secret) error { t.Error("announced"); return nil })
	if r := refusal(t, err); r.Kind != org.NotFound {
		t.Errorf("recover without an organization: %+v", r)
	}
	b.Announce = func(org.AdminAPIKey, token.Secret) error { return nil }
	if made, err := svc.Bootstrap(t.Context(), b); !made || err != nil {
		t.Errorf("another Bootstrap = %t, %v", made, err)
	}
}

func recoverMakesAKeyOfTheFirstOwner(t *testing.T, open Open) {
	w := newWorld(t, open)
	if err := w.svc.Recover(t.Context(), func(org.AdminAPIKey, token.Secret) error { return errOwn }); !errors.Is(err, errOwn) {
		t.Errorf("failed announcement: %v", err)
	}
	var shown org.AdminAPIKey
	var secret token.Secret
	if err := w.svc.Recover(t.Context(), func(key org.AdminAPIKey, s token.Secret) error {
		shown, secret = key, s
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	got, err := w.svc.GetAdminAPIKey(t.Context(), w.owner, shown.ID)
	if diff := cmp.Diff(shown, got); diff != "" || err != nil {
		t.Errorf("read: %v (-shown +got):\n%s", err, diff)
	}
	if got.Digest != secret.Digest() || got.Owner != w.first.Owner {
		t.Errorf("key %+v", got)
	}
	all := events(t, w)
	if last := all[len(all)-1]; len(all) != 6 || last.Type != org.EventRecovered || last.Resource != got.ID {
		t.Errorf("%d events, the last %+v", len(all), last)
	}
}
