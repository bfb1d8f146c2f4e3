package oidc

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/keyreeve/keyreeve/internal/echo"
)

// Config names a provider, and what this server is to it.
type Config struct {
	Issuer       string // exactly as the provider calls itself
	ClientID     string
	ClientSecret Secret // zero: a public client, which PKCE alone protects
	RedirectURL  string // where browsers come back to, as the provider knows it
	Name         string // what people call the provider; empty: the host of the issuer

	// Now is the clock by which tokens expire; default the system's.
	Now func() time.Time
}

// Secret is the client's at the provider. It prints as nothing.
type Secret struct{ value string }

// NewSecret returns a secret with the value.
func NewSecret(value string) Secret { return Secret{value} }

// Format writes no part of the secret, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "...") }

// Provider signs people in. It is safe for concurrent use.
type Provider struct {
	cfg  Config
	http *http.Client

	mu     sync.Mutex
	found  *client // nil until the provider has told of itself
	err    error   // why it has not, at the last attempt
	failed time.Time
}

// New returns a provider. It asks nobody yet, so that a server starts while its
// provider is away.
func New(cfg Config) (*Provider, error) {
	issuer, err := ParseURL(cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("the issuer %w", err)
	}
	if cfg.ClientID == "" {
		return nil, errors.New("the client id is empty")
	}
	if _, err := ParseURL(cfg.RedirectURL); err != nil {
		return nil, fmt.Errorf("the redirect URL %w", err)
	}
	cfg.Name = cmp.Or(cfg.Name, issuer.Host)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Provider{cfg: cfg, http: newHTTP()}, nil
}

// Name is what people call the provider.
func (p *Provider) Name() string { return p.cfg.Name }

// ParseURL accepts an address by which nobody on the way can change what is said:
// https, or http to this machine.
func ParseURL(text string) (*url.URL, error) {
	if strings.Contains(text, "@") { // it may be behind a password
		return nil, errors.New("holds an @: give it without a user")
	}
	u, err := url.Parse(text)
	switch shown := echo.Value(text); {
	case err != nil, u.Hostname() == "", u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%q is not a URL such as https://id.example.com", shown)
	case u.RawQuery != "", u.ForceQuery, strings.Contains(text, "#"):
		return nil, fmt.Errorf("%q has a query or a fragment: give it without", shown)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("%q is plain HTTP to another machine: give an https:// URL", shown)
	}
	return u, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
