package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkPath reports whether the path of r is in the one form that the API
// serves. It runs before the router, which would answer some of the others with
// a redirect, and clients turn a redirected POST into a GET. What fails is a
// 404, so that no path has two spellings for the rules in front of us to miss.
//
// Refused are: empty, "." and ".." segments and a slash at the end, spelled out
// or percent-encoded; encoded slashes and backslashes; characters that a path
// must escape, and escapes of control characters or of bad UTF-8.
func checkPath(r *http.Request) bool {
	// The path as it was sent. EscapedPath would not do where it is set: it
	// makes one anew of a path with characters that should have been escaped.
	raw := r.URL.RawPath
	if raw == "" {
		raw = r.URL.EscapedPath()
	}
	if raw == "/" {
		return true
	}
	rest, ok := strings.CutPrefix(raw, "/")
	for more := true; ok && more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		ok = checkSegment(segment)
	}
	return ok
}

// spelledOut reports whether r has the fixed segments of its route as the route
// has them. The router unescapes them before it compares, so that a rule in
// front of us that forbids a path would miss its %61dmin_api_keys; only values
// may be escaped.
func spelledOut(r *http.Request) bool {
	raw := r.URL.EscapedPath()
	for want := range strings.SplitSeq(r.Pattern, "/") {
		var got string
		got, raw, _ = strings.Cut(raw, "/")
		if got != want && !strings.HasPrefix(want, "{") {
			return false
		}
	}
	return true
}

func checkSegment(s string) bool {
	for i := range len(s) {
		if !isPathByte(s[i]) {
			return false
		}
	}
	if strings.Contains(s, "%") {
		plain, err := url.PathUnescape(s)
		if err != nil || !utf8.ValidString(plain) ||
			strings.ContainsFunc(plain, func(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) }) {
			return false
		}
		s = plain
	}
	return s != "" && s != "." && s != ".."
}

// isPathByte reports whether c may stand in a path segment (RFC 3986, section
// 3.3: pchar), the percent sign of an escape included.
func isPathByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("-._~!$&'()*+,;=:@%", c) >= 0
}
