package token

import (
	"fmt"
	"strings"
)

// Fault says in words why s is not of the form of a key, "" where it is one.
// The words hold nothing of s. It is for people; [Parse] is for requests.
func Fault(s string) string {
	kind := kindOf(s)
	if _, ok := Parse(s); ok && kind != KindInvite {
		return ""
	}
	want := len(kind.Prefix()) + randomLen + sumLen
	switch {
	case s == "":
		return "it is empty"
	case kind == KindInvite:
		return "it is the token of an invite, which keyreeve invites accept takes"
	case strings.TrimSpace(s) != s:
		return "it has spaces or line ends around it"
	case strings.Contains(s, mark):
		return "it carries the mark of a key of OpenAI's"
	case kind == KindUnknown:
		return "it does not begin with sk-admin-, sk-proj- or sk-svcacct-"
	case len(s) != want:
		return fmt.Sprintf("it has %d characters, where a key of its kind has %d", len(s), want)
	case strings.ContainsFunc(s[len(kind.Prefix()):], func(r rune) bool { return r > 0x7f || base62[byte(r)] == notBase62 }):
		return "behind its prefix it has a character other than a letter or a digit"
	default:
		return "its checksum does not match: a character was changed"
	}
}
