package token_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/internal/token"
)

func TestSecretIsNeverShown(t *testing.T) {
	t.Parallel()
	secret, err := token.Mint(token.KindAdmin, bytes.NewReader(drawn(golden[0].draw)))
	if err != nil {
		t.Fatal(err)
	}
	type hidden struct{ secret token.Secret }
	type shown struct{ Secret token.Secret }

	var out strings.Builder
	for _, v := range []any{
		secret, &secret, []token.Secret{secret}, map[string]token.Secret{"k": secret},
		shown{secret}, &shown{secret}, hidden{secret}, &hidden{secret},
		fmt.Errorf("failed on %v", secret),
	} {
		for verb := byte('A'); verb <= 'z'; verb++ {
			for _, flag := range []string{"", "+", "#", " ", "-80", ".99"} {
				fmt.Fprintf(&out, "%"+flag+string(verb)+"\n", v)
			}
		}
		fmt.Fprintln(&out, v)
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("key", "secret", secret, "struct", shown{secret}, "hidden", hidden{secret}, "pointer", &secret)
	}
	j, err := json.Marshal(shown{secret})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(j)

	value := secret.Reveal()
	random := value[len("sk-admin-"):]
	for name, leak := range map[string]string{
		"value": random[:8],
		"hex":   fmt.Sprintf("%x", random[:8]),
		"bytes": strings.Trim(fmt.Sprint([]byte(random[:8])), "[]"),
	} {
		if strings.Contains(strings.ToLower(out.String()), strings.ToLower(leak)) {
			t.Errorf("the output shows the %s", name)
		}
	}
	if want := `{"Secret":"sk-admin...kn2"}`; string(j) != want {
		t.Errorf("JSON %s, want %s", j, want)
	}
	if got := fmt.Sprintf("%v %s %d %#v", secret, secret, secret, secret); got != strings.TrimSpace(strings.Repeat("sk-admin...kn2 ", 4)) {
		t.Errorf("printed as %q", got)
	}
}

func TestZeroSecret(t *testing.T) {
	t.Parallel()
	var s token.Secret
	if !s.IsZero() || s.Reveal() != "" || s.String() != "" || s.Kind() != token.KindUnknown {
		t.Errorf("zero Secret: IsZero %v, String %q, Kind %v", s.IsZero(), s.String(), s.Kind())
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		golden[0].value:                     "sk-admin...kn2",
		golden[1].value:                     "sk-proj...MH6",
		golden[2].value:                     "sk-svcacct...Rhr",
		"":                                  "",
		"sk-admin-short":                    "...",
		"password of another kind":          "...",
		golden[0].value + "and another one": "...",
	} {
		if got := token.Redact(s); got != want {
			t.Errorf("Redact(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"a key", golden[0].value, "sk-admin" + strings.Repeat("*", 46) + "jkn2"},
		{"empty", "", ""},
		{"fifteen bytes", "123456789012345", strings.Repeat("*", 15)},
		{"sixteen bytes", "1234567890123456", "12345678****3456"},
		{"very long", "12345678" + strings.Repeat("x", 1<<20) + "3456", "12345678" + strings.Repeat("*", 200) + "3456"},
		{"controls and spaces", "a\x00b\nc d\x7fhidden\x1b[0m", "a*b*c*d*" + strings.Repeat("*", 6) + "*[0m"},
		{"not ASCII", "é234567hidden78é", "**234567" + strings.Repeat("*", 6) + "78**"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := token.Mask(tt.in); got != tt.want {
				t.Errorf("Mask(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
