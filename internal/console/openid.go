package console

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Provider signs people in who are known elsewhere, by OpenID Connect.
type Provider interface {
	// Name is what people call it.
	Name() string
	// Begin returns the address at the provider to send the browser to, which
	// keeps the secret.
	Begin(ctx context.Context, secret [32]byte) (address string, err error)
	// Finish takes what came back with that browser, and returns the address
	// that the provider has verified. Errors of both may be a SignInTrouble.
	Finish(ctx context.Context, secret [32]byte, answer url.Values) (email string, err error)
}

// SignInTrouble is why a provider signs somebody in not, in words for the visitor.
type SignInTrouble struct {
	Text  string
	Away  bool  // the provider could not be asked
	Cause error // for the log; may be nil
}

func (t *SignInTrouble) Error() string { return t.Text }

const (
	openIDURL = "/sign-in/oidc"

	// CallbackURL is the path at which a provider gives browsers back.
	CallbackURL = "/sign-in/callback"
)

// beginOpenID sends the browser to the provider.
func (v *visit) beginOpenID() error {
	if v.Provider == nil {
		return errNoPage
	}
	next := v.safeNext(v.r.URL.Query().Get("next"))
	if ok, err := v.recognise(); err == nil && ok {
		return v.redirect(next)
	}
	begun := signInBegun{next: next}
	_, _ = rand.Read(begun.secret[:]) // never fails
	to, err := v.Provider.Begin(v.r.Context(), begun.secret)
	if err != nil {
		return v.refuseOpenID(err, next)
	}
	v.setCookie(begunCookie, begun.value(), begunFor, http.SameSiteLaxMode)
	return v.redirect(to)
}

// finishOpenID makes a session for the user whom the provider has signed in.
func (v *visit) finishOpenID() error {
	if v.Provider == nil {
		return errNoPage
	}
	v.setCookie(begunCookie, "", -1, http.SameSiteLaxMode) // whatever comes of it
	begun, ok := v.begun()
	if !ok {
		return v.refuseOpenID(errNotBegun, "/")
	}
	next := v.safeNext(begun.next) // anybody who can set a cookie could have set it
	email, err := v.Provider.Finish(v.r.Context(), begun.secret, v.r.URL.Query())
	if err != nil {
		return v.refuseOpenID(err, next)
	}
	had, _ := sessionSecret(v.r)
	secret, err := v.Service.SignInUser(v.r.Context(), email, v.Origin(v.r), had)
	if _, ok := errors.AsType[*org.Refusal](err); ok {
		return v.refuseOpenID(notInvited(v.Provider.Name(), email), next)
	} else if err != nil {
		return err
	}
	v.keepSession(secret)
	// The browser comes from the provider's site, and so would not send the cookie
	// to where a redirect leads.
	return v.goOn(withQuery(next, "signed-in"), "You are signed in.")
}

var errNotBegun = &SignInTrouble{Text: "The sign-in took longer than ten minutes, or was not begun in this browser, or cookies are not allowed. Begin anew."}

func notInvited(provider, email string) error {
	if email = shown(email); email == "" {
		email = "an address that cannot be one here"
	}
	return &SignInTrouble{Text: provider + " says that you are " + email + ", and no user of this organization has that address. " +
		"Ask an owner for an invite, or to be signed up with the address that you have there."}
}

// refuseOpenID shows the sign-in page with what went wrong. As with keys, the
// server's log has a line of it and the audit log has not.
func (v *visit) refuseOpenID(err error, next string) error {
	trouble, ok := errors.AsType[*SignInTrouble](err)
	if !ok {
		return err
	}
	v.err = trouble.Text
	if trouble.Cause != nil {
		v.err = trouble.Cause.Error()
	}
	status := http.StatusUnauthorized
	if trouble.Away {
		status = http.StatusServiceUnavailable
	}
	p := v.signInPage()
	p.setNext(next)
	p.Trouble = trouble.Text
	return v.render(status, "sign_in", p)
}

// begunCookie holds a sign-in under way. Unlike the session's it must come along
// when the provider's site sends the browser back.
const (
	begunCookie = "__Host-keyreeve-sign-in"
	begunFor    = 10 * 60 // seconds
)

// signInBegun is what the browser keeps meanwhile.
type signInBegun struct {
	secret [32]byte
	next   string // where to go afterwards
}

func (b signInBegun) value() string {
	return base64.RawURLEncoding.EncodeToString(append(b.secret[:], b.next...))
}

func (v *visit) begun() (b signInBegun, ok bool) {
	cookie, err := v.r.Cookie(begunCookie)
	if err != nil {
		return b, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookie.Value)
	if err != nil || len(raw) < len(b.secret) {
		return b, false
	}
	return signInBegun{[32]byte(raw), string(raw[len(b.secret):])}, true
}
