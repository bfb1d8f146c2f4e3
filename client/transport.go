package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxBody bounds a response body, in bytes. A page of 100 keys with the longest
// names takes a few hundred kilobytes.
const maxBody = 8 << 20

// transport is what all resources share. Nothing in it changes after New.
type transport struct {
	base string // without a trailing slash
	config

	// A function, because fmt prints what is stored in unexported fields, and
	// asks no String method of them.
	key func() string

	// The key is not sent as such: it is a secret that the body of the request
	// holds, and is here to be kept out of errors.
	anonymous bool
}

// request is one call, ready to be sent as often as needed.
type request struct {
	operation string // what errors say was being done
	method    string
	url       string
	body      []byte // nil: none
}

// answer is one HTTP response, read to its end or to one byte beyond maxBody.
type answer struct {
	status   int
	header   http.Header
	body     []byte
	location string // of a redirect, without what could be secret in it
}

func (a *answer) ok() bool { return a.status >= 200 && a.status <= 299 }

func (a *answer) requestID() string { return a.header.Get("X-Request-Id") }

// attempt sends r once. It returns an error only where there is no complete
// answer.
func (t *transport) attempt(ctx context.Context, r request) (*answer, error) {
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if t.timeout > 0 {
		bounded, cancel = context.WithTimeout(ctx, t.timeout)
	}
	defer cancel()

	a, err := t.exchange(bounded, r)
	if err == nil {
		return a, nil
	}
	if strings.Contains(err.Error(), t.key()) {
		// A custom transport, or net/http quoting a broken status line that
		// echoes the request. The chain would still show the key.
		err = errors.New(t.clean(err.Error(), maxMessage))
	}
	if ctx.Err() == nil && bounded.Err() != nil {
		err = fmt.Errorf("no complete answer within %v: %w", t.timeout.Round(time.Millisecond), err)
	}
	return nil, fmt.Errorf("%s: %w", r.operation, err)
}

func (t *transport) exchange(ctx context.Context, r request) (*answer, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, body)
	if err != nil {
		return nil, err
	}
	if !t.anonymous {
		req.Header.Set("Authorization", "Bearer "+t.key())
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", t.userAgent)
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}

	resp, err := t.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read the response: %w", err)
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: read}
	if to, err := resp.Location(); err == nil {
		// Only these parts: a query or a user name can be a credential.
		a.location = to.Scheme + "://" + to.Host + to.EscapedPath()
	}
	return a, nil
}
