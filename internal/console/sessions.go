package console

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

// cookieName has the prefix with which browsers keep a cookie to this host, to
// TLS (or loopback) and to the path /.
const cookieName = "__Host-keyreeve"

// refreshHeader comes with what a page that stays open asks for by itself. That
// does not make the session last longer.
const refreshHeader = "Keyreeve-Refresh"

// enter finds who came. Without a session it leads to the sign-in page and
// returns false.
func (v *visit) enter() bool {
	ok, err := v.recognise()
	if ok && v.r.Header.Get(refreshHeader) == "" && v.r.URL.Path != liveURL {
		err = v.Service.KeepSession(v.r.Context(), v.session, v.Now())
	}
	switch {
	case err != nil:
		v.fail(err)
		return false
	case ok:
		return true
	}
	_, sent := sessionSecret(v.r)
	query := url.Values{}
	if v.r.Method == http.MethodGet && v.r.Header.Get("HX-Request") == "" {
		if !sent && v.fromElsewhere() {
			v.goOnHere()
			return false
		}
		if next := v.safeNext(v.r.URL.RequestURI()); next != "/" {
			query.Set("next", next)
		}
	}
	switch {
	case sent:
		query.Set("why", "ended")
	case v.r.URL.Query().Has("signed-in"):
		query.Set("why", "cookie")
	}
	to := "/sign-in"
	if len(query) > 0 {
		to += "?" + query.Encode()
	}
	_ = v.redirect(to)
	return false
}

// recognise reads the session and judges its key or its user, at each request: a
// session ends with its key on every replica, by the same index, and with its user
// by the same database. It does not make the session last longer.
func (v *visit) recognise() (bool, error) {
	secret, ok := sessionSecret(v.r)
	if !ok {
		return false, nil
	}
	session, ok, err := v.Service.Session(v.r.Context(), secret, v.Now())
	if err != nil || !ok {
		return false, err
	}
	caller, ok, err := v.standing(session)
	if err != nil || !ok {
		return false, err
	}
	v.caller, v.session, v.secret = caller, session, secret
	return true, nil
}

// standing is whom a session stands for now. Without a provider those that it made
// are over: whoever takes it away wants that.
func (v *visit) standing(session org.Session) (org.Caller, bool, error) {
	if session.UserID != "" {
		if v.Provider == nil {
			return org.Caller{}, false, nil
		}
		return v.Service.SessionUser(v.r.Context(), session, v.Origin(v.r))
	}
	caller, verdict := v.Keys.Standing(session.KeyDigest)
	if verdict == Unknowable {
		return org.Caller{}, false, errUnknowable
	}
	caller.Session, caller.Origin = true, v.Origin(v.r)
	return caller, verdict == Accepted, nil
}

func sessionSecret(r *http.Request) (secret org.SessionSecret, ok bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return secret, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookie.Value)
	if err != nil || len(raw) != len(secret) {
		return secret, false
	}
	return org.SessionSecret(raw), true
}

func (v *visit) setCookie(name, value string, maxAge int, site http.SameSite) {
	http.SetCookie(v.w, &http.Cookie{ //nolint:gosec // site is Strict, or Lax for a sign-in under way
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: site,
	})
}

// keepSession gives a new session to the browser.
func (v *visit) keepSession(secret org.SessionSecret) {
	v.setCookie(cookieName, base64.RawURLEncoding.EncodeToString(secret[:]), org.SessionLifetime, http.SameSiteStrictMode)
}

type signInPage struct {
	frame
	Next    string
	Problem string // with the key
	Trouble string // with the provider
	Ended   bool   // there was a session
	Cookie  bool   // there should be one, and the browser did not send it
	Plain   bool   // the browser came by plain HTTP from another machine
	Host    string

	Provider string // its name; empty: there is none
	Begin    string // where signing in at it begins
}

// setNext says where to go after signing in, either way.
func (p *signInPage) setNext(next string) {
	p.Next = next
	p.Begin, _, _ = strings.Cut(p.Begin, "?")
	if p.Begin != "" && next != "/" {
		p.Begin += "?" + url.Values{"next": {next}}.Encode()
	}
}

func (v *visit) signInPage() signInPage {
	query := v.r.URL.Query()
	p := signInPage{
		frame: frame{Title: "Sign in", Version: v.Version}, Host: v.r.Host,
		Ended: query.Get("why") == "ended", Cookie: query.Get("why") == "cookie", Plain: plainHTTP(v.r),
	}
	if v.Provider != nil {
		// With the host, since the provider gives the browser back there alone, and
		// the cookie of the sign-in is that host's.
		p.Provider, p.Begin = v.Provider.Name(), v.PublicURL+openIDURL
	}
	p.setNext(v.safeNext(query.Get("next")))
	return p
}

// showSignIn serves the sign-in page.
func (v *visit) showSignIn() error {
	if ok, err := v.recognise(); err == nil && ok {
		return v.redirect("/")
	}
	return v.render(http.StatusOK, "sign_in", v.signInPage())
}

// signIn exchanges an admin key for a session. A key that is refused leaves a
// line in the server's log and no event: a stranger could fill the audit log.
func (v *visit) signIn() error {
	p := v.signInPage()
	p.setNext(v.safeNext(v.r.PostForm.Get("next")))
	key := strings.TrimSpace(v.r.PostForm.Get("key"))
	caller, verdict := v.Keys.Present(key)
	if verdict == Unknowable {
		return errUnknowable
	}
	if p.Problem = signInProblem(key, caller, verdict); p.Problem != "" {
		return v.render(http.StatusUnauthorized, "sign_in", p)
	}
	caller.Origin = v.Origin(v.r)
	had, _ := sessionSecret(v.r)
	secret, err := v.Service.SignIn(v.r.Context(), caller, had)
	if refusal, ok := errors.AsType[*org.Refusal](err); ok { // it ended just now
		p.Problem = refusal.Message
		return v.render(http.StatusUnauthorized, "sign_in", p)
	} else if err != nil {
		return err
	}
	v.caller = caller
	v.keepSession(secret)
	return v.redirect(withQuery(p.Next, "signed-in"))
}

func signInProblem(key string, caller org.Caller, verdict Verdict) string {
	switch fault := token.Fault(key); {
	case key == "":
		return "Paste an admin key first."
	case verdict == Accepted && !caller.Admin:
		return "This is a key of a project, for model traffic. Signing in takes an admin key, which begins with sk-admin-."
	case fault != "":
		return "This is not a whole key: " + fault + "."
	case verdict != Accepted:
		return "No admin key like this works here: it was never made by this server, or it was revoked, or it has expired."
	case caller.Require(org.ManagementRead) != nil:
		return "The owner of this key may not look at the organization."
	default:
		return ""
	}
}

// signOut ends the session in the database and in the browser.
func (v *visit) signOut() error {
	if err := v.Service.SignOut(v.r.Context(), v.caller, v.secret); err != nil {
		return err
	}
	v.setCookie(cookieName, "", -1, http.SameSiteStrictMode)
	return v.redirect("/sign-in")
}
