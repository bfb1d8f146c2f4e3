package contracttest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/openapi"
)

// Transport returns a transport that sends requests through base and applies
// ValidateResponse and ValidateHeaders to every response of a path under /v1.
// Other paths (/metrics) pass unchecked.
func Transport(tb testing.TB, base http.RoundTripper) http.RoundTripper {
	return transport{tb, base}
}

type transport struct {
	tb   testing.TB
	base http.RoundTripper
}

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	path := req.URL.EscapedPath() // an encoded slash is part of an id
	if err != nil || !strings.HasPrefix(path, openapi.Prefix+"/") {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	ValidateResponse(t.tb, req.Method, path, resp.StatusCode, resp.Header, body)
	ValidateHeaders(t.tb, resp.StatusCode, resp.Header)
	return resp, nil
}
