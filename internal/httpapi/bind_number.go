package httpapi

import (
	"math"
	"strconv"
	"strings"
)

// numberClass says how a JSON number relates to a 64-bit integer.
type numberClass int

const (
	inRange  numberClass = iota
	tooLarge             // an integer, but above the range
	tooSmall             // an integer, but below the range
	fraction             // not an integer
)

// parseInteger returns the value of a JSON number that is an integer of 64
// bits. To JSON Schema 1.0 and 1e2 are integers like 1 and 100, and clients
// whose language has one number type do send them, so the value counts and not
// the notation. It is exact, and costs no more for 1e999999999.
func parseInteger(text string) (int64, numberClass) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, inRange
	}
	digits, negative := strings.CutPrefix(text, "-")
	var exponent int
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		exponent = parseExponent(digits[i+1:])
		digits = digits[:i]
	}
	// The number is 0.digits * 10^point.
	whole, rest, _ := strings.Cut(digits, ".")
	digits, point := whole+rest, len(whole)+exponent
	trimmed := strings.TrimLeft(digits, "0")
	point -= len(digits) - len(trimmed)
	digits = strings.TrimRight(trimmed, "0")
	const maxDigits = 19 // of a 64-bit integer
	switch {
	case digits == "":
		return 0, inRange
	case len(digits) > point:
		return 0, fraction
	case point <= maxDigits:
		digits += strings.Repeat("0", point-len(digits))
		if negative {
			digits = "-" + digits
		}
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return n, inRange
		}
	}
	if negative {
		return 0, tooSmall
	}
	return 0, tooLarge
}

// parseExponent stops at a size that no length of digits can make up for.
func parseExponent(s string) int {
	const limit = math.MaxInt32 / 2
	n, _ := strconv.ParseInt(s, 10, 64) // out of range: the nearest int64
	return int(min(max(n, -limit), limit))
}
