package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
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
