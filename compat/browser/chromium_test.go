package browser

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience is for a page on a machine that does other things as well.
const patience = 60 * time.Second

// tab is a tab of a browser of its own, with nothing in it.
type tab struct {
	t      *testing.T
	ctx    context.Context //nolint:containedctx // chromedp keeps the tab in it
	server server
}

// allocator starts the one Chromium of all tests.
var allocator struct {
	sync.Once
	ctx    context.Context //nolint:containedctx // chromedp keeps the browser in it
	cancel []context.CancelFunc
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, cancel := range slices.Backward(allocator.cancel) {
		cancel()
	}
	os.Exit(code)
}

func launch() {
	a := &allocator
	path, err := exec.LookPath("chromium")
	if err != nil {
		a.err = err
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 900), chromedp.WSURLReadTimeout(patience))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	a.cancel = append(a.cancel, cancel)
	a.ctx, cancel = chromedp.NewContext(ctx)
	a.cancel = append(a.cancel, cancel)
	a.err = chromedp.Do(a.ctx) // begins it, for as long as the context lasts
}

// open returns a tab with cookies of its own. A laptop may lack Chromium, CI may
// not.
func (s server) open(t *testing.T) *tab {
	t.Helper()
	allocator.Do(launch)
	switch {
	case allocator.err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("Chromium is required in CI: %v", allocator.err)
	default:
		t.Skipf("skipped without Chromium: %v", allocator.err)
	}
	ctx, cancel := chromedp.NewContext(allocator.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	b := &tab{t, ctx, s}
	b.media("light")
	// There are many tabs at a time, and each takes itself for the one in front.
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return b
}

// media sets the color scheme, and lets nothing move.
func (b *tab) media(scheme string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// another opens a second tab of the same browser.
func (b *tab) another() *tab {
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		b.t.Fatal(err)
	}
	return &tab{b.t, ctx, b.server}
}

// run does steps, and fails the test when one cannot be done.
func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v\nat %s:\n%s", err, b.address(), b.text())
	}
}

// ask is run for an action that returns something.
func ask[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%v\nat %s:\n%s", err, b.address(), b.text())
	}
	return result
}

// call sends a command of the protocol.
func call[P, R any](b *tab, cmd cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, cmd, params); err != nil {
		b.t.Fatal(err)
	}
}

// script returns what an expression of the page's is. It is not under the
// page's policy.
func script[T any](b *tab, expression string) T {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

func (b *tab) address() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	url, _ := chromedp.Run(ctx, chromedp.Location())
	return url
}

// text is what a person reads.
func (b *tab) text() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
	return text
}

func (b *tab) goTo(path string) *tab {
	b.t.Helper()
	b.run(chromedp.Navigate(b.server.url + path))
	return b
}

// see waits until the page says something.
func (b *tab) see(texts ...string) *tab {
	b.t.Helper()
	for _, text := range texts {
		for deadline := time.Now().Add(patience / 2); !strings.Contains(b.text(), text); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				b.t.Fatalf("no %q at %s:\n%s", text, b.address(), b.text())
			}
		}
	}
	return b
}

// hears waits until somebody who does not see the list is told something.
func (b *tab) hears(want string) {
	b.t.Helper()
	var got string
	for deadline := time.Now().Add(patience / 2); got != want; time.Sleep(50 * time.Millisecond) {
		if got = script[string](b, `document.getElementById("found")?.textContent ?? ""`); time.Now().After(deadline) {
			b.t.Fatalf("the list says %q, want %q", got, want)
		}
	}
}

// lacks fails when a page says something.
func (b *tab) lacks(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if strings.Contains(b.text(), text) {
			b.t.Errorf("%q at %s", text, b.address())
		}
	}
}

func (b *tab) fill(selector, text string) *tab {
	b.t.Helper()
	b.run(chromedp.WaitVisible(chromedp.CSS(selector)))
	script[bool](b, `document.querySelector("`+selector+`").value = "", true`)
	b.run(chromedp.SendKeys(chromedp.CSS(selector), text))
	return b
}

// focused waits until a field has the focus, as it has when its page has loaded.
func (b *tab) focused(selector string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience / 2); !script[bool](b, `document.activeElement.matches("`+selector+`")`); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s has no focus at %s", selector, b.address())
		}
	}
}

// press clicks a link or a button by its label, and waits for the page that
// follows.
func (b *tab) press(label string) *tab {
	b.t.Helper()
	quoted := `"` + label + `"`
	b.run(chromedp.Click(chromedp.Search(`//main//*[self::a or self::button or self::summary][normalize-space()=` + quoted +
		`] | //header//*[self::a or self::button][normalize-space()=` + quoted + `]`)))
	return b
}

// signIn exchanges a key for a session, as a person does.
func (b *tab) signIn(key string) *tab {
	b.t.Helper()
	b.goTo("/sign-in").fill("#key", key).press("Sign in")
	return b.see("Overview", "Replicas")
}

// value reads the value that is shown once.
func (b *tab) value() string {
	b.t.Helper()
	return ask(b, chromedp.TextContent(chromedp.CSS("#value")))
}

func (b *tab) withoutScripts() *tab {
	b.t.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return b
}
