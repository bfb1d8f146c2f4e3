package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Verifier tells a service whether the keys that its callers present are good.
// It asks a Keyreeve server by token introspection (RFC 7662, POST
// /gateway/introspect). Make one with [NewVerifier]; it is safe for concurrent
// use.
//
// Without [WithCache] every Verify is a request, and a key is refused from the
// moment its revocation was answered. With WithCache(ttl) a revoked key is
// accepted for up to ttl after that.
//
// It fails closed. Whatever goes wrong (no server, a timeout, an answer that is
// not understood) is an error and never an [Outcome], so that a fault neither lets
// a key in nor has a caller throw a good one away. No error, log or URL contains
// a key.
type Verifier struct {
	introspector
	cache *verifications // nil: none

	// failed is told what kept the middleware from an answer; never nil.
	failed func(context.Context, error)
}

// Outcome is the answer to a presented key. Only [Allowed] lets it in; the zero
// value is no outcome.
type Outcome string

// The outcomes. The server says of a key that is not good no more than that:
// whether it is unknown, revoked or expired, or its project archived, is nobody's
// business who does not hold it. An operator is told by keyreeve verify.
const (
	Allowed   Outcome = "allowed"
	Inactive  Outcome = "inactive"   // unknown, revoked, expired or no key at all
	WrongKind Outcome = "wrong_kind" // good, but of a kind that is not let in here
)

// Kind says what a key is for.
type Kind string

// The kinds of keys. A server may know others in the future.
const (
	KindAdmin          Kind = "admin"           // manages the organization
	KindProject        Kind = "project"         // a user's key for one project
	KindServiceAccount Kind = "service_account" // a service account's key for one project
)

// Verification is an outcome and whose key it is. The rest is empty where the
// outcome is [Inactive].
type Verification struct {
	Outcome   Outcome
	KeyID     string // key_…
	Kind      Kind
	OwnerID   string // user_… or sa_…
	OwnerType string // user or service_account
	ProjectID string // empty for an admin key
	Scope     string // what the key may do, with spaces between, as RFC 6749 has it
	CreatedAt int64  // Unix seconds
	ExpiresAt int64  // Unix seconds; 0: never
}

// Allowed reports whether the key is let in.
func (v Verification) Allowed() bool { return v.Outcome == Allowed }

// NewVerifier returns a verifier that asks the server at baseURL, with no path of
// the API behind it:
//
//   - the gateway listener, http://127.0.0.1:8081 or unix:/run/keyreeve/gateway.sock,
//     which asks for no key;
//   - the main listener, https://keys.example.com, with [WithAdminKey].
//
// It makes no connection. An [Option] changes it as it does a [Client], but the
// default timeout is 2 seconds, and there are no retries to set: net/http itself
// repeats what met a closing connection.
func NewVerifier(baseURL string, opts ...VerifierOption) (*Verifier, error) {
	v, err := newVerifier(baseURL, opts)
	if err != nil {
		return nil, fmt.Errorf("new verifier: %w", err)
	}
	return v, nil
}

// Verify tells whether key is good and of one of the kinds; none means any.
//
// A string that no server could have issued (empty, longer than 256 bytes, with
// other than visible ASCII) is Inactive without a request. The errors are those
// of a [Client]: an [*Error] is the server's refusal to answer, such as of the
// admin key; a [*ResponseError] an answer that is not one; a [*RequestError] a
// kind that does not exist. All mean that nothing is known of the key: answer 503.
func (v *Verifier) Verify(ctx context.Context, key string, kinds ...Kind) (Verification, error) {
	if err := checkKinds(kinds); err != nil {
		return Verification{}, err
	}
	if !couldBeKey(key) {
		return Verification{Outcome: Inactive}, nil
	}
	found, err := v.look(ctx, key)
	if err != nil {
		return Verification{}, err
	}
	// After the cache, which thus holds what is true of the key alone.
	if found.Allowed() && len(kinds) > 0 && !slices.Contains(kinds, found.Kind) {
		found.Outcome = WrongKind
	}
	return found, nil
}

// look returns what the cache or else the server says of the key.
func (v *Verifier) look(ctx context.Context, key string) (Verification, error) {
	if v.cache == nil {
		return v.introspect(ctx, key)
	}
	id := cacheID(key)
	// Taken before the request: a revocation that the answer does not know of
	// yet is later than this.
	asked := time.Now()
	if found, ok := v.cache.get(id, asked); ok {
		return found, nil
	}
	found, err := v.introspect(ctx, key)
	if err == nil && found.Allowed() {
		v.cache.put(id, found, asked)
	}
	return found, err
}

// CloseIdleConnections closes the connections that wait for a next request. The
// verifier stays usable.
func (v *Verifier) CloseIdleConnections() { v.http.CloseIdleConnections() }

// String returns the address that is asked, without any key.
func (v *Verifier) String() string { return "verifier of " + v.address }

// GoString is String, so that %#v shows no more than %v.
func (v *Verifier) GoString() string { return v.String() }

// maxKey is the length in bytes beyond which a string is no key. Four times the
// longest, and with every byte escaped still a request that a server reads.
const maxKey = 256

func couldBeKey(s string) bool { return len(s) <= maxKey && checkKeyValue(s) == nil }

func checkKinds(kinds []Kind) error {
	for _, kind := range kinds {
		switch kind {
		case KindAdmin, KindProject, KindServiceAccount:
		default:
			return &RequestError{opVerify, "kind", "must be admin, project or service_account"}
		}
	}
	return nil
}

// parseVerifierURL returns the path of a unix socket, or the URL without a
// trailing slash.
func parseVerifierURL(raw string) (socket, base string, err error) {
	if path, ok := strings.CutPrefix(raw, "unix:"); ok {
		if path == "" || strings.HasPrefix(path, "//") {
			return "", "", errors.New("a socket is written unix:PATH")
		}
		return path, "http://localhost", nil
	}
	trimmed := strings.TrimSuffix(raw, "/")
	switch {
	case strings.HasSuffix(trimmed, "/v1"):
		return "", "", errors.New("must not end in /v1: the paths of gateways stand beside the API")
	case strings.HasSuffix(trimmed, "/"): // http:// would swallow what follows
		return "", "", errors.New("ends in two slashes")
	}
	base, err = parseBaseURL(trimmed + "/v1") // held to the same rules
	return "", strings.TrimSuffix(base, "/v1"), err
}
