package secretscan

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
)

const (
	count    = 10_000
	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	urlSafe  = alphabet + "-_"
	bodyLen  = 49 // characters of a key after its prefix
)

var kinds = []token.Kind{token.KindAdmin, token.KindProject, token.KindServiceAccount, token.KindInvite}

// source draws the test's keys and near misses. It is seeded by its name, so that
// a failure can be repeated.
type source struct {
	*rand.Rand
	bytes *rand.ChaCha8
}

func newSource(name string) source {
	var seed [32]byte
	copy(seed[:], name)
	c := rand.NewChaCha8(seed)
	return source{rand.New(c), c}
}

func (s source) text(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[s.IntN(len(alphabet))]
	}
	return string(b)
}

func (s source) prefix() string { return kinds[s.IntN(len(kinds))].Prefix() }

// key is a key as a server issues it.
func (s source) key(t *testing.T, kind token.Kind) string {
	t.Helper()
	secret, err := token.Mint(kind, s.bytes)
	if err != nil {
		t.Fatal(err)
	}
	return secret.Reveal()
}

// issuedKeys mints keys of all kinds in turn.
func issuedKeys(t *testing.T) []string {
	t.Helper()
	s := newSource("issued keys")
	keys := make([]string, count)
	for i := range keys {
		keys[i] = s.key(t, kinds[i%len(kinds)])
	}
	return keys
}

// misses are the ways to be almost a key. Each is given a source and a real key.
var misses = map[string]func(s source, key string) string{
	"one short":   func(_ source, key string) string { return key[:len(key)-1] },
	"much short":  func(s source, key string) string { return key[:len(key)-2-s.IntN(40)] },
	"one long":    func(s source, key string) string { return key + s.text(alphabet, 1) },
	"a long run":  func(s source, key string) string { return key + s.text(alphabet, 2+s.IntN(200)) },
	"two in one":  func(s source, key string) string { return key + key[len(key)-bodyLen:] },
	"goes on -":   func(s source, key string) string { return key + "-" + s.text(urlSafe, 1+s.IntN(40)) + "0" },
	"goes on _":   func(s source, key string) string { return key + "_" + s.text(urlSafe, s.IntN(40)) },
	"prefix only": func(_ source, key string) string { return key[:len(key)-bodyLen] },
	"redacted":    func(_ source, key string) string { return token.Redact(key) },
	"masked":      func(_ source, key string) string { return token.Mask(key) },
	"starred":     func(_ source, key string) string { return key[:len(key)-bodyLen] + strings.Repeat("*", bodyLen) },
	"cut by dots": func(s source, key string) string { return key[:12+s.IntN(30)] + "..." + key[len(key)-4:] },
	"a line break": func(s source, key string) string {
		i := len(key) - 1 - s.IntN(bodyLen-1)
		return key[:i] + "\n" + key[i:]
	},
	"wrong character": func(s source, key string) string {
		i := len(key) - 1 - s.IntN(bodyLen)
		wrong := []string{"-", "_", "+", "/", "=", ".", "!", "$", " ", "%", "\\", "é", "\x00"}
		return key[:i] + wrong[s.IntN(len(wrong))] + key[i+1:]
	},
	"wrong prefix": func(s source, key string) string {
		wrong := []string{
			"sk-", "sk-live-", "sk-None-", "sk-org-", "sk-project-", "sk-admins-", "sk-adm-", "sk-svcacc-", "sk-svc-acct-",
			"sk_admin_", "sk_admin-", "sk-admin_", "sk--admin-", "sk-admin--", "pk-admin-", "SK-ADMIN-", "Sk-Proj-", "sk-ant-api03-",
		}
		return wrong[s.IntN(len(wrong))] + key[len(key)-bodyLen:]
	},
	"OpenAI, today's":  func(s source, _ string) string { return s.openAI(urlSafe, 74) },
	"OpenAI, shorter":  func(s source, _ string) string { return s.openAI(urlSafe, 58) },
	"OpenAI, old":      func(s source, _ string) string { return s.openAI(alphabet, 20) },
	"OpenAI, any size": func(s source, _ string) string { return s.openAI(urlSafe, 16+s.IntN(80)) },
	"OpenAI, our size": func(s source, _ string) string {
		n := s.IntN(bodyLen - 8)
		return s.prefix() + s.text(alphabet, n) + "T3BlbkFJ" + s.text(alphabet, bodyLen-8-n)
	},
	"OpenAI, no kind": func(s source, _ string) string {
		return "sk-" + s.text(alphabet, 20) + "T3BlbkFJ" + s.text(alphabet, 20)
	},
	"placeholder": func(s source, _ string) string {
		return s.prefix() + strings.Repeat(s.text("0xX", 1), bodyLen)
	},
	"template": func(s source, _ string) string {
		all := []string{"your-key-here", "${KEYREEVE_KEY}", "<your key>", "{{ .Key }}", "…", "XXXX-XXXX"}
		return s.prefix() + all[s.IntN(len(all))]
	},
	"digest": func(_ source, key string) string { return fmt.Sprintf("%x", token.Sum(key)) },
	"an id":  func(s source, _ string) string { return "key_" + s.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 26) },
}

// openAI is a key of the form that OpenAI issues: its mark between two random
// parts.
func (s source) openAI(alphabet string, part int) string {
	return s.prefix() + s.text(alphabet, part) + "T3BlbkFJ" + s.text(alphabet, part)
}

// nearMisses returns different values that are almost keys, and what each is.
func nearMisses(t *testing.T) (values []string, what map[string]string) {
	t.Helper()
	s := newSource("near misses")
	names := slices.Sorted(maps.Keys(misses))
	what = make(map[string]string)
	for i := 0; len(values) < count; i++ {
		name := names[i%len(names)]
		value := misses[name](s, s.key(t, kinds[s.IntN(len(kinds))]))
		if _, again := what[value]; !again {
			values = append(values, value)
			what[value] = name
		}
	}
	return values, what
}

// wrongSums returns strings of the form of keys whose checksum is wrong.
func wrongSums(t *testing.T) (values []string) {
	t.Helper()
	s := newSource("wrong sums")
	for range 100 {
		value := s.prefix() + s.text(alphabet, bodyLen)
		if _, ok := token.Parse(value); ok {
			t.Error("a random string is a key")
		}
		values = append(values, value)
	}
	return values
}
