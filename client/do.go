package client

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// call is one operation of the contract. Its types are those of the JSON bodies.
type call[Resp, Req any] struct {
	operation string
	method    string
	path      string // below the base URL, escaped
	query     url.Values
	body      *Req // nil: none

	// check says what the contract demands of a response beyond its types.
	check func(*Resp) error

	// gone is the result when there is no such object (404) and an earlier
	// attempt of this very call may be the reason. nil: an error.
	gone func() *Resp
}

// none is the Req of a call without a body.
type none struct{}

// do sends c, again where that is safe and useful, and returns its checked
// response.
func do[Resp, Req any](ctx context.Context, t *transport, c call[Resp, Req]) (*Resp, error) {
	r := request{operation: c.operation, method: c.method, url: t.base + c.path}
	if q := c.query.Encode(); q != "" {
		r.url += "?" + q
	}
	if c.body != nil {
		body, err := json.Marshal(c.body)
		if err != nil {
			return nil, &RequestError{Operation: c.operation, Param: "body", Message: err.Error()}
		}
		r.body = body
	}

	a, uncertain, err := t.send(ctx, r)
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		refused := t.newError(c.operation, a)
		if uncertain && c.gone != nil && refused.noSuchObject() {
			return c.gone(), nil
		}
		return nil, refused
	}
	resp, err := decode(a, c.check)
	if err != nil {
		return nil, &ResponseError{
			Operation: c.operation,
			Status:    a.status,
			RequestID: t.clean(a.requestID(), maxToken),
			Message:   t.clean(err.Error(), maxMessage),
		}
	}
	return resp, nil
}

// decode returns the checked body of a 2xx answer. Its errors say where the
// fault is and quote no value, which could be that of a new key.
func decode[Resp any](a *answer, check func(*Resp) error) (*Resp, error) {
	if media, _, err := mime.ParseMediaType(a.header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, errors.New("the content type is not application/json; is there a proxy in between, or another service?")
	}
	if len(a.body) > maxBody {
		return nil, fmt.Errorf("the body is larger than %d MiB", maxBody>>20)
	}
	resp := new(Resp)
	if err := json.Unmarshal(a.body, resp); err != nil {
		return nil, jsonFault(err)
	}
	if err := check(resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// jsonFault rebuilds an error of the JSON decoder from its place and kind,
// because its own text quotes values.
func jsonFault(err error) error {
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("the body has %s at %q, where %v is expected", kindName(e.JSONKind), e.JSONPointer, e.GoType)
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(e, jsontext.ErrDuplicateName) {
			return fmt.Errorf("the body has a duplicate member %q", e.JSONPointer)
		}
		return fmt.Errorf("the body is not valid JSON at byte %d", e.ByteOffset)
	}
	return errors.New("the body is not valid JSON")
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "an array"
	default:
		return "a " + k.String() // string, number, true, false, null
	}
}
