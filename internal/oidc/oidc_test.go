package oidc_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/oidc"
	"github.com/keyreeve/keyreeve/internal/oidc/oidctest"
)

const callback = "https://keys.example.com/sign-in/callback"

// pair is a provider and a client of it.
type pair struct {
	provider *oidctest.Provider
	client   *oidc.Provider
}

func start(t *testing.T) pair {
	t.Helper()
	provider := oidctest.New(t, callback)
	return pair{provider, clientOf(t, provider, oidc.Config{})}
}

// clientOf completes a configuration for a provider.
func clientOf(t *testing.T, p *oidctest.Provider, cfg oidc.Config) *oidc.Provider {
	t.Helper()
	cfg.Issuer, cfg.ClientID, cfg.RedirectURL, cfg.Name = p.URL, oidctest.Client, callback, "Example ID"
	if cfg.ClientSecret == (oidc.Secret{}) {
		cfg.ClientSecret = oidc.NewSecret(p.Secret)
	}
	client, err := oidc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func newSecret() (secret [32]byte) {
	_, _ = rand.Read(secret[:])
	return secret
}

// begin sends a browser to the provider, and returns what it comes back with.
func (p pair) begin(t *testing.T, secret [32]byte) url.Values {
	t.Helper()
	address, err := p.client.Begin(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return oidctest.SignIn(t, address)
}

// signIn is a sign-in from begin to end.
func (p pair) signIn(t *testing.T) (string, error) {
	t.Helper()
	secret := newSecret()
	return p.client.Finish(t.Context(), secret, p.begin(t, secret))
}

// wantError fails unless err has a text, for the visitor or for the log, and
// nothing in it that is secret.
func (p pair) wantError(t *testing.T, err error, away bool, want string) {
	t.Helper()
	trouble, ok := err.(*oidc.Error) //nolint:errorlint // as it is documented
	switch {
	case !ok:
		t.Errorf("error %v, want one with %q", err, want)
		return
	case !strings.Contains(trouble.Error(), want) || trouble.Away != away:
		t.Errorf("error %q, away %t; want %q, %t", trouble, trouble.Away, want, away)
	}
	for _, value := range p.provider.Issued() {
		if strings.Contains(trouble.Error(), value) {
			t.Errorf("an error holds a secret: %q", strings.ReplaceAll(trouble.Error(), value, "***"))
		}
	}
}

func TestAVerifiedAddressIsTold(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]oidctest.Behaviour{
		"in the ID token":        {},
		"in the user info alone": {Apart: true},
		"of many audiences":      {Claims: func(c map[string]any) { c["aud"] = []string{"another", oidctest.Client} }},
		"without Basic": {Discovery: func(d map[string]any) {
			d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			p.provider.Be(b)
			if email, err := p.signIn(t); email != "ada@example.com" || err != nil {
				t.Errorf("Finish = %q, %v", email, err)
			}
		})
	}
}

func TestWhatIsWrongWithAnAnswerIsRefused(t *testing.T) {
	t.Parallel()
	set := func(name string, value any) func(map[string]any) {
		return func(claims map[string]any) { claims[name] = value }
	}
	without := func(name string) func(map[string]any) { return func(claims map[string]any) { delete(claims, name) } }
	person := func(claims ...any) map[string]any {
		out := map[string]any{"sub": "person"}
		for i := 0; i < len(claims); i += 2 {
			out[fmt.Sprint(claims[i])] = claims[i+1]
		}
		return out
	}
	for name, tt := range map[string]struct {
		behaviour oidctest.Behaviour
		want      string
	}{
		"another nonce":       {oidctest.Behaviour{Claims: set("nonce", "x")}, "the nonce of another sign-in"},
		"no nonce":            {oidctest.Behaviour{Claims: without("nonce")}, "the nonce of another sign-in"},
		"an expired token":    {oidctest.Behaviour{Claims: set("exp", time.Now().Unix()-1)}, "token is expired"},
		"no expiry":           {oidctest.Behaviour{Claims: without("exp")}, "token is expired"},
		"another audience":    {oidctest.Behaviour{Claims: set("aud", "another")}, `expected audience "keyreeve" got ["another"]`},
		"another issuer":      {oidctest.Behaviour{Claims: set("iss", "https://evil.example")}, "issued by a different provider"},
		"another key":         {oidctest.Behaviour{Stray: true}, "failed to verify signature"},
		"no signature":        {oidctest.Behaviour{Algorithm: "none"}, "unexpected signature algorithm"},
		"a shared key":        {oidctest.Behaviour{Algorithm: "HS256"}, "unexpected signature algorithm"},
		"no ID token":         {oidctest.Behaviour{Token: without("id_token")}, "sent no ID token"},
		"an unverified email": {oidctest.Behaviour{Person: person("email", "ada@example.com", "email_verified", false)}, "Example ID has not verified the address ada@example.com"},
		"nothing said of it":  {oidctest.Behaviour{Person: person("email", "ada@example.com")}, "has not verified the address"},
		"verified as text":    {oidctest.Behaviour{Person: person("email", "ada@example.com", "email_verified", "true")}, "has not verified the address"},
		"another spelling": {
			oidctest.Behaviour{Person: person("email", "ada@example.com", "EMAIL_VERIFIED", true)}, "has not verified the address",
		},
		"no email": {oidctest.Behaviour{Person: person("email_verified", true)}, "did not tell your email address"},
		"no email, nor user info": {
			oidctest.Behaviour{Person: person("email_verified", true), Discovery: without("userinfo_endpoint")}, "did not tell your email address",
		},
		"user info of another": {oidctest.Behaviour{Apart: true, UserInfo: set("sub", "somebody")}, "the user info is of another person"},
		"user info unverified": {oidctest.Behaviour{Apart: true, UserInfo: set("email_verified", false)}, "has not verified the address"},
		"declined":             {oidctest.Behaviour{Declines: "access_denied"}, "did not sign you in: it was cancelled"},
		"an error":             {oidctest.Behaviour{Declines: "server_error"}, "Example ID refused: Ada said <no> (server_error)"},
		"a refused code":       {oidctest.Behaviour{Status: http.StatusBadRequest}, "exchange the code: the provider answered 400 server_error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			p.provider.Be(tt.behaviour)
			email, err := p.signIn(t)
			if email != "" {
				t.Errorf("it is %s all the same", email)
			}
			p.wantError(t, err, false, tt.want)
		})
	}
}

func TestOneBrowserCannotFinishWhatAnotherBegan(t *testing.T) {
	t.Parallel()
	p := start(t)
	mine, theirs := newSecret(), newSecret()
	answer := p.begin(t, theirs)
	_, err := p.client.Finish(t.Context(), mine, answer)
	p.wantError(t, err, false, "not begun in this browser")
	for _, state := range []string{"", "x", answer.Get("state")[1:]} {
		_, err := p.client.Finish(t.Context(), theirs, url.Values{"state": {state}, "code": answer["code"], "error": {"access_denied"}})
		p.wantError(t, err, false, "not begun in this browser")
	}
	// The code of one sign-in with the state of the other: the verifier is not its own.
	forged := p.begin(t, mine)
	forged["code"] = answer["code"]
	_, err = p.client.Finish(t.Context(), mine, forged)
	p.wantError(t, err, false, "invalid_grant")
}

func TestACodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	p := start(t)
	secret := newSecret()
	answer := p.begin(t, secret)
	if _, err := p.client.Finish(t.Context(), secret, answer); err != nil {
		t.Fatal(err)
	}
	_, err := p.client.Finish(t.Context(), secret, answer)
	p.wantError(t, err, false, "invalid_grant")
}

// TestAnyReplicaCanFinish has one client begin, and another with the same settings
// finish.
func TestAnyReplicaCanFinish(t *testing.T) {
	t.Parallel()
	p := start(t)
	secret := newSecret()
	answer := p.begin(t, secret)
	if email, err := clientOf(t, p.provider, oidc.Config{}).Finish(t.Context(), secret, answer); email == "" || err != nil {
		t.Errorf("Finish = %q, %v", email, err)
	}
}

func TestAProviderThatIsAwayIsAskedAgain(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.provider.Be(oidctest.Behaviour{Away: true})
	_, err := p.client.Begin(t.Context(), newSecret())
	p.wantError(t, err, true, "could not be reached")
	p.provider.Be(oidctest.Behaviour{})
	secret := newSecret()
	answer := p.begin(t, secret)
	p.provider.Be(oidctest.Behaviour{Away: true})
	_, err = p.client.Finish(t.Context(), secret, answer)
	p.wantError(t, err, true, "exchange the code: the provider answered 503")
	p.provider.Be(oidctest.Behaviour{})
	if _, err := p.client.Finish(t.Context(), secret, answer); err != nil {
		t.Errorf("after it came back: %v", err)
	}
}

func TestAProviderThatSaysWhatCannotBeIsNotUsed(t *testing.T) {
	t.Parallel()
	says := func(name string, value any) oidctest.Behaviour {
		return oidctest.Behaviour{Discovery: func(d map[string]any) { d[name] = value }}
	}
	for name, tt := range map[string]struct {
		behaviour oidctest.Behaviour
		want      string
	}{
		"another issuer":        {says("issuer", "https://evil.example"), "did not match the issuer"},
		"keys in the clear":     {says("jwks_uri", "http://id.example.com/keys"), "its jwks_uri is not an https:// URL"},
		"tokens in the clear":   {says("token_endpoint", "http://id.example.com/token"), "its token_endpoint is not an https:// URL"},
		"no sign-in":            {says("authorization_endpoint", ""), "its authorization_endpoint is not an https:// URL"},
		"a script for sign-in":  {says("authorization_endpoint", "javascript:alert(1)"), "its authorization_endpoint is not"},
		"persons in the clear":  {says("userinfo_endpoint", "http://id.example.com/me"), "its userinfo_endpoint is not an https:// URL"},
		"an answer without end": {says("x", strings.Repeat("x", 2<<20)), "too large"},
		"a redirect":            {oidctest.Behaviour{Elsewhere: "https://evil.example"}, "redirects to https://evil.example, which is not followed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			p.provider.Be(tt.behaviour)
			_, err := p.client.Begin(t.Context(), newSecret())
			p.wantError(t, err, true, tt.want)
		})
	}
}

func TestTheClientKeepsItsSecret(t *testing.T) {
	t.Parallel()
	p := start(t)
	wrong := clientOf(t, p.provider, oidc.Config{ClientSecret: oidc.NewSecret("wrong-secret")})
	secret := newSecret()
	answer := p.begin(t, secret)
	_, err := wrong.Finish(t.Context(), secret, answer)
	p.wantError(t, err, false, "invalid_client")
	address, err := p.client.Begin(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	cfg := oidc.Config{ClientSecret: oidc.NewSecret(p.provider.Secret)}
	for _, text := range []string{address, fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg.ClientSecret)} {
		if strings.Contains(text, p.provider.Secret) {
			t.Errorf("the client's secret is shown: %s", strings.ReplaceAll(text, p.provider.Secret, "***"))
		}
	}
}

// TestTokensExpireByTheServersClock lets the provider's token end by a clock that
// is ahead.
func TestTokensExpireByTheServersClock(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.client = clientOf(t, p.provider, oidc.Config{Now: func() time.Time { return time.Now().Add(time.Hour) }})
	_, err := p.signIn(t)
	p.wantError(t, err, false, "token is expired")
}

func TestAddressesThatAreNotSafeAreRefused(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://id.example.com":            "",
		"https://id.example.com/realms/x/":  "",
		"http://127.0.0.1:5556/dex":         "",
		"http://[::1]:5556":                 "",
		"http://localhost":                  "",
		"http://id.example.com":             `"http://id.example.com" is plain HTTP to another machine: give an https:// URL`,
		"http://localhost.example.com":      `"http://localhost.example.com" is plain HTTP to another machine: give an https:// URL`,
		"id.example.com":                    `"id.example.com" is not a URL such as https://id.example.com`,
		"":                                  `"" is not a URL such as https://id.example.com`,
		"https://":                          `"https://" is not a URL such as https://id.example.com`,
		"ldap://id.example.com":             `"ldap://id.example.com" is not a URL such as https://id.example.com`,
		"https://ada:hunter2@id.example.co": "holds an @: give it without a user",
		"https://id.example.com?x=1":        `"https://id.example.com?x=1" has a query or a fragment: give it without`,
		"https://id.example.com/#x":         `"https://id.example.com/#x" has a query or a fragment: give it without`,
	} {
		got := ""
		if _, err := oidc.ParseURL(address); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
