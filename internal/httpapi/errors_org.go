package httpapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

// errorOf is the one mapping from the domain's errors to the wire. The detail
// of a fault goes to the log.
func (a *admin) errorOf(r *http.Request, err error) *apiError {
	if refusal, ok := errors.AsType[*org.Refusal](err); ok {
		if refusal.Kind == org.Unauthenticated {
			key, _ := bearerToken(r.Header)
			return errInvalidAPIKey(key)
		}
		return newError(statusOf(refusal.Kind), api.ErrorTypeInvalidRequest, refusal.Code, refusal.Param, refusal.Message)
	}
	trackOf(r).err = err.Error()
	switch {
	case errors.Is(err, org.ErrUncertain):
		e := errOutcomeUnknown(time.Second)
		// What can be repeated without harm should be.
		e.NoRetry = r.Method == http.MethodPost
		return e
	case errors.Is(err, org.ErrUnavailable), r.Context().Err() != nil:
		return errStorageUnavailable(time.Second)
	default:
		return errInternal()
	}
}

func statusOf(k org.Kind) int {
	switch k {
	case org.NotFound:
		return http.StatusNotFound
	case org.Forbidden:
		return http.StatusForbidden
	default:
		return http.StatusBadRequest
	}
}
