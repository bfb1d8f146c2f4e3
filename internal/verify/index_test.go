package verify_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

func TestNothingLoadedIsStale(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	x := verify.NewIndex()
	check := func(when string) {
		t.Helper()
		if got := x.Decide(key, created).Outcome; got != verify.Stale {
			t.Errorf("%s: %v, want stale: a replica that cannot know must not refuse for good", when, got)
		}
		if x.Ready() || x.Revision() != 0 || x.Len() != 0 {
			t.Errorf("%s: Ready %v, Revision %d, Len %d", when, x.Ready(), x.Revision(), x.Len())
		}
		if err := x.Apply(1, nil); !errors.Is(err, verify.ErrGap) {
			t.Errorf("%s: Apply: %v, want ErrGap", when, err)
		}
		if _, ok := x.LastUsed(digest); ok {
			t.Errorf("%s: a use is known", when)
		}
	}
	check("new")
	load(t, x, 7, adminKey(digest))
	if got := x.Decide(key, created).Outcome; got != verify.Allowed || !x.Ready() || x.Revision() != 7 || x.Len() != 1 {
		t.Errorf("loaded: %v, Ready %v, Revision %d, Len %d", got, x.Ready(), x.Revision(), x.Len())
	}
	x.Reset()
	check("reset")
}

func TestApplyDemandsTheNextRevision(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	x := verify.NewIndex()
	load(t, x, 7)
	for _, revision := range []int64{-1, 0, 6, 7, 9} {
		if err := x.Apply(revision, []verify.Effect{adminKey(digest)}); !errors.Is(err, verify.ErrGap) {
			t.Errorf("Apply(%d) after 7: %v, want ErrGap", revision, err)
		}
	}
	if got := x.Decide(key, created).Outcome; got != verify.Unknown || x.Revision() != 7 {
		t.Errorf("after gaps: %v at revision %d, want unknown at 7", got, x.Revision())
	}
	if err := x.Apply(8, []verify.Effect{adminKey(digest)}); err != nil {
		t.Fatal(err)
	}
	if got := x.Decide(key, created).Outcome; got != verify.Allowed || x.Revision() != 8 {
		t.Errorf("applied: %v at revision %d, want allowed at 8", got, x.Revision())
	}
}

func TestSenselessEffectsChangeNothing(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	with := func(change func(*verify.KeyAdded)) verify.Effect {
		k := adminKey(digest)
		change(&k)
		return k
	}
	tests := map[string]verify.Effect{
		"id of another kind":   with(func(k *verify.KeyAdded) { k.ID = "user" + testKey[3:] }),
		"id too short":         with(func(k *verify.KeyAdded) { k.ID = testKey[:29] }),
		"id too long":          with(func(k *verify.KeyAdded) { k.ID = testKey + "0" }),
		"id in lower case":     with(func(k *verify.KeyAdded) { k.ID = strings.ToLower(testKey) }),
		"id past 128 bits":     with(func(k *verify.KeyAdded) { k.ID = "key_8" + testKey[5:] }),
		"no kind":              with(func(k *verify.KeyAdded) { k.Kind = token.KindUnknown }),
		"an invite's token":    with(func(k *verify.KeyAdded) { k.Kind = token.KindInvite }),
		"no such kind":         with(func(k *verify.KeyAdded) { k.Kind = 5 }),
		"no owner":             with(func(k *verify.KeyAdded) { k.OwnerID = "" }),
		"no owner type":        with(func(k *verify.KeyAdded) { k.OwnerType = 0 }),
		"change of no owner":   verify.OwnerChanged{Type: verify.OwnerUser},
		"change of no type":    verify.OwnerChanged{ID: "user_1"},
		"change of no project": verify.ProjectChanged{Archived: true},
	}
	for name, effect := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := loaded(t, adminKey(digest))
			if err := x.Apply(1, []verify.Effect{verify.KeyRemoved{Digest: digest}, effect}); err == nil || errors.Is(err, verify.ErrGap) {
				t.Errorf("Apply: %v, want an error other than ErrGap", err)
			}
			if err := x.Load(snapshot(5, effect)); err == nil {
				t.Error("Load took it")
			}
			swallow := func(add func(verify.Effect) error) (int64, error) {
				_ = add(effect)
				return 5, nil
			}
			if err := x.Load(swallow); err == nil {
				t.Error("Load took it when the snapshot went on after the error")
			}
			if got := x.Decide(key, created).Outcome; got != verify.Allowed || x.Revision() != 0 || x.Len() != 1 {
				t.Errorf("left: %v at revision %d with %d keys, want allowed at 0 with 1", got, x.Revision(), x.Len())
			}
		})
	}
}

func TestFailedLoadKeepsWhatThereWas(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	x := loaded(t, adminKey(digest))
	errRead := errors.New("connection lost")
	err := x.Load(func(func(verify.Effect) error) (int64, error) { return 9, errRead })
	if !errors.Is(err, errRead) {
		t.Errorf("Load: %v, want %v", err, errRead)
	}
	if got := x.Decide(key, created).Outcome; got != verify.Allowed || x.Revision() != 0 {
		t.Errorf("%v at revision %d, want allowed at 0", got, x.Revision())
	}
}

func TestLoadReplacesEverything(t *testing.T) {
	t.Parallel()
	old, oldDigest := mint(t, token.KindAdmin)
	key, digest := mint(t, token.KindAdmin)
	x := loaded(t, adminKey(oldDigest),
		verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_1", Removed: true})
	load(t, x, 3, adminKey(digest))
	if got := x.Decide(old, created).Outcome; got != verify.Unknown {
		t.Errorf("a key of the former snapshot: %v, want unknown", got)
	}
	if got := x.Decide(key, created).Outcome; got != verify.Allowed {
		t.Errorf("a key of the new snapshot: %v, want allowed", got)
	}
}

// TestOwnersEndOneByOne removes some of many owners, and brings one of them back.
func TestOwnersEndOneByOne(t *testing.T) {
	t.Parallel()
	const n = 100
	x := loaded(t)
	keys := make([]string, n)
	owner := func(i int) string { return fmt.Sprintf("user_%d", i) }
	for i := range keys {
		key, digest := mint(t, token.KindProject)
		keys[i] = key
		apply(t, x, verify.KeyAdded{ID: keyID(i), Digest: digest, Kind: token.KindProject, OwnerType: verify.OwnerUser, OwnerID: owner(i), ProjectID: "proj_1"})
	}
	removed := map[int]bool{}
	change := func(i int, gone bool) {
		removed[i] = gone
		apply(t, x, verify.OwnerChanged{Type: verify.OwnerUser, ID: owner(i), Role: "reader", Removed: gone})
	}
	for _, i := range rand.Perm(n)[:n/3] {
		change(i, true)
	}
	change(n-1, true)
	change(n-1, false)
	for i, key := range keys {
		want := verify.Allowed
		if removed[i] {
			want = verify.Revoked
		}
		if got := x.Decide(key, 1).Outcome; got != want {
			t.Errorf("the key of owner %d of %d: %v, want %v", i, n, got, want)
		}
	}
}
