package verify_test

import (
	"fmt"
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

func TestKeysOfAnOwnerInAProjectEndTogether(t *testing.T) {
	t.Parallel()
	x := loaded(t)
	type where struct {
		ownerType      verify.OwnerType
		owner, project string
	}
	add := func(at where) string {
		value, digest := mint(t, token.KindProject)
		key := adminKey(digest)
		key.Kind, key.OwnerType, key.OwnerID, key.ProjectID = token.KindProject, at.ownerType, at.owner, at.project
		apply(t, x, key)
		return value
	}
	gone := where{verify.OwnerUser, "user_1", "proj_1"}
	ended := []string{add(gone), add(gone), add(gone)}
	stay := map[string]string{}
	for _, at := range []where{
		{verify.OwnerUser, "user_1", "proj_2"},
		{verify.OwnerUser, "user_1", ""},
		{verify.OwnerUser, "user_2", "proj_1"},
		{verify.OwnerServiceAccount, "user_1", "proj_1"},
	} {
		stay[fmt.Sprint(at)] = add(at)
	}
	apply(t, x, verify.KeysRemoved{OwnerType: gone.ownerType, OwnerID: gone.owner, ProjectID: gone.project})
	for _, value := range ended {
		if got := x.Decide(value, created).Outcome; got != verify.Unknown {
			t.Errorf("an ended key: %v", got)
		}
	}
	stay["made afterwards"] = add(gone)
	for name, value := range stay {
		if got := x.Decide(value, created).Outcome; got != verify.Allowed {
			t.Errorf("%s: %v", name, got)
		}
	}
	if x.Len() != len(stay) {
		t.Errorf("%d keys, want %d", x.Len(), len(stay))
	}
	// Of nobody and nowhere there are none.
	apply(t, x, verify.KeysRemoved{OwnerType: verify.OwnerUser, OwnerID: "user_9", ProjectID: "proj_1"},
		verify.KeysRemoved{OwnerType: verify.OwnerUser, OwnerID: "user_1", ProjectID: "proj_9"})
	if x.Len() != len(stay) {
		t.Errorf("%d keys, want %d", x.Len(), len(stay))
	}
}

func TestKeysOfRemovedOwnersAreRefusedAndSweptLater(t *testing.T) {
	t.Parallel()
	x := loaded(t)
	value, digest := mint(t, token.KindAdmin)
	other, otherDigest := mint(t, token.KindAdmin)
	otherKey := adminKey(otherDigest)
	otherKey.OwnerID = "user_2"
	apply(t, x, adminKey(digest), otherKey)
	apply(t, x, verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_1", Removed: true})
	if got := x.Decide(value, created).Outcome; got != verify.Revoked || x.Len() != 2 {
		t.Errorf("before the sweep: %v, %d keys", got, x.Len())
	}
	x.Sweep()
	if got := x.Decide(value, created).Outcome; got != verify.Unknown || x.Len() != 1 {
		t.Errorf("after the sweep: %v, %d keys", got, x.Len())
	}
	if got := x.Decide(other, created).Outcome; got != verify.Allowed {
		t.Errorf("another's key: %v", got)
	}
	verify.NewIndex().Sweep() // with nothing loaded
}

func TestMemoryOfSweptKeysIsGivenBack(t *testing.T) {
	t.Parallel()
	x := loaded(t)
	const keys = 20_000
	effects := make([]verify.Effect, 0, keys)
	for i := range keys {
		key := adminKey(token.Sum(fmt.Sprint(i)))
		key.ID = fmt.Sprintf("%s%016d", testKey[:14], i)
		effects = append(effects, key)
	}
	apply(t, x, effects...)
	apply(t, x, verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_1", Removed: true})
	x.Sweep()
	if x.Len() != 0 || x.Slots() > keys/8 {
		t.Errorf("%d keys, room for %d", x.Len(), x.Slots())
	}
}

func TestLimitsAreThoseOfTheProject(t *testing.T) {
	t.Parallel()
	value, digest := mint(t, token.KindProject)
	key := adminKey(digest)
	key.Kind, key.ProjectID = token.KindProject, "proj_1"
	x := loaded(t, key, verify.LimitChanged{ProjectID: "proj_1", Model: "a", RequestsPerMinute: 5, RequestsPerDay: -1},
		verify.LimitChanged{ProjectID: "proj_2", Model: "b", RequestsPerMinute: 6, RequestsPerDay: 7})
	expect := func(model string, want verify.Limit, wantOK bool) {
		t.Helper()
		if got, ok := x.Decide(value, created).Limit(model); got != want || ok != wantOK {
			t.Errorf("%s: %+v, %t", model, got, ok)
		}
	}
	expect("a", verify.Limit{RequestsPerMinute: 5, RequestsPerDay: -1}, true)
	expect("b", verify.Limit{}, false)
	apply(t, x, verify.LimitChanged{ProjectID: "proj_1", Model: "a", RequestsPerMinute: 0, RequestsPerDay: 9},
		verify.LimitChanged{ProjectID: "proj_1", Model: "b", RequestsPerMinute: 1, RequestsPerDay: 2})
	expect("a", verify.Limit{RequestsPerMinute: 0, RequestsPerDay: 9}, true)
	expect("b", verify.Limit{RequestsPerMinute: 1, RequestsPerDay: 2}, true)
	if _, ok := x.Decide("junk", created).Limit("a"); ok {
		t.Error("a limit of no key")
	}
}
