package console_test

import (
	"bufio"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

// TestWhatAPageDoesByItselfKeepsNoSession lets a page follow the log and ask for
// what is new, and nobody do anything for an hour.
func TestWhatAPageDoesByItselfKeepsNoSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	const most = org.SessionIdle * time.Second
	s.ahead.Store(int64(most - 2*time.Minute))
	b.follow(t)
	refresh := *b
	refresh.header = http.Header{"Hx-Request": {"true"}, "Hx-Request-Type": {"partial"}, "Keyreeve-Refresh": {"true"}}
	refresh.get("/activity").want(t, http.StatusOK, "signed in")
	s.ahead.Store(int64(most))
	refresh.get("/activity").want(t, http.StatusOK) // led to the door by a header
	b.get("/activity").want(t, http.StatusSeeOther)
}

func TestSigningInAnewEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	before := *b
	// The form was opened before the first sign-in, in another tab.
	b.do(http.MethodPost, "/sign-in", url.Values{"key": {s.reader}}).want(t, http.StatusSeeOther)
	b.get("/").want(t, http.StatusOK, "Charles Babbage")
	before.get("/").want(t, http.StatusSeeOther)
}

func TestWhatWasAskedForComesAfterSigningIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	const page = "/activity?type=login.succeeded"
	form := b.get(page).want(t, http.StatusSeeOther).header.Get("Location")
	want := "/sign-in?" + url.Values{"next": {page}}.Encode()
	if form != want {
		t.Errorf("led to %s, want %s", form, want)
	}
	fields := hidden(b.get(form).body)
	fields.Set("key", s.owner)
	to := b.do(http.MethodPost, "/sign-in", fields).want(t, http.StatusSeeOther).header.Get("Location")
	if to != page+"&signed-in" {
		t.Errorf("went to %s", to)
	}
	b.get(to).want(t, http.StatusOK, "signed in to the console")

	// A link in a mail: the browser keeps back the cookie, and asks again with it.
	mail := *b
	mail.cookie, mail.header = "", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Dest": {"document"}}
	if again := mail.get(page).want(t, http.StatusOK, "One moment").header.Get("Refresh"); again != "0; url="+page {
		t.Errorf("asks again for %s", again)
	}
}

func TestAMistypedAddressIsAPageForBrowsers(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	stranger := s.browser(t)
	const browsers = "text/html,application/xhtml+xml,*/*;q=0.8"
	b.header.Set("Accept", browsers)
	stranger.header.Set("Accept", browsers)
	for _, path := range []string{"/nope", "/projects/", "/sign-in/", "/activity/", "/projects//x", "/users/../x", "/users%2fx"} {
		b.get(path).want(t, http.StatusNotFound, "There is no such page", "Overview")
		stranger.get(path).want(t, http.StatusNotFound, "There is no such page", "Sign in")
	}
	for _, path := range []string{"/v1/nope", "/v1/organization/users/", "/gateway/nope"} {
		if a := b.get(path); a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d as %s", path, a.status, a.header.Get("Content-Type"))
		}
	}
	b.header.Set("Accept", "application/json")
	b.get("/nope").want(t, http.StatusNotFound, "Invalid URL")
}

// follow opens the stream and reads its first message.
func (b *browser) follow(t *testing.T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.site.url+"/activity/live", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", b.cookie)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); resp.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("%d %q, %v", resp.StatusCode, line, err)
	}
}
