// Package echo makes values out of a request fit to be shown in an error
// message: short, of printable characters only, and with whatever looks like
// an API key masked, because people do paste keys into the wrong parameter.
package echo

import (
	"net/url"
	"strings"
	"unicode"

	"github.com/keyreeve/keyreeve/internal/token"
)

const (
	maxValue = 100 // characters of a request's value shown in a message
	maxPath  = 200 // characters of a path
)

// Value returns the form of s that a message may show.
func Value(s string) string { return Text(s, maxValue) }

// Text is Value for what is longer: at most limit characters and a mark for
// the cut.
func Text(s string, limit int) string { return Clip(printable(maskKeys(s)), limit) }

// Path returns the path as it was sent, escapes included, and never the query,
// where a key may stand.
func Path(u *url.URL) string {
	shown := u.EscapedPath()
	if masked := maskKeys(u.Path); masked != u.Path {
		// A key behind escapes is found too; only the stars need no escape.
		shown = strings.ReplaceAll((&url.URL{Path: masked}).EscapedPath(), "%2A", "*")
	}
	return Clip(printable(shown), maxPath)
}

// Clip shortens s to limit characters and marks the cut.
func Clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n == limit {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// printable replaces what a terminal or a log could act upon, and bad UTF-8.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// maskKeys masks every run of key characters from "sk-" on that is long enough
// to be worth hiding.
func maskKeys(s string) string {
	const mark, shortest = "sk-", 16
	if !strings.Contains(s, mark) {
		return s
	}
	var b strings.Builder
	for {
		start := strings.Index(s, mark)
		if start < 0 {
			b.WriteString(s)
			return b.String()
		}
		end := start
		for end < len(s) && isKeyByte(s[end]) {
			end++
		}
		run := s[start:end]
		if len(run) >= shortest {
			run = token.Mask(run)
		}
		b.WriteString(s[:start])
		b.WriteString(run)
		s = s[end:]
	}
}

func isKeyByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '_'
}

// List joins values as "'a'", "'a' and 'b'" or "'a', 'b', and 'c'".
func List(values []string) string {
	var b strings.Builder
	for i, v := range values {
		switch {
		case i == 0:
		case i < len(values)-1:
			b.WriteString(", ")
		case len(values) == 2:
			b.WriteString(" and ")
		default:
			b.WriteString(", and ")
		}
		b.WriteString("'" + v + "'")
	}
	return b.String()
}
