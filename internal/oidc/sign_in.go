package oidc

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"

	coreos "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/oauth2"

	"github.com/keyreeve/keyreeve/internal/echo"
)

// ticket is what must not be guessed of a sign-in under way. The state holds what
// comes back to the browser that began, the nonce holds the ID token to this very
// sign-in, and without the verifier a code that was read on the way is worth
// nothing.
type ticket struct{ state, nonce, verifier string }

// ticketOf derives a ticket from what the browser keeps. Who sees one part, as the
// provider does the state and the nonce, learns nothing of the others.
func ticketOf(secret [32]byte) ticket {
	part := func(label string) string {
		sum := sha256.Sum256(append([]byte("keyreeve sign-in "+label+"\n"), secret[:]...))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return ticket{state: part("state"), nonce: part("nonce"), verifier: part("verifier")}
}

// Begin returns the address at the provider to send the browser to. The browser
// keeps the secret, which nobody else may know, until it comes back.
func (p *Provider) Begin(ctx context.Context, secret [32]byte) (string, error) {
	c, err := p.client(ctx)
	if err != nil {
		return "", err
	}
	t := ticketOf(secret)
	return c.oauth.AuthCodeURL(t.state, coreos.Nonce(t.nonce), oauth2.S256ChallengeOption(t.verifier)), nil
}

// Finish takes what came back with the browser that keeps the secret, and returns
// the email address that the provider has verified. Its errors are of type *Error
// and hold no code and no token.
func (p *Provider) Finish(ctx context.Context, secret [32]byte, answer url.Values) (string, error) {
	t := ticketOf(secret)
	// First of all: what has another state may be somebody else's doing altogether.
	if subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(t.state)) != 1 {
		return "", &Error{Text: "This answer belongs to a sign-in that was not begun in this browser, or that was begun again since. Begin anew."}
	}
	if code := answer.Get("error"); code != "" {
		return "", p.declined(code, answer.Get("error_description"))
	}
	c, err := p.client(ctx)
	if err != nil {
		return "", err
	}
	ctx = p.with(ctx)
	token, err := c.oauth.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(t.verifier))
	if err != nil {
		return "", p.exchangeFailed(err)
	}
	who, err := c.identify(ctx, token, t.nonce)
	if err != nil {
		return "", p.distrusted("check who signed in", err)
	}
	return p.verified(who)
}

// declined words the provider's refusal.
func (p *Provider) declined(code, description string) error {
	if code == "access_denied" {
		return &Error{Text: p.cfg.Name + " did not sign you in: it was cancelled there, or you may not use this application."}
	}
	return &Error{Text: fmt.Sprintf("%s refused: %s (%s).", p.cfg.Name, echo.Text(cmp.Or(description, "it gave no reason"), 200), echo.Value(code))}
}

// exchangeFailed tells a code that is not taken from a provider that is away.
func (p *Provider) exchangeFailed(err error) error {
	const doing = "exchange the code"
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.Response != nil && refused.Response.StatusCode < 500 {
		return p.distrusted(doing, err)
	}
	return p.away(doing, err)
}

// identity is what a provider says about somebody.
type identity struct {
	Email    string `json:"email"`
	Verified any    `json:"email_verified"` // true, or not: some send text, which is not taken for it
}

// identify reads the ID token of a sign-in. Its signature, issuer, audience and
// expiry are for the library to check, its nonce is not.
func (c *client) identify(ctx context.Context, token *oauth2.Token, nonce string) (who identity, err error) {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return who, errors.New("the provider sent no ID token: it must allow this client the scope openid")
	}
	id, err := c.verifier.Verify(ctx, raw)
	if err != nil {
		return who, err
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 {
		return who, errors.New("the ID token has the nonce of another sign-in")
	}
	if who, err = read(id); err != nil {
		return who, err
	}
	if who.Email != "" || c.provider.UserInfoEndpoint() == "" {
		return who, nil
	}
	// Where an access token is issued as well, the standard has the address here.
	info, err := c.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return who, err
	}
	if id.Subject == "" || info.Subject != id.Subject {
		return who, errors.New("the user info is of another person than the ID token")
	}
	return read(info)
}

// read reads claims with the house's own parser: the library's takes EMAIL for
// email and the last of two, and so what a person may have put there.
func read(from interface{ Claims(into any) error }) (who identity, err error) {
	var text jsontext.Value
	if err := from.Claims(&text); err != nil {
		return who, err
	}
	return who, json.Unmarshal(text, &who)
}

// verified returns the address, if it is known to be the person's own: anybody
// can type another's.
func (p *Provider) verified(who identity) (string, error) {
	switch {
	case who.Email == "":
		return "", &Error{Text: p.cfg.Name + " did not tell your email address. It must give this application the scope email."}
	case who.Verified != true:
		return "", &Error{Text: fmt.Sprintf("%s has not verified the address %s. Have it verified there, and sign in again.",
			p.cfg.Name, echo.Value(who.Email))}
	}
	return who.Email, nil
}
