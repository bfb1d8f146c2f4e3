package token_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
)

func TestFaultSaysWhatIsWrongAndNothingOfTheKey(t *testing.T) {
	t.Parallel()
	secret, err := token.Mint(token.KindAdmin, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := secret.Reveal()
	changed := []byte(good)
	if changed[20]++; changed[20] == '{' || changed[20] == '[' || changed[20] == ':' {
		changed[20] = '0'
	}
	for _, test := range []struct{ value, want string }{
		{good, ""},
		{"", "empty"},
		{good + "\n", "spaces or line ends"},
		{"sk-admin-T3BlbkFJ", "OpenAI"},
		{"hello", "does not begin with"},
		{"sk-invite-" + good[len("sk-admin-"):], "token of an invite"},
		{good[:30], "it has 30 characters"},
		{good[:20] + "-" + good[21:], "other than a letter or a digit"},
		{good[:20] + "é" + good[22:], "other than a letter or a digit"},
		{string(changed), "checksum"},
	} {
		got := token.Fault(test.value)
		if !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
			t.Errorf("got %q, want something about %q", got, test.want)
		}
		if len(test.value) > 12 && strings.Contains(got, test.value[9:12]) {
			t.Error("the fault shows part of the key")
		}
	}
}
