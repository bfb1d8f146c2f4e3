package token

import "strings"

const redactedTail = 3

// Redact returns the form of a key that is stored and shown (redacted_value in
// the contract): the prefix without its last hyphen, three dots and the last
// three characters, as in "sk-admin...xyz". Of a string that has not the
// prefix and length of a key it shows nothing but the dots, and of "" nothing.
func Redact(s string) string {
	if s == "" {
		return ""
	}
	prefix := kindOf(s).Prefix()
	if prefix == "" || len(s) != len(prefix)+randomLen+sumLen {
		return "..."
	}
	return prefix[:len(prefix)-1] + "..." + s[len(s)-redactedTail:]
}

const (
	maskHead     = 8
	maskTail     = 4
	maskShortest = 16  // below it the shown ends would be most of the string
	maskStars    = 200 // longest run of stars: s may be a whole header
)

// Mask returns s as an error message may echo it: the first eight bytes, a star
// for each hidden one (at most 200), the last four. A string of less than 16
// bytes is all stars.
//
// Unlike [Redact] it takes anything a stranger sent: a byte that is not visible
// ASCII is a star too, so the result is at most 212 bytes of visible ASCII.
func Mask(s string) string {
	if len(s) < maskShortest {
		return strings.Repeat("*", len(s))
	}
	hidden := len(s) - maskHead - maskTail
	b := make([]byte, 0, maskHead+maskStars+maskTail)
	b = appendVisible(b, s[:maskHead])
	for range min(hidden, maskStars) {
		b = append(b, '*')
	}
	b = appendVisible(b, s[len(s)-maskTail:])
	return string(b)
}

func appendVisible(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c > '~' {
			c = '*'
		}
		dst = append(dst, c)
	}
	return dst
}
