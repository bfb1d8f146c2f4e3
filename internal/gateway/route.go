package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/keyreeve/keyreeve/internal/verify"
)

// Paths of the adapters.
const (
	PathPrefix     = "/gateway/"
	PathAuth       = PathPrefix + "auth"
	PathIntrospect = PathPrefix + "introspect"

	// PathExtAuthz is Envoy's ext_authz over HTTP. Behind it stand the kinds
	// that are let in, or any, and then the path of the original request: its
	// query is the client's, so that nothing may be read from there.
	PathExtAuthz = PathPrefix + "ext_authz/"
)

// operation is what an HTTP request asks for.
type operation int

const (
	opNone       operation = iota
	opAuth                 // sub-requests of nginx, Caddy, Traefik and HAProxy
	opExtAuthz             // Envoy's
	opIntrospect           // RFC 7662
)

// Owns reports whether a request's target, as it stands in the request line, is
// for this package. Other spellings of such a path are nobody's.
func Owns(target string) bool { return strings.HasPrefix(originForm(target), PathPrefix) }

// route reads the target of a request as it stands in the request line, so that
// no path has two spellings: nothing is decoded and no dots or slashes are
// resolved. A query or path that restricts the kinds but cannot be understood
// is refused rather than ignored.
func route(target string) (operation, Ask, *Refusal) {
	if target == PathAuth { // what nearly all are
		return opAuth, anyKey, nil
	}
	path, query, _ := strings.Cut(originForm(target), "?")
	switch {
	case path == PathAuth:
		ask, refusal := queryAsk(query)
		return opAuth, ask, refusal
	case path == PathIntrospect:
		return opIntrospect, Ask{}, nil
	case strings.HasPrefix(path, PathExtAuthz):
		kinds, refusal := pathKinds(path[len(PathExtAuthz):])
		return opExtAuthz, Ask{Kinds: kinds}, refusal
	default:
		return opNone, Ask{}, unknownPath
	}
}

// originForm cuts the scheme and the host from a target in absolute form, which
// a server must accept (RFC 9112, section 3.2.2).
func originForm(target string) string {
	if strings.HasPrefix(target, "/") {
		return target
	}
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return target
	}
	i := strings.IndexAny(rest, "/?")
	if i < 0 {
		return ""
	}
	return rest[i:]
}

// queryAsk reads what a gateway asks by its query: kind, which kinds of keys it
// lets in; model, which may be empty where the gateway fills it in; and limited,
// the status of a request over its limit. Other names are ignored.
func queryAsk(raw string) (Ask, *Refusal) {
	ask := anyKey
	var kinds, models, statuses int
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		name, value, bad := decodePair(pair)
		switch {
		case bad:
			return ask, badQuery
		case name == "kind":
			kinds++
			var err error
			ask.Kinds, err = verify.ParseKinds(value)
			if err != nil || kinds > 1 || value == "" { // an empty one was to be filled in
				return ask, badQuery
			}
		case name == "model":
			models++
			ask.Model = value
		case name == "limited":
			statuses++
			switch value {
			case "403":
				ask.LimitedAs = http.StatusForbidden
			case "429":
				ask.LimitedAs = http.StatusTooManyRequests
			default:
				statuses = 2
			}
		}
		if models > 1 || statuses > 1 {
			return ask, badLimited
		}
	}
	return ask, nil
}

// decodePair reads one pair as url.ParseQuery does, but without a map.
func decodePair(pair string) (name, value string, bad bool) {
	name, value, _ = strings.Cut(pair, "=")
	name, err := url.QueryUnescape(name)
	if err != nil || strings.Contains(pair, ";") {
		return "", "", true
	}
	value, err = url.QueryUnescape(value)
	return name, value, err != nil
}

// pathKinds reads the kinds from what follows PathExtAuthz.
func pathKinds(rest string) (verify.Kinds, *Refusal) {
	text, _, _ := strings.Cut(rest, "/")
	if text == "any" {
		return verify.AnyKind, nil
	}
	kinds, err := verify.ParseKinds(text)
	if err != nil || text == "" {
		return 0, badPath
	}
	return kinds, nil
}
