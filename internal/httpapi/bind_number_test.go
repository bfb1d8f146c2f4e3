package httpapi

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseInteger(t *testing.T) {
	t.Parallel()
	type result struct {
		n     int64
		class numberClass
	}
	for text, want := range map[string]result{
		"0":                                {0, inRange},
		"-0":                               {0, inRange},
		"0.000":                            {0, inRange},
		"-0e999999999999999999999":         {0, inRange},
		"7":                                {7, inRange},
		"1.0":                              {1, inRange},
		"1e2":                              {100, inRange},
		"-1.50E+1":                         {-15, inRange},
		"120e-1":                           {12, inRange},
		"0.0012e4":                         {12, inRange},
		"9223372036854775807":              {math.MaxInt64, inRange},
		"-9223372036854775808":             {math.MinInt64, inRange},
		"-9.223372036854775808e18":         {math.MinInt64, inRange},
		"9223372036854775807.0":            {math.MaxInt64, inRange},
		"9223372036854775808":              {0, tooLarge},
		"-9223372036854775809":             {0, tooSmall},
		"1e19":                             {0, tooLarge},
		"1e999999999999999999999":          {0, tooLarge},
		"-1e999999999999999999999":         {0, tooSmall},
		"1.5":                              {0, fraction},
		"12e-1":                            {0, fraction},
		"1e-999999999999999999999":         {0, fraction},
		"9223372036854775807.5":            {0, fraction},
		strings.Repeat("9", 300_000):       {0, tooLarge},
		"1" + strings.Repeat("0", 300_000): {0, tooLarge},
	} {
		n, class := parseInteger(text)
		if got := (result{n, class}); got != want {
			t.Errorf("parseInteger(%.40s) = %v, want %v", text, got, want)
		}
	}
}

func TestParseIntegerAgreesWithExactArithmetic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("not a number: %s", text)
		}
		n, class := parseInteger(text)
		want := inRange
		switch {
		case !exact.IsInt():
			want = fraction
		case !exact.Num().IsInt64() && exact.Sign() > 0:
			want = tooLarge
		case !exact.Num().IsInt64():
			want = tooSmall
		}
		if class != want || class == inRange && n != exact.Num().Int64() {
			t.Fatalf("parseInteger(%s) = %d, %d, want class %d of %s", text, n, class, want, exact)
		}
	})
}
