package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// elsewhere serves a page of another site.
func elsewhere(t *testing.T, page string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, page)
	}))
	t.Cleanup(s.Close)
	// Another host, and so another site, on the same machine.
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.open(t).signIn(s.key)
	b.run(chromedp.Navigate(elsewhere(t, `<form method="post" action="`+s.url+`/projects/new"><input name="name" value="forged"></form>`)))
	script[bool](b, `document.forms[0].submit(), true`)
	b.see("This came from another place")
	b.goTo("/projects").see("Default project")
	b.lacks("forged")
	// A link from there brings no cookie, and opens the page all the same: to look
	// changes nothing.
	b.run(chromedp.Navigate(elsewhere(t, `<a href="`+s.url+`/users">look</a>`)), chromedp.Click(chromedp.CSS("a")))
	b.see("Ada Lovelace")
	b.goTo("/users").see("Ada Lovelace")
}

func TestThePageCannotBeFramed(t *testing.T) {
	t.Parallel()
	s := start(t)
	const asset = `page="GET /assets/{name}" status=200`
	b := s.open(t) // whose cache is empty
	b.run(chromedp.Navigate(elsewhere(t, `<iframe src="`+s.url+`/sign-in"></iframe><p>around it</p>`)))
	b.see("around it")
	time.Sleep(time.Second) // for what should not load
	if log := s.log.String(); !strings.Contains(log, `page="GET /sign-in"`) || strings.Contains(log, asset) {
		t.Error("the frame shows the page, whose style was loaded")
	}
	if b.goTo("/sign-in").see("Sign in to Keyreeve"); !strings.Contains(s.log.String(), asset) {
		t.Error("this test looks for the wrong line in the log")
	}
}

func TestTheScriptPolicyHolds(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.open(t).signIn(s.key)
	b.goTo("/projects/new").fill("#name", `<img src=x onerror="window.hit=1"><script>window.hit=1</script>`).press("Make the project")
	b.see("<img src=x")
	b.goTo("/activity").see("<script>")
	script[bool](b, `(() => { const s = document.createElement('script'); s.textContent = 'window.hit = 1'; document.body.append(s);
		const d = document.createElement('div'); d.innerHTML = '<img src=x onerror="window.hit=1">'; document.body.append(d); return true })()`)
	time.Sleep(500 * time.Millisecond) // for what should not run
	if script[bool](b, `window.hit === 1`) {
		t.Error("a script that stands in a page ran")
	}
}

func TestNothingIsAskedOfAnybodyElse(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.open(t).signIn(s.key)
	for _, path := range []string{"/", "/admin-keys", "/activity", "/start"} {
		b.goTo(path)
		b.run(chromedp.Sleep(300 * time.Millisecond))
		for _, url := range script[[]string](b, `performance.getEntriesByType('resource').map(e => e.name)`) {
			if !strings.HasPrefix(url, s.url+"/") {
				t.Errorf("%s loads %s", path, url)
			}
		}
	}
}
