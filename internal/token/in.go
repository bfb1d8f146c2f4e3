package token

import "strings"

// In reports whether a whole key, checksum and all, stands anywhere in text:
// where people pasted one that should not be kept.
func In(text string) bool {
	for {
		start := strings.Index(text, "sk-")
		if start < 0 {
			return false
		}
		text = text[start:]
		kind := kindOf(text)
		if n := len(kind.Prefix()) + randomLen + sumLen; kind != KindUnknown && len(text) >= n {
			if _, ok := Parse(text[:n]); ok {
				return true
			}
		}
		text = text[len("sk-"):]
	}
}
