package org_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

func TestNameThatHoldsAKeyIsRefusedWithoutShowingIt(t *testing.T) {
	t.Parallel()
	secret, err := token.Mint(token.KindAdmin, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	owner := org.Caller{Admin: true, Role: org.RoleOwner}
	_, _, _, err = org.NewService(nil, rand.Reader, nil).CreateAdminAPIKey(t.Context(), owner, org.NewAdminAPIKey{Name: "x " + secret.Reveal()})
	var refusal *org.Refusal
	if !errors.As(err, &refusal) || refusal.Code != "invalid_value" || refusal.Param != "name" {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), secret.Reveal()) {
		t.Error("the refusal shows the key")
	}
}
