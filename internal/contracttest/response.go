package contracttest

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ValidateResponse checks the answer to a request: that its status is one the
// contract knows, that its body is application/json and agrees with the closed
// schema of the operation, or of ErrorResponse for an error, and that an error
// carries the headers that belong to its status. The path is the request's,
// without its query.
//
// Headers that every response carries are left to ValidateHeaders.
func ValidateResponse(tb testing.TB, method, path string, status int, header http.Header, body []byte) {
	tb.Helper()
	if err := load().validateResponse(method, path, status, header, body); err != nil {
		tb.Errorf("%s %s answered %d against the contract: %v", method, path, status, err)
	}
}

func (c *contract) validateResponse(method, path string, status int, header http.Header, body []byte) error {
	if mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return fmt.Errorf("content type %q, want application/json", header.Get("Content-Type"))
	}
	if method == http.MethodHead { // has no body
		return nil
	}
	value, err := parse(body)
	if err != nil {
		return err
	}
	if status >= 400 {
		return errors.Join(c.validateError(status, value), validateErrorHeaders(status, header))
	}
	op, ok := c.match(method, path)
	if !ok {
		return errors.New("no such operation, want an error")
	}
	schema, err := c.responseSchema(op, status)
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// parse reads a body more strictly than schemas can: one value, no member
// twice, valid UTF-8.
func parse(body []byte) (any, error) {
	var strict jsontext.Value
	if err := json.Unmarshal(body, &strict); err != nil {
		return nil, fmt.Errorf("the body is no JSON: %w", err)
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(body)) // keeps integers exact
}

// responseSchema returns the schema of an operation's successful response.
func (c *contract) responseSchema(op Operation, status int) (*jsonschema.Schema, error) {
	names := append(slices.Clip(op.node), "responses", strconv.Itoa(status))
	if c.at(names...) == nil {
		return nil, fmt.Errorf("%s has no response with status %d", op.ID, status)
	}
	return c.compile(append(names, "content", "application/json", "schema")...)
}

// errorTypes are the types of the error body by status: all statuses that a
// client may see. 409 is none of them, because every SDK retries it.
var errorTypes = map[int]string{
	http.StatusBadRequest:            "invalid_request_error",
	http.StatusUnauthorized:          "invalid_request_error",
	http.StatusForbidden:             "invalid_request_error",
	http.StatusNotFound:              "invalid_request_error",
	http.StatusMethodNotAllowed:      "invalid_request_error",
	http.StatusRequestEntityTooLarge: "invalid_request_error",
	http.StatusUnsupportedMediaType:  "invalid_request_error",
	http.StatusTooManyRequests:       "invalid_request_error",
	http.StatusInternalServerError:   "server_error",
	http.StatusServiceUnavailable:    "server_error",
}

func (c *contract) validateError(status int, value any) error {
	want, ok := errorTypes[status]
	if !ok {
		return errors.New("an error status that the contract does not have")
	}
	schema, err := c.compile("components", "schemas", "ErrorResponse")
	if err != nil {
		return err
	}
	if err := schema.Validate(value); err != nil {
		return err
	}
	body := value.(object)["error"].(object)
	if body["message"] == "" {
		return errors.New("the error has no message")
	}
	if body["type"] != want {
		return fmt.Errorf("error type %q, want %q", body["type"], want)
	}
	return nil
}

// validateErrorHeaders checks the headers that only some errors carry.
func validateErrorHeaders(status int, header http.Header) error {
	switch status {
	case http.StatusUnauthorized:
		if got := header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer realm="`) {
			return fmt.Errorf("WWW-Authenticate %q, want Bearer with a realm", got)
		}
	case http.StatusMethodNotAllowed:
		if header.Get("Allow") == "" {
			return errors.New("no Allow header")
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if seconds, err := strconv.Atoi(header.Get("Retry-After")); err != nil || seconds < 1 {
			return fmt.Errorf("Retry-After %q, want whole seconds", header.Get("Retry-After"))
		}
	}
	return nil
}
