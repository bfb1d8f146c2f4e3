package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// pages are opened one after the other, each with a name for its pictures. What
// is in braces is looked up in what filled has made.
var pages = []struct{ name, path string }{
	{"overview", "/"},
	{"start", "/start"},
	{"admin-keys", "/admin-keys"},
	{"admin-keys-by-name", "/admin-keys?sort=name"},
	{"admin-keys-found", "/admin-keys?q=deploy"},
	{"admin-keys-none-found", "/admin-keys?q=nothing-like-this"},
	{"admin-key-new", "/admin-keys/new"},
	{"admin-key", "/admin-keys/{key}"},
	{"admin-key-revoke", "/admin-keys/{key}/revoke"},
	{"projects", "/projects?archived=yes"},
	{"projects-found", "/projects?q=chat"},
	{"projects-none-found", "/projects?q=prototype"},
	{"project-new", "/projects/new"},
	{"project", "/projects/{project}"},
	{"project-rename", "/projects/{project}/edit"},
	{"project-archive", "/projects/{project}/archive"},
	{"project-keys", "/projects/{project}/keys"},
	{"project-keys-none", "/projects/{empty}/keys"},
	{"project-key-new", "/projects/{project}/keys/new"},
	{"project-key", "/projects/{project}/keys/{projectkey}"},
	{"project-key-revoke", "/projects/{project}/keys/{projectkey}/revoke"},
	{"service-accounts", "/projects/{project}/service-accounts"},
	{"service-accounts-found", "/projects/{project}/service-accounts?q=night"},
	{"service-account-new", "/projects/{project}/service-accounts/new"},
	{"service-account", "/projects/{project}/service-accounts/{account}/edit"},
	{"service-account-key", "/projects/{project}/service-accounts/{account}/keys/new"},
	{"service-account-remove", "/projects/{project}/service-accounts/{account}/remove"},
	{"members", "/projects/{project}/members"},
	{"member-new", "/projects/{project}/members/new"},
	{"member-role", "/projects/{project}/members/{user}/role"},
	{"member-remove", "/projects/{project}/members/{user}/remove"},
	{"users", "/users"},
	{"users-none-found", "/users?q=nobody"},
	{"user", "/users/{user}"},
	{"user-role", "/users/{user}/role"},
	{"user-remove", "/users/{user}/remove"},
	{"invites", "/invites"},
	{"invite-new", "/invites/new"},
	{"activity", "/activity"},
	{"activity-filtered", "/activity?type=project.archived&actor=nobody@example.com"},
	{"event", "/activity/4"},
	{"not-found", "/projects/proj_00000000000000000000000000"},
	{"join", "/join"},
}

// looks are how a page is looked at.
var looks = []struct {
	name, scheme string
	width        int64
}{
	{"light", "light", 1280},
	{"dark", "dark", 1280},
	{"narrow", "light", 360},
	{"broad", "dark", 1600},
}

// TestEveryPage looks at every page for what shuts people out, and leaves
// pictures.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	axe := readAxe(t)
	s := start(t)
	b := s.open(t)
	b.goTo("/sign-in")
	b.look("sign-in", axe)
	b.fill("#key", "sk-admin-nonsense").press("Sign in").see("not a whole key")
	b.look("sign-in-refused", axe)
	b.signIn(s.key)
	ids := s.filled(t, b)
	for _, page := range pages {
		b.goTo(ids.Replace(page.path))
		b.look(page.name, axe)
	}
	b.goTo("/admin-keys/new").press("Make the key") // the browser itself asks for the name
	b.fill("#name", "shown on the next page").press("Make the key").see("Copy it now")
	b.look("key-made", axe)
}

// readAxe returns the script that looks for what shuts people out.
func readAxe(t *testing.T) string {
	t.Helper()
	axe, err := os.ReadFile(filepath.Join("..", "npm", "node_modules", "axe-core", "axe.min.js"))
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("axe-core is required in CI (cd npm && npm ci): %v", err)
	default:
		t.Skipf("skipped without axe-core: %v", err)
	}
	return string(axe)
}

// look checks the page as it is and takes its pictures.
func (b *tab) look(name, axe string) {
	b.t.Helper()
	for _, l := range looks {
		b.media(l.scheme)
		b.run(chromedp.EmulateViewport(l.width, 900))
		b.picture(name + "-" + l.name)
		if width := script[int64](b, `document.documentElement.scrollWidth`); width > l.width {
			b.t.Errorf("%s is %d wide at %s", name, width, l.name)
		}
		b.checkAccess(name+", "+l.name, axe)
	}
	b.run(chromedp.EmulateViewport(1280, 900))
	b.media("light")
}

func (b *tab) picture(name string) {
	b.t.Helper()
	if err := os.MkdirAll("artefacts", 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("artefacts", name+".png"), ask(b, chromedp.FullScreenshot(100)), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// checkAccess runs axe with the rules of WCAG 2.2 AA and its best practices.
func (b *tab) checkAccess(where, axe string) {
	b.t.Helper()
	text := script[string](b, axe+`; axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html + " " + n.failureSummary)}))))`)
	var violations []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(text), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		b.t.Errorf("%s: %s: %s\n%s", where, v.ID, v.Help, strings.Join(v.Nodes, "\n"))
	}
}

// filled puts something into the organization, over the API and by the pages, and
// returns what ids there are.
func (s server) filled(t *testing.T, b *tab) *strings.Replacer {
	t.Helper()
	const org = "/v1/organization"
	var made created
	keys := []string{"deploy pipeline", "terraform", "backup of the audit log", "Grafana", "nightly report", "a laptop that was lost"}
	for i, name := range keys {
		made = s.post(t, org+"/admin_api_keys", fmt.Sprintf(`{"name":%q,"expires_in_seconds":%d}`, name, (i+1)*5*86400))
	}
	key := made.ID
	for range 3 {
		s.verify(t, s.key)
		s.verify(t, "sk-admin-unknown")
	}
	old := s.post(t, org+"/projects", `{"name":"prototype"}`)
	s.post(t, org+"/projects/"+old.ID+"/archive", ``)
	project := s.post(t, org+"/projects", `{"name":"Customer chat"}`)
	s.post(t, org+"/invites", `{"email":"grace@example.com","role":"reader"}`)
	b.goTo("/invites/new").fill("#email", "charles@example.com").press("Make the invite").see("Pass this link on now")
	_, token, _ := strings.Cut(b.value(), "#")
	b.goTo("/join").fill("#token", token).fill("#name", "Charles Babbage").press("Accept the invite").see("Welcome, Charles Babbage")
	user := s.userID(t, "charles@example.com")
	s.post(t, org+"/projects/"+project.ID+"/users", fmt.Sprintf(`{"user_id":%q,"role":"member"}`, user))
	empty := s.post(t, org+"/projects", `{"name":"Experiments"}`)
	account := s.post(t, org+"/projects/"+project.ID+"/service_accounts", `{"name":"recommender in production"}`)
	b.goTo("/projects/"+project.ID+"/service-accounts/new").fill("#name", "nightly evaluation").press("Make the service account").see("Copy it now")
	b.goTo("/projects/"+project.ID+"/keys/new").fill("#name", "notebook of Charles").press("Make the key").see("Copy it now")
	model := b.value()
	for range 40 {
		s.verify(t, model)
	}
	b.press("I have copied it").see("What happened to it")
	projectKey := b.address()
	return strings.NewReplacer("{empty}", empty.ID, "{account}", account.ID, "{projectkey}", projectKey[strings.LastIndex(projectKey, "/")+1:],
		"{key}", key, "{project}", project.ID, "{user}", user)
}
