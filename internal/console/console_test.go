package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/console"
	"github.com/keyreeve/keyreeve/internal/org"
)

var (
	shownValue = regexp.MustCompile(`id="value"[^>]*>(sk-[A-Za-z0-9-]+)<`)
	keyID      = regexp.MustCompile(`key_[0-9A-Z]{26}`)
	tailOf     = regexp.MustCompile(`Type <code>(\w+)</code>`)
)

// status is what the API says to a key.
func (s *site) status(t *testing.T, key string) int {
	t.Helper()
	b := s.browser(t)
	b.header = http.Header{"Authorization": {"Bearer " + key}}
	return b.get("/v1/organization/admin_api_keys").status
}

// verify is what a gateway is told of a key.
func (s *site) verify(t *testing.T, key string) int {
	t.Helper()
	b := s.browser(t)
	b.header = http.Header{"Authorization": {"Bearer " + key}}
	return b.get("/gateway/auth").status
}

func TestAKeyIsMadeUsedAndRevoked(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	made := b.send("/admin-keys/new", "name", "deploy pipeline", "expiry", "30").want(t, http.StatusOK, "deploy pipeline", "1/1")
	value, id := shownValue.FindStringSubmatch(made.body)[1], keyID.FindString(made.body)
	if cache := made.header.Get("Cache-Control"); cache != "no-store" {
		t.Errorf("the value may be cached: %q", cache)
	}
	if got := s.status(t, value); got != http.StatusOK {
		t.Errorf("the new key: %d", got)
	}
	b.get("/admin-keys").want(t, http.StatusOK, "deploy pipeline")
	b.get("/admin-keys/"+id).want(t, http.StatusOK, "deploy pipeline", "made the admin key", "console")
	ask := b.get("/admin-keys/"+id+"/revoke").want(t, http.StatusOK, "It was last used")
	b.send("/admin-keys/"+id+"/revoke", "typed", "wrong").want(t, http.StatusUnprocessableEntity, "Type ")
	if got := s.status(t, value); got != http.StatusOK {
		t.Errorf("after a wrong confirmation: %d", got)
	}
	b.send("/admin-keys/"+id+"/revoke", "typed", tailOf.FindStringSubmatch(ask.body)[1]).want(t, http.StatusOK, "refused from now on", "1/1")
	if got := s.status(t, value); got != http.StatusUnauthorized {
		t.Errorf("the revoked key: %d", got)
	}
	b.get("/admin-keys/"+id).want(t, http.StatusNotFound)
	b.get("/activity?resource="+id).want(t, http.StatusOK, "revoked the admin key", "made the admin key", `<option value="api_key.created">Key made</option>`)
	for _, path := range everyPage {
		if strings.Contains(b.get(path).body, value) {
			t.Errorf("%s shows the value again", path)
		}
	}
	if strings.Contains(s.log.String(), value) || strings.Contains(s.log.String(), s.owner) {
		t.Error("a value is in the log")
	}
}

// TestTypedDaysAreNotPassedOver sends what a browser without scripts sends when
// somebody types days and leaves the choice above as it was.
func TestTypedDaysAreNotPassedOver(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	project := b.newProject("chat")
	for _, path := range []string{"/admin-keys/new", project + "/service-accounts/new"} {
		for _, preset := range []string{"90", "never"} {
			b.send(path, "name", "x", "expiry", preset, "days", "10").want(t, http.StatusUnprocessableEntity,
				"You typed days and chose something else", `value="days" checked`, `value="10"`)
		}
		b.send(path, "name", "x", "expiry", "days", "days", " 10 ").want(t, http.StatusOK, "in 10 days")
		b.send(path, "name", "x", "expiry", "7", "days", "").want(t, http.StatusOK, "in 7 days")
	}
}

func TestTheOverviewCountsWhatGatewaysAsked(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser(t).send("/sign-in", "key", s.owner[:57]+"!").want(t, http.StatusUnauthorized)
	b := s.browser(t).signIn(s.owner)
	s.status(t, s.owner)
	b.get("/").want(t, http.StatusOK, "0 allowed", "0 refused", "No gateway has asked yet")
	s.verify(t, s.owner)
	s.verify(t, s.owner[:57]+"!")
	b.get("/").want(t, http.StatusOK, "1 allowed", "1 refused")
}

func TestANameTurnsNothingAround(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	for _, name := range []string{"\u202eevil", "a\u2066b"} {
		for _, path := range []string{"/projects/new", "/admin-keys/new"} {
			a := b.send(path, "name", name, "expiry", "7").want(t, http.StatusUnprocessableEntity, "turn the direction of text", "20")
			if strings.Contains(a.body, name) {
				t.Errorf("%s shows %q as it is", path, name)
			}
		}
	}
	b.get("/admin-keys?q=\u202eevil").want(t, http.StatusOK, "\ufffdevil")
}

// everyPage are the pages that need nothing to be there but the organization.
var everyPage = []string{
	"/", "/start", "/admin-keys", "/admin-keys/new", "/admin-keys?sort=name", "/admin-keys?sort=oldest", "/admin-keys?q=first",
	"/projects", "/projects?archived=yes", "/projects/new", "/users", "/activity", "/activity?type=api_key.created", "/activity/1",
}

func TestAFormIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	form := hidden(b.get("/admin-keys/new").body)
	form.Set("name", "only one")
	form.Set("expiry", "never")
	b.do(http.MethodPost, "/admin-keys/new", form).want(t, http.StatusOK, "only one")
	b.do(http.MethodPost, "/admin-keys/new", form).want(t, http.StatusConflict, "sent before")
	if n := strings.Count(b.get("/admin-keys").body, "only one"); n != 1 {
		t.Errorf("%d keys were made", n)
	}
	// A form with a mistake is not spent by it.
	form = hidden(b.get("/projects/new").body)
	b.do(http.MethodPost, "/projects/new", form).want(t, http.StatusUnprocessableEntity, "must not be empty")
	form.Set("name", "chat")
	b.do(http.MethodPost, "/projects/new", form).want(t, http.StatusSeeOther)
}

func TestWhoIsNotSignedInIsLedToTheDoor(t *testing.T) {
	t.Parallel()
	s := start(t)
	gone := s.browser(t).signIn(s.owner)
	gone.send("/sign-out") // there is no such page, and its form is on every one
	cookies := map[string]string{
		"none": "", "junk": "__Host-keyreeve=x", "unknown": "__Host-keyreeve=" + strings.Repeat("A", 43),
	}
	for name, cookie := range cookies {
		for _, r := range console.Routes() {
			if r.Permission == "" {
				continue
			}
			method, path, _ := strings.Cut(strings.Replace(r.Pattern, "{$}", "", 1), " ")
			var form url.Values
			if method == http.MethodPost {
				form = url.Values{"name": {"x"}}
			}
			b := s.browser(t)
			b.cookie = cookie
			a := b.do(method, path, form)
			if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/sign-in") {
				t.Errorf("%s, cookie %s: %d %s", r.Pattern, name, a.status, a.header.Get("Location"))
			}
		}
	}
}

func TestAReaderSeesNoButtonThatWouldFail(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.reader)
	var writes []*regexp.Regexp
	for _, r := range console.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if r.Permission != org.ManagementWrite {
			continue
		}
		pattern := regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `[\w]+`)
		writes = append(writes, regexp.MustCompile(`(?:href|action)="`+pattern+`"`))
		var form url.Values
		if method == http.MethodPost {
			form = url.Values{}
		}
		b.do(method, path, form).want(t, http.StatusForbidden, "You may look")
	}
	pages := append([]string{"/users/" + regexp.MustCompile(`user_[0-9A-Z]{26}`).FindString(b.get("/users").body),
		"/admin-keys/" + keyID.FindString(b.get("/admin-keys").body),
		"/projects/" + regexp.MustCompile(`proj_[0-9A-Z]{26}`).FindString(b.get("/projects").body)}, everyPage...)
	for _, path := range pages {
		if strings.HasSuffix(path, "/new") {
			continue
		}
		body := b.get(path).want(t, http.StatusOK).body
		for _, w := range writes {
			if found := w.FindString(body); found != "" {
				t.Errorf("%s offers %s", path, found)
			}
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner := s.browser(t).signIn(s.owner)
	made := owner.send("/admin-keys/new", "name", "second", "expiry", "7")
	value := shownValue.FindStringSubmatch(made.body)[1]
	other := s.browser(t).signIn(value)
	second := s.browser(t).signIn(value)
	other.get("/").want(t, http.StatusOK)
	cookie := second.cookie
	second.do(http.MethodPost, "/sign-out", url.Values{}).want(t, http.StatusSeeOther)
	second.cookie = cookie // a browser that kept it
	second.get("/").want(t, http.StatusSeeOther)
	other.get("/").want(t, http.StatusOK) // another session of the same key goes on

	id := keyID.FindString(made.body)
	ask := owner.get("/admin-keys/" + id + "/revoke")
	owner.send("/admin-keys/"+id+"/revoke", "typed", tailOf.FindStringSubmatch(ask.body)[1]).want(t, http.StatusOK)
	if to := other.get("/users").want(t, http.StatusSeeOther).header.Get("Location"); to != "/sign-in?next=%2Fusers&why=ended" {
		t.Errorf("led to %s", to)
	}
	s.browser(t).send("/sign-in", "key", value).want(t, http.StatusUnauthorized, "was revoked")
	owner.get("/activity").want(t, http.StatusOK, "signed in to the console", "signed out of the console")
}

func TestSignInRefusesWhatIsNoAdminKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	for key, want := range map[string]string{
		"":                                    "Paste an admin key first",
		"hello":                               "does not begin with sk-admin-",
		s.owner[:30]:                          "it has 30 characters",
		s.owner[:57] + "!":                    "not a whole key",
		"sk-admin-" + strings.Repeat("A", 49): "checksum",
	} {
		b := s.browser(t)
		a := b.send("/sign-in", "key", key).want(t, http.StatusUnauthorized, want)
		if b.cookie != "" {
			t.Errorf("%q got a session", want)
		}
		if len(key) > 8 && strings.Contains(a.body, key) {
			t.Errorf("%q: the page repeats what was pasted", want)
		}
	}
	events := s.browser(t).signIn(s.owner).get("/activity").body
	if strings.Contains(events, "login.failed") {
		t.Error("a stranger can write into the audit log")
	}
}

func TestRequestsFromElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	form := hidden(b.get("/projects/new").body)
	form.Set("name", "forged")
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}},
		{"Sec-Fetch-Site": {"same-site"}},
		{"Origin": {"https://evil.example"}},
		{"Origin": {"null"}},
	} {
		forged := *b
		forged.header = header
		forged.do(http.MethodPost, "/projects/new", form).want(t, http.StatusForbidden, "another place")
		forged.do(http.MethodPost, "/sign-out", url.Values{}).want(t, http.StatusForbidden)
	}
	if strings.Contains(b.get("/projects").body, "forged") {
		t.Error("a forged form was taken")
	}
	policy := b.get("/").header
	for name, want := range map[string]string{
		"Content-Security-Policy": "frame-ancestors 'none'", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if !strings.Contains(policy.Get(name), want) {
			t.Errorf("%s: %q, want %q", name, policy.Get(name), want)
		}
	}
}

func TestTheCookieIsForThisHostAndTLSOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	set := b.send("/sign-in", "key", s.owner).header.Get("Set-Cookie")
	for _, want := range []string{"__Host-keyreeve=", "Path=/", "HttpOnly", "Secure", "SameSite=Strict"} {
		if !strings.Contains(set, want) {
			t.Errorf("%q is missing from the cookie", want)
		}
	}
	// From elsewhere over plain HTTP there is no form to paste a key into.
	away := s.browser(t)
	away.header = http.Header{}
	body := away.get("/sign-in").body // a request to 127.0.0.1 is of this machine
	if !strings.Contains(body, `name="key"`) {
		t.Error("no form on loopback")
	}
}

func TestAKeyIsNeverEchoed(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	for _, a := range []answer{
		b.get("/admin-keys?q=" + s.reader),
		b.get("/users?q=" + s.reader),
		b.get("/projects?archived=yes&q=my+" + s.reader),
		b.send("/admin-keys/new", "name", "my "+s.reader, "expiry", "7"),
		b.send("/projects/new", "name", s.reader),
		b.get("/activity?resource=" + s.reader),
		b.get("/users/" + s.reader),
		b.get("/sign-in?next=/users/" + s.reader),
	} {
		if strings.Contains(a.body, s.reader) {
			t.Errorf("a pasted key is shown again (%d):\n%s", a.status, a.body)
		}
	}
	if strings.Contains(s.log.String(), s.reader) {
		t.Error("a pasted key is in the log")
	}
}

func TestKeysAreFound(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	made := b.send("/admin-keys/new", "name", "Zebra crossing", "expiry", "7")
	value := shownValue.FindStringSubmatch(made.body)[1]
	for query, found := range map[string]bool{
		"zebra": true, "ZEBRA CR": true, "crossing": true, "lovelace": true, "ada@ex": true,
		value[len(value)-3:]: true, "sk-admin..." + value[len(value)-3:]: true, keyID.FindString(made.body): true,
		"charles": false, "%": false, "100_": false, "ra cross": true,
	} {
		body := b.get("/admin-keys?" + url.Values{"q": {query}}.Encode()).body
		if got := strings.Contains(body, "Zebra crossing</a>"); got != found {
			t.Errorf("%q found it: %v", query, got)
		}
	}
	// While typing, only the beginnings of names are looked at.
	b.header.Set("HX-Request", "true")
	b.header.Set("HX-Request-Type", "partial")
	typed := b.get("/admin-keys?q=ze").want(t, http.StatusOK, "Zebra crossing")
	if strings.Contains(typed.body, "<html") {
		t.Error("a part of the page was asked for, and all of it came")
	}
	b.get("/admin-keys?q=lovelace").want(t, http.StatusOK, "Press Enter")
}

func TestProjectsAndUsersAreChanged(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	project := b.newProject("chat")
	b.send(project+"/edit", "name", "chat, new").want(t, http.StatusSeeOther)
	b.get(project).want(t, http.StatusOK, "chat, new", "changed the project")
	b.send(project+"/archive", "typed", "chat").want(t, http.StatusUnprocessableEntity)
	b.send(project+"/archive", "typed", "chat, new").want(t, http.StatusOK, "archived", "1/1")
	b.get(project+"/edit").want(t, http.StatusUnprocessableEntity, "archived")

	ids := regexp.MustCompile(`user_[0-9A-Z]{26}`).FindAllString(b.get("/users").body, -1)
	reader, visitor := "/users/"+ids[1], "/users/"+ids[len(ids)-1] // the newest first, after the visitor's own link
	session := s.browser(t).signIn(s.reader)
	b.send(reader+"/role", "role", "owner").want(t, http.StatusSeeOther)
	session.get("/projects").want(t, http.StatusOK, "New project")
	b.send(reader+"/remove", "typed", "charles@example.com").want(t, http.StatusOK, "refused from now on")
	session.get("/projects").want(t, http.StatusSeeOther)
	b.send(visitor+"/role", "role", "reader").want(t, http.StatusUnprocessableEntity, "This user cannot be made a reader: no other user has the role")
}

// newProject makes a project and returns its address.
func (b *browser) newProject(name string) string {
	b.t.Helper()
	to := b.send("/projects/new", "name", name).want(b.t, http.StatusSeeOther).header.Get("Location")
	return strings.TrimSuffix(to, "/keys")
}

func TestKeysOfAProject(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	project := b.newProject("chat")
	b.get(project+"/keys/new").want(t, http.StatusOK, "The project has no members")
	b.send(project+"/members/new", "email", "nobody@example.com", "role", "member").want(t, http.StatusUnprocessableEntity, "is no user of this organization")
	b.send(project+"/members/new", "email", "charles@example.com", "role", "member").want(t, http.StatusSeeOther)
	owner := regexp.MustCompile(`<option value="(user_\w+)"`).FindStringSubmatch(b.get(project + "/keys/new").body)[1]
	made := b.send(project+"/keys/new", "name", "notebook", "expiry", "30", "owner", owner).want(t, http.StatusOK, "Copy it now", "Charles Babbage")
	of := func(a answer) string { return shownValue.FindStringSubmatch(a.body)[1] }
	member := of(made)
	b.get(project+"/members/new").want(t, http.StatusOK, `<option value="charles@example.com">Charles Babbage</option>`)
	b.get(project+"/service-accounts/new").want(t, http.StatusOK, `href="`+project+`/service-accounts">Cancel`)
	account1 := b.send(project+"/service-accounts/new", "name", "recommender", "expiry", "never").want(t, http.StatusOK, `id="value-label">recommender<`)
	first := of(account1)
	b.get(project+"/keys/"+keyID.FindString(account1.body)+"/revoke").want(t, http.StatusOK, "Revoke <bdi>recommender", "a service account", "in the project <b>chat</b>")
	b.get(project+"/keys/"+keyID.FindString(account1.body)).want(t, http.StatusOK, `<a href="`+project+`/keys?q=recommender">recommender</a>`)
	b.send(project+"/service-accounts/new", "name", "later", "bare", "on").want(t, http.StatusSeeOther)
	accounts := regexp.MustCompile(`sa_[0-9A-Z]{26}`).FindAllString(b.get(project+"/service-accounts").want(t, http.StatusOK, "recommender", "later").body, -1)
	account := accounts[len(accounts)-1] // the first that was made
	second := of(b.send(project+"/service-accounts/"+account+"/keys/new", "name", "second", "expiry", "7").want(t, http.StatusOK))
	b.send(project+"/service-accounts/"+account+"/edit", "name", "ranker", "role", "owner").want(t, http.StatusSeeOther)
	b.get(project+"/keys").want(t, http.StatusOK, "notebook", "Charles Babbage", "ranker", "service account", "second")
	b.get(project+"/keys?q=ranker").want(t, http.StatusOK, "second")
	b.get(project+"/keys?sort=name").want(t, http.StatusOK, "second")
	b.get("/admin-keys?q=notebook").want(t, http.StatusOK, "No key found")

	id := keyID.FindString(made.body)
	b.get(project+"/keys/"+id).want(t, http.StatusOK, "notebook", "Not used in these days")
	tail := tailOf.FindStringSubmatch(b.get(project + "/keys/" + id + "/revoke").body)[1]
	b.send(project+"/keys/"+id+"/revoke", "typed", tail).want(t, http.StatusOK, "refused from now on")
	b.send(project+"/service-accounts/"+account+"/remove", "typed", "ranker").want(t, http.StatusOK, "refused from now on")
	for _, key := range []string{member, first, second} {
		if got := s.verify(t, key); got != http.StatusUnauthorized {
			t.Errorf("%s...: %d after it ended", key[:12], got)
		}
	}
	b.send(project+"/members/"+owner+"/role", "role", "owner").want(t, http.StatusSeeOther)
	b.send(project+"/members/"+owner+"/remove", "typed", "charles@example.com").want(t, http.StatusOK)
	b.get(project).want(t, http.StatusOK, "removed the service account", "revoked the key", "made the key")
	b.get(project+"/members").want(t, http.StatusOK, "No members")
}

func TestAnInviteIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	made := b.send("/invites/new", "email", "grace@example.com", "role", "reader").want(t, http.StatusOK, "shown this one time")
	link := regexp.MustCompile(`/join#([\w-]+)<`).FindStringSubmatch(made.body)[1]
	if strings.Contains(b.get("/invites").want(t, http.StatusOK, "grace@example.com", "pending").body, link) {
		t.Error("the token is shown again")
	}
	guest := s.browser(t)
	guest.send("/join", "token", "nonsense", "name", "Grace").want(t, http.StatusUnprocessableEntity, "cannot be accepted")
	joined := guest.send("/join", "token", link, "name", "Grace Hopper").want(t, http.StatusOK, "Welcome, Grace Hopper")
	guest.send("/join", "token", link, "name", "Mallory").want(t, http.StatusUnprocessableEntity, "cannot be accepted")
	s.browser(t).signIn(shownValue.FindStringSubmatch(joined.body)[1]).get("/").want(t, http.StatusOK, "Grace Hopper")
	b.get("/invites").want(t, http.StatusOK, "accepted")

	b.send("/invites/new", "email", "mallory@example.com", "role", "owner")
	id := regexp.MustCompile(`invite_[0-9A-Z]{26}`).FindAllString(b.get("/invites").body, -1)
	b.send("/invites/"+id[0]+"/withdraw", "typed", "mallory@example.com").want(t, http.StatusOK, "withdrawn")
	if strings.Contains(s.log.String(), link) {
		t.Error("the token is in the log")
	}
}

// TestWhatNobodyTypesIsNoFault sends bytes that PostgreSQL takes for no text.
func TestWhatNobodyTypesIsNoFault(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	for _, text := range []string{"\x00", "\xff", "\n", "\u202e", strings.Repeat("x", 2000)} {
		v := url.QueryEscape(text)
		for _, path := range []string{
			"/admin-keys?q=" + v, "/admin-keys?sort=name&name=" + v + "&after=" + v, "/admin-keys?after=" + v,
			"/activity?type=" + v + "&actor=" + v + "&resource=" + v + "&project=" + v + "&from=" + v, "/activity?after=" + v,
			"/users/" + url.PathEscape(text), "/projects?after=" + v, "/sign-in?next=" + v + "&why=" + v,
		} {
			if a := b.get(path); a.status >= 500 {
				t.Errorf("%q: %d", path, a.status)
			}
		}
		for _, path := range []string{"/admin-keys/new", "/projects/new", "/invites/new"} {
			if a := b.send(path, "name", text, "email", text, "expiry", text, "role", text); a.status >= 500 {
				t.Errorf("%s with %q: %d", path, text, a.status)
			}
		}
	}
	if strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("the log has a fault:\n%s", s.log)
	}
}
