package token

import "strings"

// Bearer returns the credentials of an Authorization header value whose scheme
// is Bearer, in any case, and false for another scheme or none. It does not
// look at the credentials themselves, and does not allocate.
func Bearer(header string) (credentials string, ok bool) {
	scheme, rest, _ := strings.Cut(strings.Trim(header, " \t"), " ")
	rest = strings.TrimLeft(rest, " \t")
	if rest == "" || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return rest, true
}
