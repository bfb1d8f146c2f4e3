package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestAKeyFromBirthToEnd(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.open(t).signIn(s.key)
	b.press("Admin keys").see("First admin key")
	b.press("New admin key").fill("#name", "deploy pipeline").press("Make the key").see("Copy it now", "1/1")
	value := b.value()
	if got := s.verify(t, value); got != http.StatusOK {
		t.Errorf("a gateway is told %d of the new key", got)
	}
	b.press("I have copied it").see("deploy pipeline", "just now", "made the admin key")
	b.lacks(value)
	b.press("Revoke").see("It was last used", "stops working at once")
	b.fill("#typed", value[len(value)-3:]).press("Revoke the key").see("is refused from now on", "1/1")
	if got := s.verify(t, value); got != http.StatusUnauthorized {
		t.Errorf("a gateway is told %d of the revoked key", got)
	}
	b.press("See the event").see("revoked the admin key", "console")
	if strings.Contains(s.log.String(), value) {
		t.Error("the value is in the server's log")
	}
}

func TestTheButtonCopiesTheValue(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.open(t).signIn(s.key)
	b.goTo("/admin-keys/new").fill("#name", "copied").press("Make the key").see("Copy it now")
	value := b.value()
	// What is on the clipboard cannot be read without asking a person.
	script[bool](b, `navigator.clipboard.writeText = async (text) => { window.copied = text }, true`)
	b.press("Copy").see("Copied.")
	if got := script[string](b, `window.copied`); got != value {
		t.Error("something else than the value was copied")
	}
}

func TestTheValueIsGoneWithItsPage(t *testing.T) {
	t.Parallel()
	for name, scripts := range map[string]bool{"with scripts": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			b := s.open(t).signIn(s.key)
			if !scripts {
				b.withoutScripts()
			}
			b.goTo("/admin-keys/new").fill("#name", "shown once").press("Make the key")
			value := b.value()
			b.press("I have copied it")
			b.run(chromedp.WaitVisible(chromedp.CSS("dl.facts")))
			script[bool](b, `history.back(), true`)
			time.Sleep(time.Second) // for what may come back
			if strings.Contains(script[string](b, `document.documentElement.outerHTML`), value) {
				t.Errorf("the back button shows the value again:\n%s", b.text())
			}
			_ = chromedp.Do(b.ctx, chromedp.Reload()) // sends the form again, if the browser lets it
			if text := b.text(); strings.Contains(text, value) {
				t.Errorf("to reload shows the value again:\n%s", text)
			}
			b.goTo("/admin-keys").see("shown once")
			if n := script[int](b, `document.querySelectorAll('tbody tr').length`); n != 2 {
				t.Errorf("%d keys, want the first and one more", n)
			}
		})
	}
}

func TestSignInIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	made := s.post(t, "/v1/organization/admin_api_keys", `{"name":"short-lived"}`)
	b := s.open(t)
	b.goTo("/admin-keys").see("Sign in to Keyreeve") // whatever was asked for
	b.fill("#key", strings.Repeat("x", 58)).press("Sign in").see("does not begin with sk-admin-")
	b.fill("#key", made.Value[:len(made.Value)-1]).press("Sign in").see("57 characters")
	b.fill("#key", made.Value).press("Sign in").see("Admin keys", "short-lived")
	// The key is revoked: its session is over, and it opens no other.
	var gone struct{ Deleted bool }
	s.api(t, http.MethodDelete, "/v1/organization/admin_api_keys/"+made.ID, "", &gone)
	b.press("Projects").see("Your session has ended")
	b.fill("#key", made.Value).press("Sign in").see("was revoked")
	b.lacks(made.Value)
}

func TestTwoTabs(t *testing.T) {
	t.Parallel()
	s := start(t)
	one := s.open(t).signIn(s.key)
	two := one.another()
	// Each tab has a form of its own, and both are taken.
	one.goTo("/admin-keys/new").fill("#name", "from tab one")
	two.goTo("/admin-keys/new").fill("#name", "from tab two").press("Make the key").see("Copy it now")
	one.press("Make the key").see("Copy it now")
	two.press("I have copied it").see("Last used")
	two.goTo("/activity").see("from tab one", "from tab two", "Live")
	// What happens in one tab is seen in the other without a reload.
	one.goTo("/projects/new").fill("#name", "seen at once").press("Make the project").see("seen at once")
	two.see("seen at once")
	if !script[bool](two, `[...document.querySelectorAll('#list time')].every((t) => t.title && !t.title.endsWith('UTC'))`) {
		t.Error("what came later has its times in UTC, not in the reader's zone")
	}
	// Signing out in one is signing out in both.
	one.press("Sign out").see("Sign in to Keyreeve")
	two.press("Users").see("Sign in to Keyreeve")
}

// TestTabsThatNobodySeesHoldNoConnection opens more of them than a browser has
// connections to one server.
func TestTabsThatNobodySeesHoldNoConnection(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.open(t).signIn(s.key)
	look := func(b *tab, hidden bool) {
		script[bool](b, fmt.Sprintf(`Object.defineProperty(document, 'hidden', { value: %t, configurable: true }),
document.dispatchEvent(new Event('visibilitychange'))`, hidden))
	}
	for range 7 {
		next := b.another()
		next.goTo("/activity").see("Live")
		look(next, true)
	}
	b.goTo("/activity").see("Live")
	// What happens while a tab is hidden is there when somebody looks again.
	look(b, true)
	s.post(t, "/v1/organization/admin_api_keys", `{"name":"made unseen"}`)
	look(b, false)
	b.see("made unseen")
}

func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.open(t).withoutScripts()
	b.goTo("/sign-in").fill("#key", s.key).press("Sign in").see("Overview", "Times are UTC")
	b.press("Admin keys").press("New admin key").fill("#name", "no scripts").press("Make the key").see("Copy it now")
	value := b.value()
	if got := s.verify(t, value); got != http.StatusOK {
		t.Errorf("the key: %d", got)
	}
	b.press("I have copied it").see("UTC").press("Revoke").fill("#typed", value[len(value)-3:]).press("Revoke the key").see("1/1")
	if got := s.verify(t, value); got != http.StatusUnauthorized {
		t.Errorf("the revoked key: %d", got)
	}
	b.goTo("/admin-keys?q=first").see("First admin key")
	b.goTo("/activity").see("revoked the admin key")
	b.press("Sign out").see("Sign in to Keyreeve")
}

func TestByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.open(t)
	keys := func(text string) { b.t.Helper(); b.run(chromedp.KeyEvent(text)) }
	b.goTo("/sign-in").focused("#key")
	keys(s.key)
	keys(kb.Enter)
	b.see("Overview", "Replicas")
	keys(kb.Tab)
	if got := script[string](b, `document.activeElement.textContent`); got != "Skip to the content" {
		t.Errorf("the first stop is %q", got)
	}
	b.goTo("/admin-keys/new").focused("#name")
	keys("by keyboard")
	keys(kb.Tab)
	keys(kb.ArrowUp) // from 90 days to 30
	keys(kb.Enter)
	b.see("Copy it now", "in 30 days")
	value := b.value()
	b.goTo("/admin-keys").see("by keyboard")
	// Every control can be reached, and shows that it has the focus.
	seen := map[string]bool{}
	for range 40 {
		keys(kb.Tab)
		at := script[string](b, `(() => { const e = document.activeElement, s = getComputedStyle(e);
			return e.matches(':focus-visible') && s.outlineStyle === 'none' ? 'no outline: ' + e.outerHTML : (e.textContent || e.name).trim() })()`)
		if strings.HasPrefix(at, "no outline") {
			t.Error(at)
		}
		seen[at] = true
	}
	for _, want := range []string{"Overview", "Sign out", "New admin key", "q", "Show", "by keyboard"} {
		if !seen[want] {
			t.Errorf("%q is not reached by Tab", want)
		}
	}
	b.goTo("/admin-keys?q=by").press("by keyboard").press("Revoke").see("Revoke by keyboard?").focused("#typed")
	keys(value[len(value)-3:])
	keys(kb.Enter)
	b.see("is refused from now on")
}

func TestFindingWhileTyping(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, name := range []string{"alpha", "beta", "gamma"} {
		s.post(t, "/v1/organization/admin_api_keys", `{"name":"`+name+`"}`)
	}
	b := s.open(t).signIn(s.key)
	b.goTo("/admin-keys").see("alpha", "beta", "gamma").fill("#q", "BE").see("beta")
	for deadline := time.Now().Add(patience / 2); strings.Contains(b.text(), "alpha"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the list did not change:\n%s", b.text())
		}
	}
	b.hears("1 key found")
	b.fill("#q", "lovelace")
	b.see("Press Enter to look for parts of names")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.see("alpha", "beta", "gamma")
}

// TestPagesAreLight measures what a first visit transfers.
func TestPagesAreLight(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 30 {
		s.post(t, "/v1/organization/admin_api_keys", fmt.Sprintf(`{"name":"key number %d"}`, i))
	}
	b := s.open(t).signIn(s.key)
	const limit = 100_000
	for _, path := range []string{"/", "/admin-keys", "/activity", "/start"} {
		b.goTo(path).run(chromedp.Sleep(500 * time.Millisecond)) // for the paint
		sizes := script[[]int](b, `(() => { const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
			const sum = (f) => all.reduce((n, e) => n + e[f], 0);
			const paint = performance.getEntriesByName('first-contentful-paint')[0];
			return [sum('decodedBodySize'), sum('encodedBodySize'), Math.round(paint ? paint.startTime : -1)] })()`)
		t.Logf("%s: %d bytes, %d of them transferred, first paint after %d ms", path, sizes[0], sizes[1], sizes[2])
		if sizes[0] > limit {
			t.Errorf("%s has %d bytes, more than %d", path, sizes[0], limit)
		}
	}
}
