// Package apierror words the errors about a presented key, for the API and for
// gateways alike, so that a client meets one text wherever it is refused.
package apierror

import (
	"fmt"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/echo"
	"github.com/keyreeve/keyreeve/internal/token"
)

func invalidRequest(code, message string) api.Error {
	e := api.Error{Message: message, Type: api.ErrorTypeInvalidRequest}
	if code != "" {
		e.Code = &code
	}
	return e
}

// MissingKey answers a request without a key (401).
func MissingKey() api.Error {
	return invalidRequest("", "Missing bearer authentication in header")
}

// AmbiguousKey answers a request with two different keys (401).
func AmbiguousKey() api.Error {
	return invalidRequest("", "More than one API key was sent. Send one key, in one header.")
}

// InvalidKey answers an unknown, a revoked and an expired key alike (401):
// which of them it was is nobody's business who does not hold it.
func InvalidKey(presented string) api.Error {
	return invalidRequest(api.CodeInvalidAPIKey, fmt.Sprintf(
		"Incorrect API key provided: %s. It is unknown, revoked or expired: use another key, "+
			"or ask an owner of this organization for one.", token.Mask(presented)))
}

// WrongKind answers a good key of a kind that is not let in here (403).
func WrongKind() api.Error {
	return invalidRequest("", "You have insufficient permissions for this operation. "+
		"This API key is good, but not of a kind that may be used here.")
}

// RateLimited answers a request over the limit of its project for a model (429),
// which may come again in so many seconds.
func RateLimited(model string, seconds int64) api.Error {
	return invalidRequest(api.CodeRateLimitExceeded, fmt.Sprintf(
		"Rate limit reached: this API key's project has used up its requests for the model '%s'. Please try again in %d s.",
		echo.Value(model), seconds))
}

// StorageUnavailable answers while nothing can be told about a key (503).
func StorageUnavailable() api.Error {
	code := api.CodeStorageUnavailable
	return api.Error{
		Message: "The storage of this server is not available at the moment. Nothing was changed; please try again.",
		Type:    api.ErrorTypeServer, Code: &code,
	}
}

// Internal answers a request over which the server failed (500).
func Internal() api.Error {
	return api.Error{Message: "The server had an error while processing your request.", Type: api.ErrorTypeServer}
}

// WrongMethod answers a method that a path does not have (405); want is the
// request that it does answer.
func WrongMethod(want string) api.Error {
	return invalidRequest("", "Invalid method for URL. Expected "+want+".")
}

// UnknownPath answers a path of the gateways' listener that is none of theirs
// (404).
func UnknownPath() api.Error {
	return invalidRequest("", "Invalid URL. This listener answers /gateway/auth, /gateway/introspect and /gateway/ext_authz/.")
}
