package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	coreos "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Bounds of what a provider may cost. A sign-in asks it for four things at most,
// which must fit into the time that the browser's request has.
const (
	askTimeout = 5 * time.Second
	maxAnswer  = 1 << 20 // bytes
)

// client is this server as a client of the provider, by what the provider has told
// of itself.
type client struct {
	oauth    oauth2.Config
	verifier *coreos.IDTokenVerifier
	provider *coreos.Provider
}

// client asks the provider about itself until it has answered once. Who waited for
// an attempt that failed is told of that, and does not make one of its own: while
// a provider hangs, nobody waits for more than two.
func (p *Provider) client(ctx context.Context) (*client, error) {
	arrived := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil && !arrived.Before(p.failed) {
		// The answer is for all who wait, whoever of them leaves.
		p.found, p.err = p.discover(context.WithoutCancel(ctx))
		p.failed = time.Now()
	}
	if p.found == nil {
		return nil, p.away("ask "+p.cfg.Issuer+" about itself", p.err)
	}
	return p.found, nil
}

func (p *Provider) discover(ctx context.Context) (*client, error) {
	provider, err := coreos.NewProvider(p.with(ctx), p.cfg.Issuer)
	if err != nil {
		return nil, err
	}
	var more struct {
		AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
		Keys        string   `json:"jwks_uri"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, err
	}
	endpoint := provider.Endpoint()
	for name, address := range map[string]string{
		"authorization_endpoint": endpoint.AuthURL, "token_endpoint": endpoint.TokenURL, "jwks_uri": more.Keys,
	} {
		if err := checkEndpoint(name, address); err != nil {
			return nil, err
		}
	}
	if address := provider.UserInfoEndpoint(); address != "" {
		if err := checkEndpoint("userinfo_endpoint", address); err != nil {
			return nil, err
		}
	}
	// Chosen here, since to find out by trying spends the code, which is good once.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.cfg.ClientSecret == (Secret{}) || len(more.AuthMethods) > 0 && !slices.Contains(more.AuthMethods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &client{
		oauth: oauth2.Config{
			ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret.value, Endpoint: endpoint,
			RedirectURL: p.cfg.RedirectURL, Scopes: []string{coreos.ScopeOpenID, "email"},
		},
		verifier: provider.Verifier(&coreos.Config{ClientID: p.cfg.ClientID, Now: p.cfg.Now}),
		provider: provider,
	}, nil
}

// checkEndpoint refuses an address by which codes, tokens or keys would travel in
// the clear. Its query, which the standard allows, is the provider's own.
func checkEndpoint(name, address string) error {
	u, err := url.Parse(address)
	secure := err == nil && u.Hostname() != "" && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()))
	if !secure {
		return fmt.Errorf("its %s is not an https:// URL", name)
	}
	return nil
}

// with returns a context in which both libraries use the provider's client.
func (p *Provider) with(ctx context.Context) context.Context {
	return coreos.ClientContext(ctx, p.http)
}

// newHTTP returns a client that follows nobody elsewhere: the standard has no
// redirects in any of its answers, and one would take codes or trust along. It
// keeps no connection, since sign-ins are few.
func newHTTP() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	return &http.Client{
		Transport: bounded{transport}, Timeout: askTimeout,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			return errors.New("it redirects to " + r.URL.Scheme + "://" + r.URL.Host + ", which is not followed: give the address that answers itself")
		},
	}
}

// bounded cuts long answers: the libraries read whatever comes.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{http.MaxBytesReader(nil, resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}
