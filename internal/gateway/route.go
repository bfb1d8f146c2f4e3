package gateway

import (
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
func route(target string) (operation, verify.Kinds, *Refusal) {
	if target == PathAuth { // what nearly all are
		return opAuth, verify.AnyKind, nil
	}
	path, query, _ := strings.Cut(originForm(target), "?")
	switch {
	case path == PathAuth:
		kinds, refusal := queryKinds(query)
		return opAuth, kinds, refusal
	case path == PathIntrospect:
		return opIntrospect, 0, nil
	case strings.HasPrefix(path, PathExtAuthz):
		kinds, refusal := pathKinds(path[len(PathExtAuthz):])
		return opExtAuthz, kinds, refusal
	default:
		return opNone, 0, unknownPath
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

// queryKinds reads the kinds that a gateway lets in from its query.
func queryKinds(raw string) (verify.Kinds, *Refusal) {
	if raw == "" {
		return verify.AnyKind, nil
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return 0, badQuery
	}
	values, restricts := query["kind"]
	if !restricts {
		return verify.AnyKind, nil
	}
	kinds, err := verify.ParseKinds(values[0])
	if err != nil || len(values) > 1 || values[0] == "" { // an empty one was to be filled in
		return 0, badQuery
	}
	return kinds, nil
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
