// Package oidctest is a small OpenID Connect provider for tests: discovery, one
// signing key, the authorization code flow with PKCE for one client, and user
// info. It checks what a provider must check, signs in whomever a test says without
// asking, and misbehaves where it is told to. It shares no code with the client
// that is tested by it.
package oidctest

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
)

// Client is what the provider knows its one client by.
const Client = "keyreeve"

// Provider is a running provider.
type Provider struct {
	URL         string // the issuer
	Secret      string // of the client
	RedirectURL string // the client's

	mu     sync.Mutex
	now    Behaviour
	grants map[string]grant // by code
	access map[string]bool  // tokens that were given out
	secret []string         // see Issued
}

// Behaviour is who signs in, and what is wrong with the provider.
type Behaviour struct {
	Person map[string]any // the claims of who signs in

	Away      bool                 // it answers nothing that is of use
	Declines  string               // error of the authorization endpoint
	Claims    func(map[string]any) // changes an ID token before it is signed
	Algorithm string               // of the ID token's header; empty: RS256
	Stray     bool                 // it signs with a key that it does not publish
	Token     func(map[string]any) // changes an answer of the token endpoint
	Status    int                  // of the token endpoint; 0: as it should be
	Apart     bool                 // the person's address is in the user info alone
	UserInfo  func(map[string]any) // changes that
	Discovery func(map[string]any) // changes what it says of itself
	Elsewhere string               // where it redirects what it is asked for
}

// grant is a code that was not exchanged yet.
type grant struct{ nonce, challenge string }

// New starts a provider that signs in Ada, until the test ends.
func New(t *testing.T, redirectURL string) *Provider {
	t.Helper()
	p := &Provider{
		Secret: "client-secret-" + rand.Text(), RedirectURL: redirectURL,
		grants: map[string]grant{}, access: map[string]bool{},
		now: Behaviour{Person: Person("ada@example.com")},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.userInfo)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch now := p.behaviour(); {
		case now.Away:
			http.Error(w, "away", http.StatusServiceUnavailable)
		case now.Elsewhere != "":
			w.Header().Set("Location", now.Elsewhere)
			w.WriteHeader(http.StatusTemporaryRedirect)
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	p.URL = s.URL
	return p
}

// Person are the claims of somebody with a verified address.
func Person(email string) map[string]any {
	return map[string]any{"sub": "person-" + email, "email": email, "email_verified": true}
}

// keys are one that providers publish, and one that they do not. All of a process
// share them: to make one takes a while.
var keys = sync.OnceValue(func() (keys struct{ published, stray *rsa.PrivateKey }) {
	for _, key := range []**rsa.PrivateKey{&keys.published, &keys.stray} {
		var err error
		if *key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err) // of a size that there is
		}
	}
	return keys
})

// Be makes the provider behave so from now on.
func (p *Provider) Be(b Behaviour) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.Person == nil {
		b.Person = Person("ada@example.com")
	}
	p.now = b
}

func (p *Provider) behaviour() Behaviour {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Issued are the values that nobody but the client and its provider may see:
// codes, tokens and the client's secret.
func (p *Provider) Issued() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{p.Secret}, p.secret...)
}

// issue makes a value and remembers it.
func (p *Provider) issue(kind string) string {
	value := kind + "-" + rand.Text()
	p.secret = append(p.secret, value)
	return value
}

// SignIn does what a browser does that is sent to the provider: it comes back with
// an answer for the client.
func SignIn(t *testing.T, address string) url.Values {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatalf("the provider answered %d: %v", resp.StatusCode, err)
	}
	return back.Query()
}
