package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/api"
)

// clockStep is how far the server's clock may be ahead of ours: it counts in
// milliseconds.
const clockStep = time.Millisecond

// TestExpiryIsExact asks without pause around the end of a key: a request that
// began in or after that second must be refused, one that was answered before
// it must not.
func TestExpiryIsExact(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		key, _ := s.create(t, `{"name":"brief","expires_in_seconds":1}`)
		var accepted int
		for {
			began := time.Now().Unix()
			out := refused(t, s, key.Value)
			ended := time.Now().Add(clockStep).Unix()
			switch {
			case out && ended < *key.ExpiresAt:
				t.Fatal("refused before its time was over")
			case !out && began >= *key.ExpiresAt:
				t.Fatal("accepted after its time was over")
			}
			if out {
				break
			}
			accepted++
		}
		if accepted == 0 {
			t.Log("the machine was too slow to see it accepted")
		}
		read := decode[api.AdminAPIKey](t, s.do(t, request{path: keysPath + "/" + key.ID}))
		if read.ExpiresAt == nil || *read.ExpiresAt != key.CreatedAt+1 {
			t.Errorf("expired, and shown with expires_at %v", read.ExpiresAt)
		}
		s.restart(t)
		if !refused(t, s, key.Value) {
			t.Error("accepted after a restart")
		}
		if a := s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + key.ID}); a.status != http.StatusOK {
			t.Errorf("delete of an expired key: %d %s", a.status, a.body)
		}
	})
}

func TestLastUsedAt(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		key, _ := s.create(t, `{"name":"used"}`)
		lastUsed := func() *int64 {
			t.Helper()
			got := decode[api.AdminAPIKey](t, s.do(t, request{path: keysPath + "/" + key.ID})).LastUsedAt
			listed := decode[api.List[api.AdminAPIKey]](t, s.do(t, request{path: keysPath + "?limit=1&order=desc"})).Data[0].LastUsedAt
			if (got == nil) != (listed == nil) || got != nil && *got != *listed {
				t.Error("the list and the key disagree")
			}
			return got
		}
		if got := lastUsed(); got != nil {
			t.Fatalf("%d before its first use", *got)
		}
		before := time.Now().Unix()
		// A use is a use, also where its request is refused for another reason.
		if a := s.do(t, request{method: http.MethodPost, path: keysPath, key: key.Value, body: "{}"}); a.status != http.StatusBadRequest {
			t.Fatalf("status %d", a.status)
		}
		first := lastUsed()
		if first == nil || *first < before || *first > time.Now().Unix() || *first < key.CreatedAt {
			t.Fatalf("%v after a use at %d", first, before)
		}
		// Within a minute it stays.
		time.Sleep(1100 * time.Millisecond)
		if refused(t, s, key.Value) {
			t.Fatal("refused")
		}
		if again := lastUsed(); again == nil || *again != *first {
			t.Errorf("moved from %d to %v within a minute", *first, again)
		}
		s.restart(t)
		if again := lastUsed(); again == nil || *again != *first {
			t.Errorf("after a restart %v, want %d", again, *first)
		}
	})
}

// TestUseByTheRequestItselfIsShown: a key that reads itself was just used.
func TestUseByTheRequestItselfIsShown(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		key, _ := s.create(t, `{"name":"itself"}`)
		read := decode[api.AdminAPIKey](t, s.do(t, request{path: keysPath + "/" + key.ID, key: key.Value}))
		if read.LastUsedAt == nil || *read.LastUsedAt < key.CreatedAt {
			t.Errorf("last_used_at %v", read.LastUsedAt)
		}
	})
}
