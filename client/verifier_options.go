package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// A VerifierOption changes what [NewVerifier] sets up: an [Option] that a
// [Client] takes as well, or one for a verifier alone.
type VerifierOption interface{ applyTo(*verifierConfig) }

type verifierConfig struct {
	shared   []Option
	adminKey *string
	cacheTTL *time.Duration
	failed   func(context.Context, error)
}

func (o Option) applyTo(c *verifierConfig) { c.shared = append(c.shared, o) }

type verifierOption func(*verifierConfig)

func (o verifierOption) applyTo(c *verifierConfig) { o(c) }

// WithAdminKey sends an admin key with every introspection, which the main
// listener of a server asks for. One whose owner only reads is enough.
func WithAdminKey(key string) VerifierOption {
	return verifierOption(func(c *verifierConfig) { c.adminKey = &key })
}

// WithCache lets a key that was found good pass for ttl without a request.
//
// The price: a key that is revoked meanwhile is accepted for up to ttl after its
// revocation, and so is one whose owner was removed or whose project was
// archived. Expiry stays exact to the second by this machine's clock. Only good
// keys are kept, at most 10 000 of them, by their SHA-256; never a refusal and
// never an error.
func WithCache(ttl time.Duration) VerifierOption {
	return verifierOption(func(c *verifierConfig) { c.cacheTTL = &ttl })
}

// WithErrorFunc has f called with every error that [Verifier.Middleware] answers
// by 503, for a log or a metric: the caller is told nothing of its cause. f is called
// concurrently, and not for a caller that has gone away.
func WithErrorFunc(f func(context.Context, error)) VerifierOption {
	return verifierOption(func(c *verifierConfig) { c.failed = f })
}

// verifierTimeout bounds an introspection unless [WithTimeout] does: somebody's
// request waits for it.
const verifierTimeout = 2 * time.Second

func newVerifier(baseURL string, opts []VerifierOption) (*Verifier, error) {
	socket, base, err := parseVerifierURL(baseURL)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	own := newTransport()
	own.MaxIdleConnsPerHost = own.MaxIdleConns // it has one host, and is asked much at once
	address := base
	if socket != "" {
		address = "unix:" + socket
		own.Proxy = nil
		own.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
	}
	c := verifierConfig{
		shared: []Option{WithHTTPClient(&http.Client{Transport: own}), WithTimeout(verifierTimeout), WithMaxRetries(0)},
		failed: func(context.Context, error) {},
	}
	for _, o := range opts {
		o.applyTo(&c)
	}
	cfg, err := newConfig(c.shared)
	switch {
	case err != nil:
		return nil, err
	case cfg.maxRetries != 0:
		return nil, errors.New("a verifier does not retry: its caller waits")
	case socket != "" && cfg.http.Transport != own:
		return nil, errors.New("an HTTP client of one's own does not go with a unix: address: its transport dials")
	case c.failed == nil:
		return nil, errors.New("error function is nil")
	case c.cacheTTL != nil && *c.cacheTTL <= 0:
		return nil, errors.New("time to cache for must be more than 0")
	}
	v := &Verifier{introspector: introspector{config: cfg, address: address, url: base + introspectPath}, failed: c.failed}
	if key := c.adminKey; key != nil {
		if err := checkKeyValue(*key); err != nil {
			return nil, fmt.Errorf("admin key: %w", err)
		}
		v.adminKey = func() string { return *key }
	}
	if c.cacheTTL != nil {
		v.cache = newVerifications(*c.cacheTTL)
	}
	return v, nil
}
