package console_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/oidc/oidctest"
	"github.com/keyreeve/keyreeve/internal/server"
)

const publicURL = "https://keys.example.com"

// startWithProvider runs a server whose users can sign in at a provider.
func startWithProvider(t *testing.T) (*site, *oidctest.Provider) {
	t.Helper()
	provider := oidctest.New(t, publicURL+"/sign-in/callback")
	secret := filepath.Join(t.TempDir(), "client-secret")
	if err := os.WriteFile(secret, []byte(provider.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(cfg *server.Config) {
		cfg.OIDC = server.OIDC{
			Issuer: provider.URL, ClientID: oidctest.Client, ClientSecretFile: secret, Name: "Example ID", PublicURL: publicURL + "/",
		}
	})
	t.Cleanup(func() {
		for _, value := range provider.Issued() {
			if strings.Contains(s.log.String(), value) {
				t.Errorf("the log holds a secret:\n%s", strings.ReplaceAll(s.log.String(), value, "***"))
			}
		}
	})
	return s, provider
}

// cookieOf returns a cookie that an answer sets, as a browser sends it. A cookie
// that is taken away is empty.
func (a answer) cookieOf(t *testing.T, name string) string {
	t.Helper()
	for _, line := range a.header.Values("Set-Cookie") {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatal(err)
		}
		if cookie.Name == name && cookie.MaxAge >= 0 {
			return name + "=" + cookie.Value
		}
	}
	return ""
}

var userID = regexp.MustCompile(`user_[0-9A-Z]{26}`)

const (
	begunCookie   = "__Host-keyreeve-sign-in"
	sessionCookie = "__Host-keyreeve"
)

// begin follows the link of the sign-in page to the provider, and returns what the
// browser keeps meanwhile and what it comes back with.
func (b *browser) begin(next string) (kept string, back url.Values) {
	b.t.Helper()
	a := b.get("/sign-in/oidc?"+url.Values{"next": {next}}.Encode()).want(b.t, http.StatusSeeOther)
	kept = a.cookieOf(b.t, begunCookie)
	return kept, oidctest.SignIn(b.t, a.header.Get("Location"))
}

// comeBack is the way back from the provider's site: without the session's cookie,
// which is for this site only.
func (b *browser) comeBack(kept string, back url.Values) answer {
	b.t.Helper()
	from := *b
	from.cookie, from.header = kept, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Dest": {"document"}}
	return from.get("/sign-in/callback?" + back.Encode())
}

// elsewhere signs in at the provider.
func (b *browser) elsewhere() *browser {
	b.t.Helper()
	a := b.comeBack(b.begin("/")).want(b.t, http.StatusOK, "You are signed in")
	if b.cookie = a.cookieOf(b.t, sessionCookie); b.cookie == "" {
		b.t.Fatal("there is no session")
	}
	return b
}

func TestUsersSignInElsewhere(t *testing.T) {
	t.Parallel()
	s, provider := startWithProvider(t)
	page := s.browser(t).get("/sign-in?next=/activity?type=login.succeeded")
	page.want(t, http.StatusOK, "Sign in with <bdi>Example ID</bdi>", `href="`+publicURL+`/sign-in/oidc?next=%2Factivity%3Ftype%3Dlogin.succeeded"`, "Admin key")
	b := s.browser(t)
	a := b.comeBack(b.begin("/activity?type=login.succeeded")).want(t, http.StatusOK, "You are signed in")
	if to := a.header.Get("Refresh"); to != "0; url=/activity?type=login.succeeded&signed-in" {
		t.Errorf("goes on to %s", to)
	}
	if a.cookieOf(t, begunCookie) != "" {
		t.Error("the cookie of the sign-in stays")
	}
	for _, want := range []string{"Path=/", "HttpOnly", "Secure", "SameSite=Strict"} {
		if !strings.Contains(strings.Join(a.header.Values("Set-Cookie"), "\n"), want) {
			t.Errorf("%q is missing from the session's cookie", want)
		}
	}
	b.cookie = a.cookieOf(t, sessionCookie)
	b.get("/activity?type=login.succeeded").want(t, http.StatusOK, "ada@example.com", "signed in to the console", "console")
	value := shownValue.FindStringSubmatch(b.send("/admin-keys/new", "name", "mine", "expiry", "7").want(t, http.StatusOK, "Ada Lovelace").body)[1]
	if got := s.status(t, value); got != http.StatusOK {
		t.Errorf("the key that was made: %d", got)
	}
	api := s.browser(t)
	api.header = http.Header{"Authorization": {"Bearer " + s.owner}}
	api.get("/v1/organization/audit_logs").want(t, http.StatusOK, `"type":"session","session":{"user":{"id":"user_`)
	cookie := b.cookie
	b.do(http.MethodPost, "/sign-out", url.Values{}).want(t, http.StatusSeeOther)
	b.cookie = cookie
	b.get("/").want(t, http.StatusSeeOther)

	provider.Be(oidctest.Behaviour{Person: oidctest.Person("Charles@Example.com")})
	reader := s.browser(t).elsewhere()
	reader.get("/").want(t, http.StatusOK, "Charles Babbage", "reader")
	reader.get("/projects/new").want(t, http.StatusForbidden, "You may look")
}

func TestWhoIsNoUserIsToldWhichAddressCame(t *testing.T) {
	t.Parallel()
	s, provider := startWithProvider(t)
	for email, want := range map[string]string{
		"mallory@example.com":      "Example ID says that you are mallory@example.com, and no user of this organization has that address",
		`"<b>"@example.com`:        "you are &#34;&lt;b&gt;&#34;@example.com",
		s.owner + "@example.com":   "an address that cannot be one here",
		"ada@example.com\x00":      "an address that cannot be one here",
		"ada@example.com.evil.org": "ada@example.com.evil.org, and no user",
	} {
		provider.Be(oidctest.Behaviour{Person: oidctest.Person(email)})
		b := s.browser(t)
		a := b.comeBack(b.begin("/")).want(t, http.StatusUnauthorized, want, "Ask an owner for an invite", "Admin key")
		if a.cookieOf(t, sessionCookie) != "" || strings.Contains(a.body, s.owner) {
			t.Errorf("%q: got a session, or is shown a key", want)
		}
	}
	b := s.browser(t).signIn(s.owner)
	if users := b.get("/users").body; strings.Contains(users, "mallory") || strings.Contains(b.get("/activity").body, "mallory") {
		t.Error("a stranger left something")
	}
}

func TestASessionEndsWithItsUser(t *testing.T) {
	t.Parallel()
	s, provider := startWithProvider(t)
	provider.Be(oidctest.Behaviour{Person: oidctest.Person("charles@example.com")})
	charles := s.browser(t).elsewhere()
	owner := s.browser(t).signIn(s.owner)
	id := userID.FindString(charles.get("/").body)
	owner.send("/users/"+id+"/role", "role", "owner").want(t, http.StatusSeeOther)
	form := hidden(charles.get("/projects/new").want(t, http.StatusOK).body)
	form.Set("name", "too late")
	owner.send("/users/"+id+"/role", "role", "reader").want(t, http.StatusSeeOther)
	charles.do(http.MethodPost, "/projects/new", form).want(t, http.StatusForbidden, "You may look")
	owner.send("/users/"+id+"/remove", "typed", "charles@example.com").want(t, http.StatusOK)
	if to := charles.get("/users").want(t, http.StatusSeeOther).header.Get("Location"); to != "/sign-in?next=%2Fusers&why=ended" {
		t.Errorf("led to %s", to)
	}
	if strings.Contains(owner.get("/projects").body, "too late") {
		t.Error("the reader's form was taken")
	}
}

func TestOneBrowserCannotFinishWhatAnotherBegan(t *testing.T) {
	t.Parallel()
	s, _ := startWithProvider(t)
	mine, theirs := s.browser(t), s.browser(t)
	keptMine, _ := mine.begin("/")
	keptTheirs, back := theirs.begin("/")
	for kept, want := range map[string]string{
		"":                                    "was not begun in this browser",
		begunCookie + "=x":                    "was not begun in this browser",
		keptMine:                              "not begun in this browser, or that was begun again",
		sessionCookie + "=" + keptTheirs[24:]: "was not begun in this browser",
	} {
		a := mine.comeBack(kept, back).want(t, http.StatusUnauthorized, want)
		if a.cookieOf(t, sessionCookie) != "" {
			t.Errorf("%q: got a session", kept)
		}
	}
	theirs.comeBack(keptTheirs, back).want(t, http.StatusOK)
	theirs.comeBack(keptTheirs, back).want(t, http.StatusUnauthorized, "was not accepted") // the code is spent
}

func TestTheProvidersRefusalIsShown(t *testing.T) {
	t.Parallel()
	s, provider := startWithProvider(t)
	for _, tt := range []struct {
		behaviour oidctest.Behaviour
		status    int
		want      string
	}{
		{oidctest.Behaviour{Declines: "access_denied"}, http.StatusUnauthorized, "it was cancelled there"},
		{oidctest.Behaviour{Declines: "server_error"}, http.StatusUnauthorized, "Example ID refused: Ada said &lt;no&gt; (server_error)"},
		{oidctest.Behaviour{Status: http.StatusBadGateway}, http.StatusServiceUnavailable, "could not be reached"},
		{oidctest.Behaviour{Claims: func(c map[string]any) { c["email_verified"] = false }}, http.StatusUnauthorized, "has not verified the address ada@example.com"},
		{oidctest.Behaviour{Stray: true}, http.StatusUnauthorized, "the server&#39;s log says why"},
	} {
		b := s.browser(t)
		provider.Be(oidctest.Behaviour{})
		kept := b.get("/sign-in/oidc?next=/users").want(t, http.StatusSeeOther)
		provider.Be(tt.behaviour)
		back := oidctest.SignIn(t, kept.header.Get("Location"))
		b.comeBack(kept.cookieOf(t, begunCookie), back).want(t, tt.status, tt.want, `name="next" value="/users"`)
	}
	if !strings.Contains(s.log.String(), "failed to verify signature") {
		t.Error("the log does not say why")
	}
}

func TestTheConsoleWorksWhileTheProviderIsAway(t *testing.T) {
	t.Parallel()
	s, provider := startWithProvider(t)
	provider.Be(oidctest.Behaviour{Away: true})
	b := s.browser(t)
	b.get("/sign-in").want(t, http.StatusOK, "Sign in with")
	b.get("/sign-in/oidc?next=/users").want(t, http.StatusServiceUnavailable, "Example ID could not be reached", "Admin key", `name="next" value="/users"`)
	b.signIn(s.owner).get("/").want(t, http.StatusOK)
	if log := s.log.String(); !strings.Contains(log, "about itself: 503 Service Unavailable") {
		t.Errorf("the log does not say why:\n%s", log)
	}
	provider.Be(oidctest.Behaviour{})
	known := s.browser(t).elsewhere()
	provider.Be(oidctest.Behaviour{Away: true})
	known.get("/users").want(t, http.StatusOK) // the session is Keyreeve's own
	if to := known.get("/sign-in/oidc?next=/users").want(t, http.StatusSeeOther).header.Get("Location"); to != "/users" {
		t.Errorf("who is signed in is sent to %s", to)
	}
}

func TestSigningInElsewhereLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	s, _ := startWithProvider(t)
	for _, next := range []string{
		"https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/nope", "/sign-out", "/users/../..//evil.example", "x\r\nSet-Cookie: a=b",
	} {
		b := s.browser(t)
		kept, back := b.begin(next)
		if to := b.comeBack(kept, back).want(t, http.StatusOK).header.Get("Refresh"); to != "0; url=/?signed-in" {
			t.Errorf("%q goes on to %s", next, to)
		}
		// A cookie that somebody else has set.
		kept, back = b.begin("/")
		forged := begunCookie + "=" + forgedNext(t, kept, next)
		if to := b.comeBack(forged, back).want(t, http.StatusOK).header.Get("Refresh"); to != "0; url=/?signed-in" {
			t.Errorf("forged, %q goes on to %s", next, to)
		}
	}
}

// forgedNext is the value of a kept cookie with another address to go on to.
func forgedNext(t *testing.T, kept, next string) string {
	t.Helper()
	_, value, _ := strings.Cut(kept, "=")
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(append(raw[:32:32], next...))
}

func TestWithoutAProviderNobodySignsInElsewhere(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	if body := b.get("/sign-in").want(t, http.StatusOK).body; strings.Contains(body, "Sign in with") {
		t.Error("the page offers to")
	}
	b.get("/sign-in/oidc").want(t, http.StatusNotFound, "no such page")
	b.get("/sign-in/callback?code=x&state=y").want(t, http.StatusNotFound, "no such page")
}

// TestSessionsEndWithTheirProvider takes the provider away from a server that
// starts anew on the same database.
func TestSessionsEndWithTheirProvider(t *testing.T) {
	t.Parallel()
	s, _ := startWithProvider(t)
	b := s.browser(t).elsewhere()
	key := s.browser(t).signIn(s.owner)
	s.restart(t, func(cfg *server.Config) { cfg.OIDC = server.OIDC{} })
	b.get("/").want(t, http.StatusSeeOther)
	key.get("/").want(t, http.StatusOK)
}

func TestHalfAConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := server.OIDC{Issuer: "https://id.example.com", ClientID: "x", PublicURL: "https://keys.example.com"}
	with := func(change func(*server.OIDC)) server.Config {
		cfg := server.Config{Listen: "127.0.0.1:0", Database: filepath.Join(dir, "keyreeve.db"), OIDC: good}
		change(&cfg.OIDC)
		return cfg
	}
	bare := with(func(*server.OIDC) {})
	bare.NoConsole = true
	for name, tt := range map[string]struct {
		cfg  server.Config
		want string
	}{
		"whole":            {with(func(*server.OIDC) {}), "<nil>"},
		"with a secret":    {with(func(c *server.OIDC) { c.ClientSecretFile = file("secret", " s3cret\n") }), "<nil>"},
		"only the name":    {with(func(c *server.OIDC) { *c = server.OIDC{Name: "x"} }), "--oidc-issuer, --oidc-client-id, --public-url: missing"},
		"no client":        {with(func(c *server.OIDC) { c.ClientID = "" }), "--oidc-client-id: missing"},
		"no public URL":    {with(func(c *server.OIDC) { c.PublicURL = "" }), "--public-url: missing"},
		"no console":       {bare, "--console=false serves none"},
		"issuer":           {with(func(c *server.OIDC) { c.Issuer = "http://id.example.com" }), "--oidc-issuer \"http://id.example.com\" is plain HTTP"},
		"public URL":       {with(func(c *server.OIDC) { c.PublicURL = "keys.example.com" }), "--public-url \"keys.example.com\" is not a URL"},
		"public path":      {with(func(c *server.OIDC) { c.PublicURL += "/console" }), "give https://keys.example.com"},
		"no such file":     {with(func(c *server.OIDC) { c.ClientSecretFile = filepath.Join(dir, "gone") }), "--oidc-client-secret-file: open "},
		"an empty file":    {with(func(c *server.OIDC) { c.ClientSecretFile = file("empty", "\n") }), "empty does not hold one line"},
		"a file of others": {with(func(c *server.OIDC) { c.ClientSecretFile = file("two", "s3cret\nhunter2") }), "two does not hold one line"},
	} {
		if got := fmt.Sprint(tt.cfg.Check()); !strings.Contains(got, tt.want) || strings.Contains(got, "s3cret") {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
