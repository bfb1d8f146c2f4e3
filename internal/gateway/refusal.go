package gateway

import (
	"bytes"
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/apierror"
	"github.com/keyreeve/keyreeve/internal/token"
)

// Refusal is an answer that does not let a request through.
type Refusal struct {
	Status int // 4xx or 503; nothing else but 2xx lets a request through

	// Reason is one word for an operator's log. It says no more than the body
	// does to whoever sent the request: of an unknown, a revoked and an
	// expired key it is the same.
	Reason string

	// RetryAfter is in how many seconds the same request may be let through, 0
	// where nobody knows.
	RetryAfter int64

	// Body is the error in OpenAI's form, as JSON.
	Body []byte
}

// The reasons that are not codes of the API.
const (
	reasonMissing    = "missing_key"
	reasonAmbiguous  = "ambiguous_key"
	reasonWrongKind  = "wrong_kind"
	reasonStale      = "unavailable"
	reasonBadRequest = "bad_request"
)

// The refusals that are the same for all.
var (
	missingKey   = newRefusal(http.StatusUnauthorized, reasonMissing, apierror.MissingKey())
	ambiguousKey = newRefusal(http.StatusUnauthorized, reasonAmbiguous, apierror.AmbiguousKey())
	wrongKind    = newRefusal(http.StatusForbidden, reasonWrongKind, apierror.WrongKind())
	unavailable  = newRefusal(http.StatusServiceUnavailable, reasonStale, apierror.StorageUnavailable())
	unknownPath  = newRefusal(http.StatusNotFound, reasonBadRequest, apierror.UnknownPath())
)

// refuseKey is the one answer to an unknown, a revoked and an expired key. A
// flood of junk ends here, so the body is put together from its two halves.
func refuseKey(key string) *Refusal {
	body := make([]byte, 0, len(incorrect[0])+len(incorrect[1])+64)
	body = append(body, incorrect[0]...)
	for _, c := range []byte(token.Mask(key)) { // visible ASCII
		if c == '"' || c == '\\' {
			body = append(body, '\\')
		}
		body = append(body, c)
	}
	return &Refusal{
		Status: http.StatusUnauthorized, Reason: api.CodeInvalidAPIKey, Body: append(body, incorrect[1]...),
	}
}

// refuseLimited answers a request over its limit: with 429, or with the status
// that the gateway asked for.
func refuseLimited(ask Ask, wait time.Duration) *Refusal {
	// A second too many is better than a request that is refused again.
	seconds := int64((wait + time.Second - 1) / time.Second)
	r := newRefusal(cmp.Or(ask.LimitedAs, http.StatusTooManyRequests), api.CodeRateLimitExceeded, apierror.RateLimited(ask.Model, seconds))
	r.RetryAfter = seconds
	return r
}

// incorrect is the body of refuseKey before and after the masked key.
var incorrect = func() (halves [2][]byte) {
	// A key of one character is masked by one star, and there is no other.
	body := newRefusal(http.StatusUnauthorized, api.CodeInvalidAPIKey, apierror.InvalidKey("x")).Body
	halves[0], halves[1], _ = bytes.Cut(body, []byte("*"))
	return halves
}()

func newRefusal(status int, reason string, e api.Error) *Refusal {
	body, err := json.Marshal(api.ErrorResponse{Error: e}, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic("gateway: encode error body: " + err.Error())
	}
	return &Refusal{Status: status, Reason: reason, Body: body}
}

// retryAfter is the Retry-After header of a 503, in seconds: keys are known
// again within a second or two of the storage's return.
const retryAfter = "1"

// challenge is the WWW-Authenticate header of a 401 (RFC 6750, section 3).
func (r *Refusal) challenge() string {
	if r.Reason == api.CodeInvalidAPIKey {
		return `Bearer realm="keyreeve", error="invalid_token"`
	}
	return `Bearer realm="keyreeve"`
}

// each yields the header of the answer, in canonical spelling.
func (r *Refusal) each(yield func(name, value string) bool) {
	_ = yield("Cache-Control", "no-store") && yield("Content-Type", "application/json") &&
		yield("X-Content-Type-Options", "nosniff") && yield(headerReason, r.Reason) &&
		(r.Status != http.StatusUnauthorized || yield("WWW-Authenticate", r.challenge())) &&
		(r.Status != http.StatusServiceUnavailable || yield("Retry-After", retryAfter)) &&
		(r.RetryAfter == 0 || yield("Retry-After", strconv.FormatInt(r.RetryAfter, 10))) &&
		(r.Status != http.StatusMethodNotAllowed || yield("Allow", http.MethodPost))
}

// These answer a gateway that was set up wrongly (400). They let nothing
// through, since it may have been meant to restrict.
var (
	badQuery = misuse("query", "kind may stand in it once, as admin, project or service_account, or several of these with commas between")
	badPath  = misuse("path", "behind /gateway/ext_authz/ it needs the kinds of keys, or any, and the original path")
	badKinds = misuse("context extension", "kind must be admin, project or service_account, or several of these with commas between")
)

// badModel answers a request that names two models, and badLimited one that
// wants another status than there is (400).
var (
	badModel   = badRequest(http.StatusBadRequest, "Invalid header X-Keyreeve-Model: it may be sent once.")
	badLimited = badRequest(http.StatusBadRequest, "Invalid query: limited may stand in it once, as 403 or 429, and model once.")
)

// badRevision answers a header that asks for no revision (400).
var badRevision = newRefusal(http.StatusBadRequest, reasonBadRequest, apierror.BadRevision())

func misuse(where, why string) *Refusal {
	param, code := "kind", api.CodeInvalidValue
	return newRefusal(http.StatusBadRequest, reasonBadRequest, api.Error{
		Message: "Invalid " + where + ": " + why + ".", Type: api.ErrorTypeInvalidRequest, Param: &param, Code: &code,
	})
}

// These answer what is no proper HTTP request, in the order of their status.
var (
	malformed    = badRequest(http.StatusBadRequest, "We could not parse your HTTP request.")
	slow         = badRequest(http.StatusRequestTimeout, "Your request took too long to arrive.")
	bodyTooLarge = badRequest(http.StatusRequestEntityTooLarge, "The request body is larger than 4096 bytes.")
	expectation  = badRequest(http.StatusExpectationFailed, "The only expectation that can be met is 100-continue.")
	version      = badRequest(http.StatusHTTPVersionNotSupported, "The HTTP versions understood are 1.0 and 1.1.")
)

func badRequest(status int, message string) *Refusal {
	return newRefusal(status, reasonBadRequest, api.Error{Message: message, Type: api.ErrorTypeInvalidRequest})
}

// internal answers a request over which we panicked (500).
var internal = newRefusal(http.StatusInternalServerError, "internal", apierror.Internal())
