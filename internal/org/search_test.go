package org_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

// slowUsers is a store whose users are found after a time.
type slowUsers struct {
	org.Store
	takes time.Duration
}

func (s slowUsers) UsersMatching(ctx context.Context, _ string, _ org.Page) ([]org.User, error) {
	select {
	case <-time.After(s.takes):
		return make([]org.User, 1), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestASearchAmongUsersEndsWithItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for takes, want := range map[time.Duration]error{1900 * time.Millisecond: nil, time.Hour: org.ErrSearchTime} {
			svc, began := org.NewService(slowUsers{takes: takes}, rand.Reader, nil), time.Now()
			_, err := svc.FindUsers(t.Context(), searcher, "ada", org.Page{Limit: 1})
			if !errors.Is(err, want) || time.Since(began) != min(takes, 2*time.Second) {
				t.Errorf("%v after %v, want %v", err, time.Since(began), want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		svc := org.NewService(slowUsers{takes: time.Hour}, rand.Reader, nil)
		if _, err := svc.FindUsers(ctx, searcher, "ada", org.Page{Limit: 1}); err == nil || errors.Is(err, org.ErrSearchTime) {
			t.Errorf("whoever gives up is told %v", err)
		}
	})
}

func TestAKeyIsNotSearchedFor(t *testing.T) {
	t.Parallel()
	secret, err := token.Mint(token.KindAdmin, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	svc := org.NewService(slowUsers{}, rand.Reader, nil)
	_, err = svc.FindUsers(t.Context(), searcher, secret.Reveal(), org.Page{Limit: 1})
	if refusal, ok := errors.AsType[*org.Refusal](err); !ok || refusal.Param != "q" {
		t.Errorf("got %v", err)
	}
}
