package token_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"math/bits"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/keyreeve/keyreeve/internal/token"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// The golden values were computed with another language's CRC-32 and SHA-256.
var golden = []struct {
	name   string
	kind   token.Kind
	draw   func(i int) byte // the i-th random byte
	value  string
	digest string
}{
	{
		name:   "admin",
		kind:   token.KindAdmin,
		draw:   func(i int) byte { return byte(i) },
		value:  "sk-admin-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg4Gjkn2",
		digest: "c3f06a98b93f93624902a62075b2467d14d7953606f4861f296e3fe84caaebd9",
	},
	{
		name:   "project",
		kind:   token.KindProject,
		draw:   func(i int) byte { return byte((7*i + 200) % 248) },
		value:  "sk-proj-ELSZgnu18FMTahov29GNUbipw3AHOVcjqx4BIPWdkry2UJMH6",
		digest: "4e7fc8383dc2e6766826c7abb9657604743d9496aeeb5335dbd484826a72cd8b",
	},
	{
		name:   "service account",
		kind:   token.KindServiceAccount,
		draw:   func(int) byte { return 61 },
		value:  "sk-svcacct-zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz42XRhr",
		digest: "83df8e54c931b4311c5dbb1b46717bf494ddbbb74906a566bab9ba5b4f2d78bd",
	},
	{
		name: "checksum padded with zeros",
		kind: token.KindAdmin,
		draw: func(i int) byte {
			if i < 3 {
				return [...]byte{0, 1, 9}[i]
			}
			return 36
		},
		value:  "sk-admin-019aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa00xJXP",
		digest: "bb110c4a00ea47305735bfde0941ccc75ce3a923b9416623cce5795862a8500a",
	},
}

func drawn(f func(i int) byte) []byte {
	b := make([]byte, 43)
	for i := range b {
		b[i] = f(i)
	}
	return b
}

func TestGoldenVectors(t *testing.T) {
	t.Parallel()
	for _, tt := range golden {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			secret, err := token.Mint(tt.kind, bytes.NewReader(drawn(tt.draw)))
			if err != nil {
				t.Fatal(err)
			}
			if got := secret.Reveal(); got != tt.value {
				t.Errorf("minted %q, want %q", got, tt.value)
			}
			if kind, ok := token.Parse(tt.value); kind != tt.kind || !ok {
				t.Errorf("Parse = %v, %v; want %v, true", kind, ok, tt.kind)
			}
			for name, d := range map[string]token.Digest{"Sum": token.Sum(tt.value), "Digest": secret.Digest()} {
				if got := hex.EncodeToString(d[:]); got != tt.digest {
					t.Errorf("%s = %s, want %s", name, got, tt.digest)
				}
			}
			if secret.Kind() != tt.kind || secret.IsZero() {
				t.Errorf("Kind, IsZero = %v, %v; want %v, false", secret.Kind(), secret.IsZero(), tt.kind)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	good := golden[0].value
	tests := map[string]string{
		"empty":                   "",
		"prefix alone":            "sk-admin-",
		"one short":               good[:len(good)-1],
		"one long":                good + "0",
		"leading space":           " " + good,
		"trailing newline":        good + "\n",
		"another kind's prefix":   "sk-proj-" + strings.TrimPrefix(good, "sk-admin-"),
		"upper case prefix":       "SK-ADMIN-" + strings.TrimPrefix(good, "sk-admin-"),
		"upper case body":         strings.Replace(good, "abc", "ABC", 1),
		"not base62":              strings.Replace(good, "A", "-", 1),
		"NUL":                     strings.Replace(good, "A", "\x00", 1),
		"the scanners' mark":      "sk-admin-T3BlbkFJaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa3yVcfx",
		"unknown prefix":          "sk-live-" + strings.Repeat("a", 49),
		"right length, all zeros": "sk-admin-" + strings.Repeat("0", 49),
	}
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if kind, ok := token.Parse(s); ok || kind != token.KindUnknown {
				t.Errorf("Parse(%q) = %v, %v; want it refused", s, kind, ok)
			}
		})
	}
}

var anyKind = rapid.SampledFrom([]token.Kind{token.KindAdmin, token.KindProject, token.KindServiceAccount, token.KindInvite})

func TestMintedKeysParse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := anyKind.Draw(t, "kind")
		secret, err := token.Mint(kind, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := token.Parse(secret.Reveal()); got != kind || !ok {
			t.Fatalf("Parse = %v, %v; want %v, true", got, ok, kind)
		}
	})
}

func TestEverySubstitutionIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range golden {
		for i := range len(tt.value) {
			for c := range 256 {
				if byte(c) == tt.value[i] {
					continue
				}
				s := tt.value[:i] + string([]byte{byte(c)}) + tt.value[i+1:]
				if _, ok := token.Parse(s); ok {
					t.Errorf("Parse accepts %q, %d bytes into %s", s, i, tt.name)
				}
			}
		}
	}
}

func TestOtherEditsAreRefusedOrAnotherKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom(golden).Draw(t, "golden").value
		i := rapid.IntRange(0, len(value)).Draw(t, "from")
		j := rapid.IntRange(i, len(value)).Draw(t, "to")
		s := value[:i] + rapid.StringMatching(`[0-9A-Za-z]{0,3}`).Draw(t, "with") + value[j:]
		if s == value {
			t.Skip("nothing edited")
		}
		if _, ok := token.Parse(s); ok && token.Sum(s) == token.Sum(value) {
			t.Fatalf("%q passes for %q", s, value)
		}
	})
}

// cycle gives the bytes 0 to 255 over and over and counts them.
type cycle struct{ n int }

func (c *cycle) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c.n)
		c.n++
	}
	return len(p), nil
}

func TestMintIsUniform(t *testing.T) {
	t.Parallel()
	// A cycle has 248 usable bytes, 4 for each character, so 248 keys of 43
	// characters take 43 cycles and show every character 43 * 4 times.
	source := new(cycle)
	seen := map[rune]int{}
	for range 248 {
		secret, err := token.Mint(token.KindAdmin, source)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range secret.Reveal()[len("sk-admin-"):][:43] {
			seen[c]++
		}
	}
	for _, c := range alphabet {
		if seen[c] != 43*4 {
			t.Errorf("%q drawn %d times, want %d", c, seen[c], 43*4)
		}
	}
	if want := 42*256 + 248; source.n != want {
		t.Errorf("%d random bytes read, want %d: none may be thrown away unused", source.n, want)
	}
}

func TestMintDrawsAgainOnTheMark(t *testing.T) {
	t.Parallel()
	var marked []byte
	for _, c := range "T3BlbkFJ" + strings.Repeat("a", 35) {
		marked = append(marked, byte(strings.IndexRune(alphabet, c)))
	}
	secret, err := token.Mint(token.KindAdmin, bytes.NewReader(append(marked, drawn(golden[0].draw)...)))
	if err != nil {
		t.Fatal(err)
	}
	if got := secret.Reveal(); got != golden[0].value {
		t.Errorf("minted %q, want the second draw %q", got, golden[0].value)
	}
}

type stuck byte

func (s stuck) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s)
	}
	return len(p), nil
}

func TestMintFailsWhereItsSourceDoes(t *testing.T) {
	t.Parallel()
	errSource := errors.New("no entropy")
	tests := []struct {
		name string
		kind token.Kind
		rand io.Reader
		is   error
	}{
		{"error", token.KindAdmin, iotest.ErrReader(errSource), errSource},
		{"short", token.KindAdmin, bytes.NewReader(make([]byte, 42)), io.ErrUnexpectedEOF},
		{"only unusable bytes", token.KindAdmin, stuck(255), nil},
		{"no kind", token.KindUnknown, rand.Reader, nil},
		{"no such kind", 200, rand.Reader, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			secret, err := token.Mint(tt.kind, tt.rand)
			if err == nil || !secret.IsZero() {
				t.Fatalf("minted %v, %v; want an error and no secret", secret, err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v does not wrap %v", err, tt.is)
			}
		})
	}
}

func TestKindNames(t *testing.T) {
	t.Parallel()
	for kind, want := range map[token.Kind][2]string{
		token.KindUnknown:        {"unknown", ""},
		token.KindAdmin:          {"admin", "sk-admin-"},
		token.KindProject:        {"project", "sk-proj-"},
		token.KindServiceAccount: {"service_account", "sk-svcacct-"},
		200:                      {"unknown", ""},
	} {
		if got := [2]string{kind.String(), kind.Prefix()}; got != want {
			t.Errorf("kind %d: %q, want %q", kind, got, want)
		}
	}
}

func TestParseAndSumDoNotAllocate(t *testing.T) {
	value := golden[0].value
	if n := testing.AllocsPerRun(100, func() {
		if _, ok := token.Parse(value); !ok {
			t.Fatal("golden value refused")
		}
		_ = token.Sum(value)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, tt := range golden {
		f.Add(tt.value)
		f.Add(tt.value[:len(tt.value)-1])
	}
	f.Add("")
	f.Add("sk-admin-T3BlbkFJaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa3yVcfx")
	f.Fuzz(func(t *testing.T, s string) {
		_, _ = token.Mask(s), token.Redact(s)
		kind, ok := token.Parse(s)
		if !ok {
			if kind != token.KindUnknown {
				t.Fatalf("refused, yet of kind %v", kind)
			}
			return
		}
		// What is accepted, Mint gives for the same random characters.
		var draw []byte
		for _, c := range strings.TrimPrefix(s, kind.Prefix())[:43] {
			draw = append(draw, byte(strings.IndexRune(alphabet, c)))
		}
		secret, err := token.Mint(kind, bytes.NewReader(draw))
		if err != nil || secret.Reveal() != s {
			t.Fatalf("accepted %q, which Mint does not make: %v", s, err)
		}
	})
}

// What Parse accepts, Checked does too; the rest of what Checked accepts has a
// character that no key has, or the mark, and a checksum over it.
func TestCheckedLooksAtPrefixLengthAndChecksum(t *testing.T) {
	t.Parallel()
	for _, test := range golden {
		for at := range len(test.value) {
			changed := []byte(test.value)
			changed[at] ^= 1
			if _, ok := token.Checked(string(changed)); ok {
				t.Errorf("accepted with byte %d changed", at)
			}
		}
		if kind, ok := token.Checked(test.value); !ok || kind.Prefix() == "" || !strings.HasPrefix(test.value, kind.Prefix()) {
			t.Errorf("refused: %v", kind)
		}
		if _, ok := token.Checked(test.value + "0"); ok {
			t.Error("accepted with a character more")
		}
	}
}

func BenchmarkChecked(b *testing.B) {
	for b.Loop() {
		token.Checked(golden[0].value)
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		token.Parse(golden[0].value)
	}
}

func BenchmarkSum(b *testing.B) {
	var n int
	for b.Loop() {
		d := token.Sum(golden[0].value)
		n += bits.OnesCount8(d[0])
	}
}
