package verify_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

func drain(x *verify.Index) []verify.Use { return x.DrainUses(make([]verify.Use, 0, 100)) }

func TestUseMovesOnceAMinute(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	x := loaded(t, adminKey(digest))
	if at, ok := x.LastUsed(digest); at != 0 || ok {
		t.Fatalf("never used, yet %d, %v", at, ok)
	}
	for _, step := range []struct {
		now, want int64
		noted     bool
	}{
		{created - 500, created, true}, // a clock behind: never before the creation
		{created + 59, created, false},
		{created + 60, created + 60, true},
		{created + 61, created + 60, false},
		{created + 10, created + 60, false}, // never back
		{created + 500, created + 500, true},
	} {
		x.Decide(key, step.now)
		at, ok := x.LastUsed(digest)
		if at != step.want || !ok {
			t.Errorf("used at %d: last use %d, %v; want %d", step.now, at, ok, step.want)
		}
		var want []verify.Use
		if step.noted {
			want = []verify.Use{{KeyID: testKey, At: step.want}}
		}
		if diff := cmp.Diff(want, drain(x), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("used at %d: to write (-want +got):\n%s", step.now, diff)
		}
	}
}

func TestRefusedKeyIsNotUsed(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	k := adminKey(digest)
	k.ExpiresAt = created
	x := loaded(t, k)
	x.Decide(key, created)
	if at, ok := x.LastUsed(digest); ok || len(drain(x)) != 0 {
		t.Errorf("an expired key counts as used at %d", at)
	}
}

func TestUseIsWrittenOnceHoweverOftenItMoves(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	x := loaded(t, adminKey(digest))
	for minute := range int64(10) {
		x.Decide(key, created+60*minute)
	}
	if diff := cmp.Diff([]verify.Use{{KeyID: testKey, At: created + 540}}, drain(x)); diff != "" {
		t.Errorf("to write (-want +got):\n%s", diff)
	}
}

func TestDrainTakesWhatThereIsRoomFor(t *testing.T) {
	t.Parallel()
	x := loaded(t)
	for i := range 7 {
		key, digest := mint(t, token.KindAdmin)
		k := adminKey(digest)
		k.ID = keyID(i)
		apply(t, x, k)
		x.Decide(key, populationNow)
	}
	seen := map[verify.Use]bool{}
	for _, want := range []int{3, 3, 1, 0} {
		uses := x.DrainUses(make([]verify.Use, 1, 4))[1:]
		if len(uses) != want {
			t.Errorf("%d drained, want %d", len(uses), want)
		}
		for _, u := range uses {
			seen[u] = true
		}
	}
	for i := range 7 {
		if !seen[verify.Use{KeyID: keyID(i), At: populationNow}] {
			t.Errorf("%s never came out", keyID(i))
		}
	}
}

func TestRequeuedUsesComeAgain(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	x := loaded(t, adminKey(digest))
	x.Decide(key, created)
	uses := drain(x)
	x.Requeue(uses)
	uses[0] = verify.Use{} // the caller's again
	if diff := cmp.Diff([]verify.Use{{KeyID: testKey, At: created}}, drain(x)); diff != "" {
		t.Errorf("after Requeue (-want +got):\n%s", diff)
	}
	if again := drain(x); len(again) != 0 {
		t.Errorf("came a third time: %v", again)
	}
}

func TestStoredUseIsLoaded(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	k := adminKey(digest)
	k.LastUsed = created + 100
	x := loaded(t, k)
	x.Decide(key, created+159)
	if at, _ := x.LastUsed(digest); at != created+100 || len(drain(x)) != 0 {
		t.Errorf("last use %d, want the stored %d", at, created+100)
	}
}

func TestUseOutlastsChangesOfTheKeyAndReloads(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	x := loaded(t, adminKey(digest))
	x.Decide(key, created+5)
	check := func(when string) {
		t.Helper()
		if at, _ := x.LastUsed(digest); at != created+5 {
			t.Errorf("%s: last use %d, want %d", when, at, created+5)
		}
	}
	k := adminKey(digest)
	k.ExpiresAt = created + 100
	apply(t, x, k)
	check("expiry changed")
	load(t, x, 1, k)
	check("loaded again, before the use was written")
	if diff := cmp.Diff([]verify.Use{{KeyID: testKey, At: created + 5}}, drain(x)); diff != "" {
		t.Errorf("to write (-want +got):\n%s", diff)
	}
	x.Decide(key, created+65)
	if diff := cmp.Diff([]verify.Use{{KeyID: testKey, At: created + 65}}, drain(x)); diff != "" {
		t.Errorf("to write after the next use (-want +got):\n%s", diff)
	}
}
