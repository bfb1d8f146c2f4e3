package httpapi

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/echo"
)

// maxBodyBytes is the longest request body that is read (contract, section 2).
const maxBodyBytes = 256 << 10

// The errors of parameters: what is wrong with a body, a query or one value.
// The first sentence of each message is the contract's, the rest says what to
// do. Values are passed as they came; each constructor makes them safe to show.

// errMalformedBody says why a body is not one JSON value, as one or more whole
// sentences.
func errMalformedBody(why string) *apiError {
	return badRequest("", "", "We could not parse the JSON body of your request. "+why)
}

// errMalformedQuery says why a query string cannot be decoded.
func errMalformedQuery(why string) *apiError {
	return badRequest("", "", "We could not parse the query string of your request. "+why)
}

func errMissingParameter(param string) *apiError {
	p := echo.Value(param)
	return badRequest(api.CodeMissingRequiredParameter, p, fmt.Sprintf("Missing required parameter: '%s'.", p))
}

func errUnknownParameter(param string) *apiError {
	p := echo.Value(param)
	return badRequest(api.CodeUnknownParameter, p, fmt.Sprintf("Unknown parameter: '%s'.", p))
}

func errDuplicateParameter(param string) *apiError {
	return badRequest(api.CodeDuplicateParameter, param,
		fmt.Sprintf("Duplicate parameter: '%s'. It takes one value: give it once.", param))
}

// errInvalidType says that param holds another type than it should; want and
// got carry their article. Without a param it is the body as a whole.
func errInvalidType(param, want, got string) *apiError {
	p, subject := echo.Value(param), "the request body"
	if p != "" {
		subject = "'" + p + "'"
	}
	return badRequest(api.CodeInvalidType, p,
		fmt.Sprintf("Invalid type for %s: expected %s, but got %s instead.", subject, want, got))
}

// errInvalidEnum says that value is none of the supported ones.
func errInvalidEnum(param, value string, supported []string) *apiError {
	return badRequest(api.CodeInvalidValue, echo.Value(param),
		fmt.Sprintf("Invalid value: '%s'. Supported values are: %s.", echo.Value(value), echo.List(supported)))
}

// errAboveMax and errBelowMin take the number as it was written, since it may
// be beyond any integer type.
func errAboveMax(param string, limit int64, got string) *apiError {
	p := echo.Value(param)
	return badRequest(api.CodeIntegerAboveMaxValue, p, fmt.Sprintf(
		"Invalid '%s': integer above maximum value. Expected a value <= %d, but got %s instead.", p, limit, echo.Value(got)))
}

func errBelowMin(param string, limit int64, got string) *apiError {
	p := echo.Value(param)
	return badRequest(api.CodeIntegerBelowMinValue, p, fmt.Sprintf(
		"Invalid '%s': integer below minimum value. Expected a value >= %d, but got %s instead.", p, limit, echo.Value(got)))
}

func errBodyTooLarge() *apiError {
	return newError(http.StatusRequestEntityTooLarge, api.ErrorTypeInvalidRequest, "", "",
		"The body of your request is too large. At most "+strconv.Itoa(maxBodyBytes)+" bytes are accepted.")
}

func errUnsupportedContentType(got string) *apiError {
	return newError(http.StatusUnsupportedMediaType, api.ErrorTypeInvalidRequest, api.CodeUnsupportedContentType, "",
		fmt.Sprintf("Unsupported content type: '%s'. Send the body as 'application/json'.", echo.Value(got)))
}

func errUnsupportedContentEncoding(got string) *apiError {
	return newError(http.StatusUnsupportedMediaType, api.ErrorTypeInvalidRequest, api.CodeUnsupportedContentType, "",
		fmt.Sprintf("Unsupported content encoding: '%s'. Send the body without compression.", echo.Value(got)))
}
