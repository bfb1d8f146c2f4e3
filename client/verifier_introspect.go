package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	opVerify       = "verify key"
	introspectPath = "/gateway/introspect"

	// maxIntrospection bounds an answer, in bytes. A real one has a few hundred.
	maxIntrospection = 64 << 10

	// shortestSecret is the length in bytes from which a presented key is taken
	// out of error texts. Nothing shorter is anybody's key, and to replace an "e"
	// would let a stranger garble the operator's log.
	shortestSecret = 16
)

// introspector asks a server about keys. Nothing in it changes after
// NewVerifier.
type introspector struct {
	config
	address string // for people
	url     string

	// A function, because fmt prints what is stored in unexported fields. nil:
	// the listener asks for no key.
	adminKey func() string
}

// introspection is the answer of RFC 7662 with what Keyreeve adds. Pointers tell
// absent from zero where that decides.
type introspection struct {
	Active    *bool  `json:"active"`
	Scope     string `json:"scope"`
	ClientID  string `json:"client_id"`
	Subject   string `json:"sub"`
	ExpiresAt *int64 `json:"exp"`
	IssuedAt  int64  `json:"iat"`
	Kind      Kind   `json:"keyreeve_kind"`
	OwnerType string `json:"keyreeve_owner_type"`
	ProjectID string `json:"keyreeve_project_id"`
}

// check demands what a caller relies on: an active key of which nothing is known
// would be nobody's.
func (i *introspection) check() error {
	switch {
	case i.Active == nil:
		return errors.New("active is missing or null")
	case !*i.Active:
		return nil
	case i.ClientID == "":
		return errors.New("client_id is missing or empty")
	case i.Subject == "":
		return errors.New("sub is missing or empty")
	case i.Kind == "":
		return errors.New("keyreeve_kind is missing or empty; is this a Keyreeve server?")
	case i.OwnerType == "":
		return errors.New("keyreeve_owner_type is missing or empty")
	case i.ExpiresAt != nil && *i.ExpiresAt <= 0:
		return errors.New("exp is not a time")
	}
	return nil
}

func (i *introspection) verification() Verification {
	if !*i.Active {
		return Verification{Outcome: Inactive}
	}
	v := Verification{
		Outcome: Allowed, KeyID: i.ClientID, Kind: i.Kind,
		OwnerID: i.Subject, OwnerType: i.OwnerType, ProjectID: i.ProjectID,
		Scope: i.Scope, CreatedAt: i.IssuedAt,
	}
	if i.ExpiresAt != nil {
		v.ExpiresAt = *i.ExpiresAt
	}
	return v
}

// introspect asks about key. Only a 200 that can be read to its end is an answer.
func (v *introspector) introspect(ctx context.Context, key string) (Verification, error) {
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if v.timeout > 0 {
		bounded, cancel = context.WithTimeout(ctx, v.timeout)
	}
	defer cancel()

	clean := v.cleaner(key)
	a, err := v.exchange(bounded, key)
	if err != nil {
		if text := err.Error(); clean.hide.Replace(text) != text {
			// net/http quoting a broken answer that echoes the request. The
			// chain would still show the key.
			err = errors.New(clean.text(text, maxMessage))
		}
		if ctx.Err() == nil && bounded.Err() != nil {
			err = fmt.Errorf("no complete answer within %v: %w", v.timeout.Round(time.Millisecond), err)
		}
		return Verification{}, fmt.Errorf("%s: %w", opVerify, err)
	}
	if a.status != http.StatusOK {
		return Verification{}, clean.refusal(a)
	}
	found, err := readIntrospection(a)
	if err != nil {
		return Verification{}, &ResponseError{
			Operation: opVerify,
			Status:    a.status,
			RequestID: clean.text(a.requestID(), maxToken),
			Message:   clean.text(err.Error(), maxMessage),
		}
	}
	return found, nil
}

func readIntrospection(a *answer) (Verification, error) {
	if len(a.body) > maxIntrospection {
		return Verification{}, fmt.Errorf("the body is larger than %d KiB", maxIntrospection>>10)
	}
	found, err := decode(a, (*introspection).check)
	if err != nil {
		return Verification{}, err
	}
	return found.verification(), nil
}

func (v *introspector) exchange(ctx context.Context, key string) (*answer, error) {
	form := url.Values{"token": {key}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url, strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", v.userAgent)
	if v.adminKey != nil {
		req.Header.Set("Authorization", "Bearer "+v.adminKey())
	}
	// To ask twice changes nothing. Empty, it is not sent, and tells net/http
	// that a request which met a closing connection may go out on another.
	req.Header["Idempotency-Key"] = []string{}

	resp, err := v.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxIntrospection+1))
	if err != nil {
		return nil, fmt.Errorf("read the response: %w", err)
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: body}
	if to, err := resp.Location(); err == nil {
		// Only these parts: a query or a path can hold a credential.
		a.location = to.Scheme + "://" + to.Host
	}
	return a, nil
}

// cleaner makes text of a server fit for errors: free of the presented key and of
// the admin key.
type cleaner struct {
	hide      *strings.Replacer
	transport *transport
}

func (v *introspector) cleaner(key string) cleaner {
	var pairs []string
	secret := "\x00" // nothing to hide: clean wants something
	if v.adminKey != nil {
		secret = v.adminKey()
		pairs = append(pairs, secret, "[admin key]")
	}
	if len(key) >= shortestSecret {
		secret = key
		pairs = append(pairs, key, "[key]", url.QueryEscape(key), "[key]")
	}
	return cleaner{strings.NewReplacer(pairs...), &transport{config: v.config, key: func() string { return secret }}}
}

func (c cleaner) text(s string, limit int) string { return c.transport.clean(c.hide.Replace(s), limit) }

// refusal turns an answer that is not 200 into an Error. None of them says
// anything about the key: a 401 is about the admin key.
func (c cleaner) refusal(a *answer) *Error {
	a.body = []byte(c.hide.Replace(string(a.body)))
	a.location = c.hide.Replace(a.location)
	e := c.transport.newError(opVerify, a)
	e.RequestID = c.text(e.RequestID, maxToken)
	return e
}
