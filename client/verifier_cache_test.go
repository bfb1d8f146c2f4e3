package client_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// cached returns a verifier with a cache and no network.
func cached(t *testing.T, h http.Handler, ttl time.Duration) (*client.Verifier, *inProcess) {
	t.Helper()
	p := &inProcess{handler: h}
	return verifierAt(t, "http://gateway", client.WithHTTPClient(&http.Client{Transport: p}), client.WithCache(ttl)), p
}

func TestRevokedKeyPassesForAsLongAsTheCacheAndNoLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(true)
		key := g.add(token.KindProject, nil)
		v, asked := cached(t, g.handler, 10*time.Second)
		if got := outcome(t, v, key); got != client.Allowed {
			t.Fatalf("at first: %s", got)
		}
		g.revoke(key)
		time.Sleep(10*time.Second - time.Nanosecond)
		if got := outcome(t, v, key); got != client.Allowed || asked.requests != 1 {
			t.Errorf("just before its time: %s after %d requests", got, asked.requests)
		}
		time.Sleep(time.Nanosecond)
		if got := outcome(t, v, key); got != client.Inactive {
			t.Errorf("after its time: %s", got)
		}
	})
}

func TestCacheCountsFromTheQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(true)
		key := g.add(token.KindProject, nil)
		v, _ := cached(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			g.handler.ServeHTTP(w, r)
			time.Sleep(time.Second) // the answer takes its time
		}), 10*time.Second)
		if got := outcome(t, v, key); got != client.Allowed {
			t.Fatalf("at first: %s", got)
		}
		g.revoke(key)
		time.Sleep(9 * time.Second)
		if got := outcome(t, v, key); got != client.Inactive {
			t.Errorf("10 seconds after the question: %s", got)
		}
	})
}

func TestCacheEndsWithTheKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(true)
		key := g.add(token.KindProject, func(k *verify.KeyAdded) { k.ExpiresAt = time.Now().Unix() + 5 })
		v, _ := cached(t, g.handler, time.Hour)
		for range 5 {
			if got := outcome(t, v, key); got != client.Allowed {
				t.Errorf("while it is good: %s", got)
			}
			time.Sleep(time.Second)
		}
		if got := outcome(t, v, key); got != client.Inactive {
			t.Errorf("in the second of its expiry: %s", got)
		}
	})
}

func TestOnlyGoodKeysAreRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(true)
		v, asked := cached(t, g.handler, time.Hour)
		secret := mint(token.KindProject)
		if got := outcome(t, v, secret.Reveal()); got != client.Inactive {
			t.Fatalf("not yet issued: %s", got)
		}
		g.index.Reset()
		if found, err := v.Verify(t.Context(), secret.Reveal()); err == nil {
			t.Fatalf("the server cannot know: %+v", found)
		}
		g.load()
		g.add(token.KindProject, func(k *verify.KeyAdded) { k.Digest = secret.Digest() })
		if got := outcome(t, v, secret.Reveal()); got != client.Allowed || asked.requests != 3 {
			t.Errorf("issued: %s after %d requests", got, asked.requests)
		}
		// What is remembered outlasts the server, for its time.
		g.index.Reset()
		if got := outcome(t, v, secret.Reveal()); got != client.Allowed {
			t.Errorf("remembered: %s", got)
		}
		time.Sleep(time.Hour)
		found, err := v.Verify(t.Context(), secret.Reveal())
		mustFail(t, found, err, secret.Reveal())
	})
}

func TestCacheTakesTheWholeQuestionIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(true)
		key := g.add(token.KindProject, nil)
		v, _ := cached(t, g.handler, time.Hour)
		for _, tt := range []struct {
			key  string
			kind client.Kind
			want client.Outcome
		}{
			{key, client.KindProject, client.Allowed},
			{key, client.KindAdmin, client.WrongKind},
			{key, client.KindProject, client.Allowed},
			{key[:len(key)-1], client.KindProject, client.Inactive},
			{key + "a", client.KindProject, client.Inactive},
			{key[:20] + "-" + key[21:], client.KindProject, client.Inactive},
		} {
			if got := outcome(t, v, tt.key, tt.kind); got != tt.want {
				t.Errorf("%s of %s: %s, want %s", token.Redact(tt.key), tt.kind, got, tt.want)
			}
		}
	})
}

// TestCacheIsBounded fills it, then counts the requests that the same keys cost
// again: none of them may be remembered beyond the bound.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	const bound, more = 10_000, 100
	v, asked := cached(t, replies(200, "application/json", active), time.Hour)
	keys := make([]string, bound+more)
	for i := range keys {
		keys[i] = mint(token.KindProject).Reveal()
		outcome(t, v, keys[i])
	}
	first := asked.requests
	for _, key := range keys {
		outcome(t, v, key)
	}
	again := asked.requests - first
	if first != bound+more || again < more || again > bound/2 {
		t.Errorf("%d requests for %d keys, then %d", first, len(keys), again)
	}
}
