package token_test

import (
	"crypto/rand"
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
)

func TestInFindsAKeyAnywhere(t *testing.T) {
	t.Parallel()
	for _, kind := range []token.Kind{token.KindAdmin, token.KindProject, token.KindServiceAccount, token.KindInvite} {
		secret, err := token.Mint(kind, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key := secret.Reveal()
		for name, test := range map[string]struct {
			text string
			want bool
		}{
			"alone":            {key, true},
			"in a sentence":    {"the key " + key + ", please", true},
			"behind a prefix":  {"sk-sk-admin-" + key, true},
			"cut short":        {key[:len(key)-1], false},
			"redacted":         {secret.Redacted(), false},
			"an ordinary name": {"task-management-service-for-the-deploy-pipeline-of-production", false},
			"nothing":          {"", false},
		} {
			if got := token.In(test.text); got != test.want {
				t.Errorf("%s key %s: %t, want %t", kind, name, got, test.want)
			}
		}
	}
}
