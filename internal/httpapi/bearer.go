package httpapi

import (
	"fmt"
	"net/http"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/token"
)

// bearerToken returns what a request presents as its key: the credentials of
// its one Authorization header, whose scheme must be Bearer in any case. It
// does not look at the credentials themselves.
//
// A second Authorization header is refused even where it repeats the first: a
// proxy in front of us may have judged the other one.
func bearerToken(h http.Header) (string, *apiError) {
	values := h["Authorization"]
	if len(values) > 1 {
		return "", newError(http.StatusUnauthorized, api.ErrorTypeInvalidRequest, "", "",
			fmt.Sprintf("Expected one Authorization header, but got %d. Send the API key once.", len(values)))
	}
	if len(values) == 0 {
		return "", errMissingBearer()
	}
	credentials, ok := token.Bearer(values[0])
	if !ok {
		return "", errMissingBearer()
	}
	return credentials, nil
}
