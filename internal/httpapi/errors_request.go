package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/apierror"
	"github.com/keyreeve/keyreeve/internal/echo"
)

// The errors of a request as a whole: who asks, for what, and whether the
// server can answer at all.

func errMissingBearer() *apiError {
	return &apiError{Status: http.StatusUnauthorized, Body: apierror.MissingKey()}
}

// errInvalidAPIKey is the one answer to an unknown, a revoked and an expired
// key.
func errInvalidAPIKey(presented string) *apiError {
	return &apiError{Status: http.StatusUnauthorized, Body: apierror.InvalidKey(presented)}
}

func errUnknownURL(r *http.Request) *apiError {
	return newError(http.StatusNotFound, api.ErrorTypeInvalidRequest, "", "",
		fmt.Sprintf("Invalid URL (%s %s)", echo.Value(r.Method), echo.Path(r.URL)))
}

// errWrongMethod lists the methods that the URL does have.
func errWrongMethod(r *http.Request, allowed ...string) *apiError {
	e := newError(http.StatusMethodNotAllowed, api.ErrorTypeInvalidRequest, "", "",
		fmt.Sprintf("Invalid method for URL (%s %s)", echo.Value(r.Method), echo.Path(r.URL)))
	e.Allow = strings.Join(allowed, ", ")
	return e
}

// errInternal is our fault; what went wrong stands in the log only. A retry
// would meet the same defect, and might create a thing twice.
func errInternal() *apiError {
	e := newError(http.StatusInternalServerError, api.ErrorTypeServer, "", "",
		"The server had an error while processing your request. "+
			"If it persists, give the x-request-id of this response to whoever runs this server.")
	e.NoRetry = true
	return e
}

// errStorageUnavailable says that the database is away and nothing was changed.
func errStorageUnavailable(retryAfter time.Duration) *apiError {
	return &apiError{
		Status: http.StatusServiceUnavailable, Body: apierror.StorageUnavailable(),
		RetryAfter: max(retryAfter, time.Second),
	}
}

// errOutcomeUnknown says that the database went away while it committed. A
// blind retry of a create could make the thing twice, so it asks for none.
func errOutcomeUnknown(retryAfter time.Duration) *apiError {
	e := newError(http.StatusServiceUnavailable, api.ErrorTypeServer, api.CodeStorageUnavailable, "",
		"The storage of this server went away while it saved your change. It may have been saved: "+
			"look before you send it again.")
	e.RetryAfter = max(retryAfter, time.Second)
	e.NoRetry = true
	return e
}
