package gateway

import (
	"errors"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// maxBody is the size of a request's body, in bytes: that of an introspection,
// and of what a gateway may send along without need.
const maxBody = 4 << 10

// Handler serves all adapters over net/http, and answers 404 to what is none.
// It goes by the request line itself, so no router that cleans paths may stand
// before it: see [Owns]. trusted says that only gateways can reach the
// listener, so that introspection asks for no key.
func (g *Gate) Handler(trusted bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				g.panicked(p)
				writeRefusal(w, internal)
			}
		}()
		body, refusal := readBody(w, r)
		if refusal != nil {
			w.Header().Set("Connection", "close") // some of the body may be on its way
			writeRefusal(w, refusal)
			return
		}
		op, ask, refusal := route(r.RequestURI)
		if refusal == nil {
			refusal = g.await(r.Context(), netHeader(r.Header))
		}
		switch {
		case refusal != nil:
			writeRefusal(w, refusal)
		case op == opIntrospect:
			g.serveIntrospect(w, r, body, trusted)
		default:
			g.serveAuth(w, r, ask, op == opExtAuthz)
		}
	})
}

// readBody takes in the body that a request may have, whatever it is for:
// whether the request was well formed shows only then. Before that it refuses
// what net/http lets pass and a proxy should not have sent.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *Refusal) {
	if r.ProtoMajor == 1 && r.ProtoMinor > 1 {
		return nil, version
	}
	if !proper(r) {
		return nil, malformed
	}
	for _, want := range r.Header["Expect"] {
		if want != "" && !strings.EqualFold(want, "100-continue") {
			return nil, expectation
		}
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > maxBody {
		return nil, bodyTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &tooLarge):
		return nil, bodyTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, slow
	default:
		return nil, malformed
	}
}

// proper reports whether a request is for a server that is no proxy and says for
// which one, with a target of a form that it may have (RFC 9112, section 3.2).
func proper(r *http.Request) bool {
	switch target := r.RequestURI; {
	case r.Method == http.MethodConnect || r.Host == "" && r.ProtoAtLeast(1, 1):
		return false
	case target == "*":
		return r.Method == http.MethodOptions
	default:
		return strings.HasPrefix(target, "/") || strings.Contains(target, "://")
	}
}

// serveAuth answers sub-requests of nginx (auth_request), Caddy (forward_auth),
// Traefik (ForwardAuth), HAProxy and Envoy (ext_authz over HTTP): 200 with who
// the key belongs to, or the refusal. Any method will do.
// Envoy is told as well which headers to remove.
func (g *Gate) serveAuth(w http.ResponseWriter, r *http.Request, ask Ask, envoy bool) {
	d, refusal := g.Decide(netHeader(r.Header), ask)
	if refusal != nil {
		writeRefusal(w, refusal)
		return
	}
	// The header map is filled directly: Set would canonicalise each name
	// again and allocate for values that are the same for all.
	h := w.Header()
	h["Cache-Control"] = noStore
	h["Content-Length"] = zero
	values := make([]string, 3) // one allocation for all
	values[0], values[1] = d.KeyID(), d.OwnerID()
	h[headerKeyID], h[headerOwnerID] = values[0:1:1], values[1:2:2]
	h[headerOwnerType] = ownerTypes[d.OwnerType()]
	h[headerKind] = kindNames[d.Kind()]
	// Empty ones are sent too, but to Envoy, which is told to remove them: a
	// gateway that copies them then replaces what the client may have made up.
	if values[2] = d.ProjectID(); values[2] != "" || !envoy {
		h[headerProjectID] = values[2:3:3]
	}
	if expires := d.ExpiresAt(); expires != 0 {
		h[headerExpiresAt] = []string{strconv.FormatInt(expires, 10)}
	} else if !envoy {
		h[headerExpiresAt] = empty
	}
	if d.Grace {
		h[headerStale] = inGrace
	}
	if envoy {
		h[headerRemove] = []string{strings.Join(g.removed(&d), ",")}
	}
	w.WriteHeader(http.StatusOK)
}

func (g *Gate) serveIntrospect(w http.ResponseWriter, r *http.Request, form []byte, trusted bool) {
	if r.Method != http.MethodPost {
		writeRefusal(w, wrongMethod)
		return
	}
	var caller Header
	if !trusted {
		caller = netHeader(r.Header)
	}
	body, refusal := g.introspect(lastOf(r.Header["Content-Type"]), form, caller)
	if refusal != nil {
		writeRefusal(w, refusal)
		return
	}
	h := w.Header()
	h["Cache-Control"] = noStore
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(body) //nolint:gosec // JSON, and declared as such
}

// lastOf is the value of a header that came last.
func lastOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// Header values that are shared by all answers and never changed.
var (
	noStore    = []string{"no-store"}
	zero       = []string{"0"}
	empty      = []string{""}
	inGrace    = []string{staleGrace}
	ownerTypes = [...][]string{
		verify.OwnerUser:           {verify.OwnerUser.String()},
		verify.OwnerServiceAccount: {verify.OwnerServiceAccount.String()},
	}
	kindNames = [...][]string{
		token.KindAdmin:          {token.KindAdmin.String()},
		token.KindProject:        {token.KindProject.String()},
		token.KindServiceAccount: {token.KindServiceAccount.String()},
	}
)

// netHeader is a Header of net/http.
type netHeader http.Header

// First implements Header.
func (h netHeader) First(name Name) (string, int) {
	values := h[name.Canonical]
	if len(values) == 0 {
		return "", 0
	}
	return values[0], len(values)
}

func writeRefusal(w http.ResponseWriter, r *Refusal) {
	h := w.Header()
	for name, value := range r.each {
		h[name] = []string{value}
	}
	h["Content-Length"] = []string{strconv.Itoa(len(r.Body))}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) //nolint:gosec // JSON, and declared as such
}

// panicked logs a panic. It shows no request, which has a key in it.
func (g *Gate) panicked(p any) {
	g.logger.Error("a gateway's request panicked", "panic", p, "stack", string(debug.Stack()))
}
