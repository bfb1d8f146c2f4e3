package org_test

import (
	"context"
	"crypto/rand"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

// slowKeys is a store in which a deep search takes as long as its test wants.
type slowKeys struct {
	org.Store
	named int           // keys whose name begins as asked
	step  time.Duration // of looking at some keys
	steps int           // looked at so far
}

func (s *slowKeys) KeysByName(_ context.Context, _, _ string, _ org.KeyPlace, limit int) ([]org.KeyView, error) {
	return make([]org.KeyView, min(s.named, limit)), nil
}

func (s *slowKeys) KeysMatching(ctx context.Context, _ org.KeyMatch, _ string, _ int) ([]org.KeyView, string, error) {
	select {
	case <-time.After(s.step):
		s.steps++
		return make([]org.KeyView, 1), "key_" + strconv.Itoa(s.steps), nil
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
}

var searcher = org.Caller{Admin: true, Role: org.RoleReader}

func TestNamesThatFillThePageEndTheSearch(t *testing.T) {
	t.Parallel()
	for _, named := range []int{50, 51} {
		store := &slowKeys{named: named}
		found, err := org.NewService(store, rand.Reader, nil).FindKeys(t.Context(), searcher, org.KeyFilter{Text: "svc", Deep: true}, 50)
		if err != nil || len(found.Items) != 50 || !found.More {
			t.Errorf("%d keys, more: %v, %v", len(found.Items), found.More, err)
		}
		if store.steps != 0 {
			t.Errorf("%d names begin so, and all keys were read", named)
		}
	}
}

func TestASearchEndsWithItsTimeAndGoesOnFromThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slowKeys{named: 2, step: 900 * time.Millisecond}
		svc, began := org.NewService(store, rand.Reader, nil), time.Now()
		found, err := svc.FindKeys(t.Context(), searcher, org.KeyFilter{Text: "x", Deep: true}, 50)
		if err != nil || len(found.Items) != 4 {
			t.Fatalf("%d keys, %v", len(found.Items), err)
		}
		found.Items = nil
		want := org.FoundKeys{More: true, Stopped: true, Next: org.SearchPlace{Below: "key_2"}}
		if diff := cmp.Diff(want, found); diff != "" || time.Since(began) != 2*time.Second {
			t.Errorf("after %v (-want +got):\n%s", time.Since(began), diff)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := svc.FindKeys(ctx, searcher, org.KeyFilter{Text: "x", Deep: true}, 50); err == nil {
			t.Error("whoever gives up is told that the time was over")
		}
	})
}

func TestOneDeepSearchAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := org.NewService(&slowKeys{named: 2, step: time.Hour}, rand.Reader, nil)
		deep := org.KeyFilter{Text: "x", Deep: true}
		go func() { _, _ = svc.FindKeys(t.Context(), searcher, deep, 50) }()
		synctest.Wait()
		found, err := svc.FindKeys(t.Context(), searcher, deep, 50)
		if err != nil || !found.Busy || len(found.Items) != 2 {
			t.Errorf("the second search: %d keys, busy: %v, %v", len(found.Items), found.Busy, err)
		}
		if found, err := svc.FindKeys(t.Context(), searcher, org.KeyFilter{Text: "x"}, 50); err != nil || found.Busy {
			t.Errorf("a search by name: busy: %v, %v", found.Busy, err)
		}
		time.Sleep(3 * time.Second)
		if found, _ := svc.FindKeys(t.Context(), searcher, deep, 50); found.Busy {
			t.Error("the first search is over, and its place is not free")
		}
	})
}
