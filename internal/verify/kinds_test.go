package verify_test

import (
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

func TestParseKinds(t *testing.T) {
	t.Parallel()
	admin, project, account := verify.OnlyKind(token.KindAdmin), verify.OnlyKind(token.KindProject), verify.OnlyKind(token.KindServiceAccount)
	for text, want := range map[string]verify.Kinds{
		"":                              verify.AnyKind,
		"admin":                         admin,
		"project":                       project,
		"service_account":               account,
		"project,service_account":       project | account,
		"service_account,admin,project": verify.AnyKind,
		"admin,admin":                   admin,
	} {
		if got, err := verify.ParseKinds(text); err != nil || got != want {
			t.Errorf("%q: %b, %v, want %b", text, got, err, want)
		}
	}
	for _, text := range []string{"unknown", "Admin", "admin,", ",", " admin", "admin project", "any"} {
		if got, err := verify.ParseKinds(text); err == nil || got != 0 {
			t.Errorf("%q: %b and no error", text, got)
		}
	}
	if verify.OnlyKind(token.KindUnknown) != 0 || verify.OnlyKind(200) != 0 {
		t.Error("a set of a kind that is none")
	}
}

func TestAKeyOfAnotherKindIsNotUsed(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	x := loaded(t, adminKey(digest))
	projects := verify.OnlyKind(token.KindProject)
	d := x.DecideKinds(key, created+1, projects)
	if d.Outcome != verify.WrongKind || d.KeyID() != testKey {
		t.Errorf("%s of %q", d.Outcome, d.KeyID())
	}
	if at, used := x.LastUsed(digest); used {
		t.Errorf("used at %d", at)
	}
	if got := x.DecideKinds(key, created+1, projects|verify.OnlyKind(token.KindAdmin)).Outcome; got != verify.Allowed {
		t.Errorf("among the kinds: %s", got)
	}
	if _, used := x.LastUsed(digest); !used {
		t.Error("not used")
	}
}

// A stranger with an expired key must not learn that its kind is wrong too.
func TestWhyAKeyEndedComesBeforeItsKind(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	expired := adminKey(digest)
	expired.ExpiresAt = created + 1
	if got := loaded(t, expired).DecideKinds(key, created+1, 0).Outcome; got != verify.Expired {
		t.Errorf("%s", got)
	}
}
