package client

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/api"
)

// Middleware returns what wraps a handler so that only requests with a good key
// reach it, in "Authorization: Bearer KEY". None for kinds means any kind;
// Middleware panics where one does not exist. The handler finds whose key it is by
// [VerificationFrom].
//
// Other requests are answered in the form of OpenAI's errors: 401 without a key,
// with two, or with one that is not good; 403 for a good key of another kind; 503
// with Retry-After where nothing could be known, and then the function of
// [WithErrorFunc] is told why.
//
// The request goes on with its Authorization header. A handler that passes
// requests on to a model server replaces it.
func (v *Verifier) Middleware(kinds ...Kind) func(http.Handler) http.Handler {
	if err := checkKinds(kinds); err != nil {
		panic("client: Verifier.Middleware: " + err.Error())
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			key, refusal := bearer(r.Header)
			if refusal != nil {
				refusal.write(w)
				return
			}
			found, err := v.Verify(r.Context(), key, kinds...)
			switch {
			case err != nil:
				if r.Context().Err() == nil {
					v.failed(r.Context(), err)
				}
				cannotTell.write(w)
			case found.Outcome == WrongKind:
				wrongKind.write(w)
			case !found.Allowed():
				badKey.write(w)
			default:
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), verificationKey{}, found)))
			}
		})
	}
}

type verificationKey struct{}

// VerificationFrom returns whose key a request was let in by, and false for a
// context that did not come through [Verifier.Middleware].
func VerificationFrom(ctx context.Context) (Verification, bool) {
	v, ok := ctx.Value(verificationKey{}).(Verification)
	return v, ok
}

// bearer returns the key of a request. A header that came twice is refused, also
// where a proxy has joined the two by a comma: what stands behind might go by the
// other one.
func bearer(h http.Header) (string, *refusal) {
	value := h.Get("Authorization")
	if len(h.Values("Authorization")) > 1 || strings.Contains(value, ",") {
		return "", twoKeys
	}
	scheme, key, _ := strings.Cut(strings.Trim(value, " \t"), " ")
	key = strings.TrimLeft(key, " \t")
	if key == "" || !strings.EqualFold(scheme, "Bearer") {
		return "", noKey
	}
	return key, nil
}

// refusal is an answer that is the same for all whom it is given to.
type refusal struct {
	status    int
	challenge string // WWW-Authenticate, or ""
	body      []byte
}

// The answers of the gateways, as far as they can be the same: what was presented
// is not shown here, not even masked.
var (
	noKey = newRefusal(http.StatusUnauthorized, `Bearer realm="keyreeve"`,
		api.ErrorTypeInvalidRequest, "", "Missing bearer authentication in header")
	twoKeys = newRefusal(http.StatusUnauthorized, `Bearer realm="keyreeve"`,
		api.ErrorTypeInvalidRequest, "", "More than one API key was sent. Send one key, in one header.")
	badKey = newRefusal(http.StatusUnauthorized, `Bearer realm="keyreeve", error="invalid_token"`,
		api.ErrorTypeInvalidRequest, api.CodeInvalidAPIKey, "Incorrect API key provided. It is unknown, revoked or expired: "+
			"use another key, or ask an owner of this organization for one.")
	wrongKind = newRefusal(http.StatusForbidden, "",
		api.ErrorTypeInvalidRequest, "", "You have insufficient permissions for this operation. "+
			"This API key is good, but not of a kind that may be used here.")
	cannotTell = newRefusal(http.StatusServiceUnavailable, "",
		api.ErrorTypeServer, api.CodeStorageUnavailable, "This API key cannot be checked at the moment. Please try again.")
)

func newRefusal(status int, challenge, errorType, code, message string) *refusal {
	e := api.Error{Message: message, Type: errorType}
	if code != "" {
		e.Code = &code
	}
	body, err := json.Marshal(api.ErrorResponse{Error: e})
	if err != nil {
		panic("client: encode error body: " + err.Error())
	}
	return &refusal{status, challenge, body}
}

func (r *refusal) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.challenge != "" {
		h.Set("WWW-Authenticate", r.challenge)
	}
	if r.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) //nolint:gosec // one of the constant answers above
}
