package browser

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

const (
	clientID     = "keyreeve-console"
	clientSecret = "a-secret-of-the-client"
	password     = "a-password-at-the-provider"
)

// startProvider runs a provider by the certified library of Zitadel, with its own
// login page. It is on another host than the console, and so another site.
func startProvider(t *testing.T, console string) (issuer string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	issuer = "http://localhost:" + port
	users, err := storage.StoreFromFile(people(t))
	if err != nil {
		t.Fatal(err)
	}
	storage.RegisterClients(storage.WebClient(clientID, clientSecret, console+"/sign-in/callback"))
	handler := exampleop.SetupServer(issuer, storage.NewStorage(users), slog.New(slog.DiscardHandler), false)
	s := httptest.NewUnstartedServer(handler)
	s.Listener.Close()
	s.Listener = listener
	s.Start()
	t.Cleanup(s.Close)
	return issuer
}

// people writes the provider's users.
func people(t *testing.T) string {
	t.Helper()
	users := map[string]storage.User{}
	for name, verified := range map[string]bool{"ada": true, "charles": true, "mallory": true, "eve": false} {
		users[name] = storage.User{ID: name, Username: name, Password: password, Email: name + "@example.com", EmailVerified: verified}
	}
	text, err := json.Marshal(users)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "users.json", string(text))
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// startWithProvider runs a server whose users can sign in elsewhere.
func startWithProvider(t *testing.T) server {
	t.Helper()
	address := freeAddress(t)
	console := "http://" + address
	s := startAt(t, address, "--oidc-issuer", startProvider(t, console), "--oidc-client-id", clientID,
		"--oidc-client-secret-file", write(t, "client-secret", clientSecret), "--oidc-name", "Example ID", "--public-url", console)
	t.Cleanup(func() {
		for _, secret := range []string{clientSecret, password, "code="} {
			if strings.Contains(s.log.String(), secret) {
				t.Errorf("%q is in the server's log", secret)
			}
		}
	})
	return s
}

// logIn fills in the provider's login page.
func (b *tab) logIn(name, password string) *tab {
	b.t.Helper()
	b.fill(`input[name=username]`, name).fill(`input[name=password]`, password)
	b.run(chromedp.Click(chromedp.CSS(`button[type=submit]`)))
	return b
}

// TestOpenIDConnect signs people in at a real provider. One test after the other:
// the provider's clients are one variable of its library.
func TestOpenIDConnect(t *testing.T) {
	t.Parallel()
	s := startWithProvider(t)
	for name, test := range map[string]func(*testing.T, server){
		"the whole way": signInAtAProvider, "in vain": signInInVain, "the user is removed": userIsRemoved, "the page": signInPage,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

// signInAtAProvider goes the whole way that a person goes.
func signInAtAProvider(t *testing.T, s server) {
	for name, scripts := range map[string]bool{"with scripts": true, "without": false} {
		b := s.open(t)
		if !scripts {
			b.withoutScripts()
		}
		b.goTo("/activity?type=login.succeeded").see("Sign in to Keyreeve", "or with an admin key")
		b.press("Sign in with Example ID").logIn("ada", "wrong").see("wrong").logIn("ada", password)
		b.see("ada@example.com", "signed in to the console", "Ada Lovelace")
		if got := b.address(); got != s.url+"/activity?type=login.succeeded&signed-in" {
			t.Errorf("%s: it ends at %s", name, got)
		}
		b.goTo("/projects/new").fill("#name", "made "+name).press("Make the project").see("made " + name)
		b.press("Sign out").see("Sign in to Keyreeve")
		b.goTo("/users").see("Sign in to Keyreeve")
	}
}

func signInInVain(t *testing.T, s server) {
	for name, want := range map[string]string{
		"mallory": "Example ID says that you are mallory@example.com, and no user of this organization has that address.",
		"eve":     "Example ID has not verified the address eve@example.com.",
	} {
		b := s.open(t)
		b.goTo("/sign-in").press("Sign in with Example ID").logIn(name, password).see(want, "Admin key")
		b.goTo("/users").see("Sign in to Keyreeve")
		b.lacks("Ada Lovelace")
	}
	// A link with somebody else's answer, as an attacker would send it.
	b := s.open(t)
	b.goTo("/sign-in/callback?code=x&state=y").see("was not begun in this browser")
	b.goTo("/sign-in").press("Sign in with Example ID")
	b.run(chromedp.WaitVisible(chromedp.CSS(`input[name=username]`)))
	b.goTo("/sign-in/callback?code=x&state=y").see("was not begun in this browser")
}

func userIsRemoved(t *testing.T, s server) {
	owner := s.open(t).signIn(s.key)
	owner.goTo("/invites/new").fill("#email", "charles@example.com").press("Make the invite").see("Pass this link on now")
	_, token, _ := strings.Cut(owner.value(), "#")
	b := s.open(t)
	b.goTo("/join").fill("#token", token).fill("#name", "Charles Babbage").press("Accept the invite").see("Welcome, Charles Babbage")
	b.goTo("/sign-in").press("Sign in with Example ID").logIn("charles", password).see("Overview", "Charles Babbage")
	b.press("Projects").see("Default project")
	b.lacks("New project") // a reader
	var gone struct{ Deleted bool }
	s.api(t, http.MethodDelete, "/v1/organization/users/"+s.userID(t, "charles@example.com"), "", &gone)
	b.press("Users").see("Your session has ended")
	b.press("Sign in with Example ID").logIn("charles", password).see("no user of this organization has that address")
}

func signInPage(t *testing.T, s server) {
	axe := readAxe(t)
	b := s.open(t)
	b.goTo("/sign-in").look("sign-in-openid", axe)
	b.goTo("/sign-in/callback").see("was not begun in this browser").look("sign-in-openid-refused", axe)
}
