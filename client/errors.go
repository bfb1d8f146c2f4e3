package client

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyreeve/keyreeve/api"
)

// Bounds in characters on text that comes from a server and goes into errors.
const (
	maxMessage = 1000
	maxToken   = 200
	maxExcerpt = 200
)

// Error is the server's refusal: any answer that is not 2xx. Its text comes
// from the server, shortened, and freed of control characters and of the
// client's own key.
type Error struct {
	Operation string // what was being done: "create admin API key"
	Status    int    // HTTP status; 3xx for a redirect, which is not followed
	Type      string // api.ErrorTypeInvalidRequest, …; empty if the body is not the API's
	Code      string // api.CodeInvalidAPIKey, …; often empty
	Param     string // the offending parameter; often empty
	Message   string
	RequestID string // x-request-id, to be quoted to whoever runs the server

	// RetryAfter is the pause that the server asks for; 0 if it does not.
	RetryAfter time.Duration
}

// Error returns the operation and the server's message, then the status and
// what else identifies the refusal.
func (e *Error) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %s (%d", e.Operation, e.Message, e.Status)
	if e.Code != "" {
		s.WriteString(" " + e.Code)
	} else if e.Type != "" {
		s.WriteString(" " + e.Type)
	}
	return s.String() + inRequest(e.RequestID) + ")"
}

// noSuchObject reports whether the API itself says that the object does not
// exist. The 404 of a proxy, or of a route that the server lacks, says nothing
// about an object.
func (e *Error) noSuchObject() bool {
	return e.Status == http.StatusNotFound &&
		e.Type == api.ErrorTypeInvalidRequest &&
		!strings.HasPrefix(e.Message, "Invalid URL")
}

// RequestError is a request that breaks the contract. Nothing was sent.
type RequestError struct {
	Operation string
	Param     string // as the API names it: name, expires_in_seconds, key_id, …
	Message   string
}

// Error names the operation and the parameter.
func (e *RequestError) Error() string {
	return fmt.Sprintf("%s: invalid %s: %s (nothing was sent)", e.Operation, e.Param, e.Message)
}

// ResponseError is a 2xx answer that is not what the contract promises. What
// was asked may have been done.
type ResponseError struct {
	Operation string
	Status    int
	RequestID string
	Message   string // what is wrong, without the values of the response
}

// Error names the operation and the fault.
func (e *ResponseError) Error() string {
	return fmt.Sprintf("%s: unusable response: %s (%d%s)", e.Operation, e.Message, e.Status, inRequest(e.RequestID))
}

func inRequest(id string) string {
	if id == "" {
		return ""
	}
	return ", request " + id
}

// newError turns an answer that is not 2xx into an Error.
func (t *transport) newError(operation string, a *answer) *Error {
	e := &Error{
		Operation:  operation,
		Status:     a.status,
		RequestID:  t.clean(a.requestID(), maxToken),
		RetryAfter: retryAfter(a),
	}
	if a.location != "" && a.status < 400 {
		e.Message = "redirects are not followed; this one points to " + t.clean(a.location, maxMessage)
		return e
	}
	wire, ok := parseError(a.body)
	if !ok {
		e.Message = http.StatusText(a.status)
		if excerpt := t.clean(string(a.body), maxExcerpt); excerpt != "" {
			e.Message = fmt.Sprintf("not an API error, but: %s", excerpt)
		}
		return e
	}
	e.Type = t.clean(wire.Type, maxToken)
	e.Message = t.clean(wire.Message, maxMessage)
	if wire.Code != nil {
		e.Code = t.clean(*wire.Code, maxToken)
	}
	if wire.Param != nil {
		e.Param = t.clean(*wire.Param, maxToken)
	}
	return e
}

// parseError reads an error body. Besides the API's form it takes a bare
// string, which some gateways send: {"error": "no such upstream"}.
func parseError(body []byte) (api.Error, bool) {
	var outer struct {
		Error jsontext.Value `json:"error"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return api.Error{}, false
	}
	var e api.Error
	var err error
	if outer.Error.Kind() == '"' {
		err = json.Unmarshal(outer.Error, &e.Message)
	} else {
		err = json.Unmarshal(outer.Error, &e)
	}
	return e, err == nil && e.Message != ""
}

// clean makes foreign text fit for a terminal and a log: without the client's
// key, valid UTF-8, on one line, printable, at most limit characters.
func (t *transport) clean(s string, limit int) string {
	s = strings.ReplaceAll(s, t.key(), "[key]")
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	runes := []rune(strings.Join(strings.Fields(s), " "))
	if len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return string(runes)
}
