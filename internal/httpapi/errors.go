package httpapi

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyreeve/keyreeve/api"
)

// apiError is an answer that is not 2xx: its status, its body and the headers
// that belong to it. Every request that fails ends as one of these, made by a
// constructor of this package, so that the wording stands in one place.
type apiError struct {
	Status     int
	Body       api.Error
	Allow      string        // the Allow header of a 405
	RetryAfter time.Duration // 0: no header; sent in whole seconds, rounded up
	NoRetry    bool          // tells the SDKs that a retry cannot help or may do harm
}

// Error returns the message of the body.
func (e *apiError) Error() string { return e.Body.Message }

// newError makes an apiError. An empty param or code is null on the wire.
func newError(status int, typ, code, param, message string) *apiError {
	return &apiError{
		Status: status,
		Body:   api.Error{Message: message, Type: typ, Param: orNull(param), Code: orNull(code)},
	}
}

// badRequest is newError for what the client got wrong in its parameters.
func badRequest(code, param, message string) *apiError {
	return newError(http.StatusBadRequest, api.ErrorTypeInvalidRequest, code, param, message)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// writeError answers with e.
func writeError(w http.ResponseWriter, _ *http.Request, e *apiError) {
	// An error message that cannot be sent would be worse than one with a
	// replacement character in it.
	body, err := json.Marshal(api.ErrorResponse{Error: e.Body}, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic("httpapi: encode error body: " + err.Error())
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if e.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="keyreeve"`)
	}
	if e.Allow != "" {
		h.Set("Allow", e.Allow)
	}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if e.NoRetry {
		h.Set("X-Should-Retry", "false")
	}
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // the client is gone: nobody left to tell
}
