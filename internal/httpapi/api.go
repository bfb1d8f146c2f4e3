package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Config is what the API is made of.
type Config struct {
	Service      *org.Service
	Authenticate Authenticator

	// Await returns true once the index has applied a revision, and false when
	// that takes too long or ctx ends before. Nil: every revision counts as applied.
	Await func(ctx context.Context, revision int64) bool

	// Now is the clock that expiry is judged by, in Unix seconds.
	Now func() int64

	// OrganizationID is sent as openai-organization.
	OrganizationID string

	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix

	Logger *slog.Logger

	// Observe is told of each finished request. May be nil.
	Observe func(operation string, status int, took time.Duration)
}

// Verdict is what became of a presented key.
type Verdict int

// The verdicts.
const (
	Refused Verdict = iota // unknown, revoked or expired
	Accepted
	Unknowable    // the server cannot tell at the moment
	AcceptedStale // good when the server last knew, and the operator lets that do
)

// Authenticator judges a presented key. The caller's Origin is not its
// business.
type Authenticator func(key string) (org.Caller, Verdict)

// admin is the Administration API.
type admin struct {
	Config
}

// New returns the handler of everything under /v1. It answers any path: one
// that it does not know with the contract's 404.
func New(cfg Config) http.Handler {
	a := &admin{cfg}
	byPath := map[string][]route{}
	for _, r := range a.table() {
		byPath[r.Path] = append(byPath[r.Path], r)
	}
	mux := http.NewServeMux()
	for path, routes := range byPath {
		mux.Handle(path, a.byMethod(routes))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { writeError(w, r, errUnknownURL(r)) })
	return a.track(mux)
}

// byMethod picks the route of one path. The router is not given the methods,
// because its own 405 is not the contract's. HEAD is served as GET.
func (a *admin) byMethod(routes []route) http.Handler {
	handlers := map[string]http.Handler{}
	var allowed []string
	for _, r := range routes {
		handlers[r.Method] = a.authorize(r)
		allowed = append(allowed, r.Method)
	}
	if get := handlers[http.MethodGet]; get != nil {
		handlers[http.MethodHead] = get
		allowed = append(allowed, http.MethodHead)
	}
	slices.Sort(allowed)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !spelledOut(r) {
			writeError(w, r, errUnknownURL(r))
			return
		}
		h, ok := handlers[r.Method]
		if !ok {
			writeError(w, r, errWrongMethod(r, allowed...))
			return
		}
		h.ServeHTTP(w, r)
	})
}

// authorize lets a request through to its handler when its key is good and its
// caller has the route's permission. Both come before the request is read.
func (a *admin) authorize(next route) http.Handler {
	if next.Permission == anybody {
		return a.welcome(next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := trackOf(r)
		t.operation = next.Operation
		key, bad := bearerToken(r.Header)
		if bad == nil {
			bad = a.awaitRevision(r)
		}
		if bad != nil {
			writeError(w, r, bad)
			return
		}
		caller, verdict := a.Authenticate(key)
		switch verdict {
		case Accepted:
		case AcceptedStale:
			w.Header().Set(headerStale, staleGrace)
		case Unknowable:
			writeError(w, r, errStorageUnavailable(time.Second))
			return
		default:
			writeError(w, r, errInvalidAPIKey(key))
			return
		}
		caller.Origin = a.originOf(r)
		t.caller = caller
		if err := caller.Require(next.permission(caller, r)); err != nil {
			writeError(w, r, a.errorOf(r, err))
			return
		}
		next.handler.ServeHTTP(w, r)
	})
}

// welcome lets every request through. A key that comes with one is not looked at.
func (a *admin) welcome(next route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := trackOf(r)
		t.operation, t.caller = next.Operation, org.Caller{Origin: a.originOf(r)}
		next.handler.ServeHTTP(w, r)
	})
}

// track gives each request its id, its common headers and its line in the log,
// and turns a panic into a 500.
func (a *admin) track(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &track{ResponseWriter: w, api: a, id: newRequestID(), start: time.Now()}
		r = r.WithContext(withTrack(r.Context(), t))
		h := w.Header()
		h.Set("X-Request-Id", t.id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		defer t.finish(r)
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			t.err = "panic"
			a.Logger.Error("a request panicked", "request_id", t.id, "operation", t.operation,
				"panic", p, "stack", string(debug.Stack()))
			if t.status == 0 {
				writeError(t, r, errInternal())
			}
		}()
		if !checkPath(r) {
			writeError(t, r, errUnknownURL(r))
			return
		}
		next.ServeHTTP(t, r)
	})
}

// newRequestID returns req_ and 32 hexadecimal characters.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return "req_" + hex.EncodeToString(b[:])
}

// beforeHeader sets what depends on the status. The openai-* headers are of
// answers to a known key.
func (t *track) beforeHeader(status int) {
	if status == http.StatusUnauthorized {
		return
	}
	h := t.Header()
	h.Set("Openai-Version", "2020-10-01")
	h.Set("Openai-Organization", t.api.OrganizationID)
	h.Set("Openai-Processing-Ms", strconv.FormatInt(time.Since(t.start).Milliseconds(), 10))
}
