package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/api"
)

// canary walks through every feature with keys in right and wrong places and
// keeps whatever came out of any of them.
type canary struct {
	t       *testing.T
	process *process
	address string // where it asks: the process, or what stands before it
	values  []string
	pending string            // the token of an invite that is never accepted
	session string            // the cookie of a session of the console
	seen    map[string][]byte // output by where it came from
}

// misplaced are requests with KEY where no key belongs. The last line of each
// is its body.
var misplaced = []string{
	"GET /v1/KEY HTTP/1.1\n\n",
	"GET " + keysPath + "/KEY HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
	"DELETE " + keysPath + "/%73KEYTAIL HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
	"GET " + keysPath + "/../KEY HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
	"GET /KEY/KEY/KEY HTTP/1.1\n\n",
	"GET /gateway/KEY HTTP/1.1\n\n",
	"GET " + keysPath + "?after=KEY HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
	"GET " + keysPath + "?order=KEY HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
	"GET " + keysPath + "?limit=KEY HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
	"GET " + keysPath + "?api_key=KEY&KEY=1&limit=1&limit=KEY HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
	"GET " + keysPath + "?api_key=KEY HTTP/1.1\n\n",
	"GET " + keysPath + "?api_key=KEY%zz HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
	"GET http://KEY@host/v1/KEY HTTP/1.1\n\n",
	"GET KEY HTTP/1.1\n\n",
	"GET /v1/KEY HTTP/9.9\n\n",
	"KEY / HTTP/1.1\n\n",
	"KEY " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
	"KEY\n\n",
	"GET /v1/foo KEY\n\n",
	"GET /v1/foo HTTP/1.1\nno colon KEY\n\n",
	"GET /v1/foo HTTP/1.1\nKEY: KEY\nX-Api-Key: KEY\nCookie: key=KEY\nReferer: https://x/?k=KEY\nX-Forwarded-For: KEY\nX-Request-Id: KEY\n\n",
	"GET /v1/foo HTTP/1.1\nHost: KEY\n\n",
	"GET /v1/foo HTTP/1.1\nExpect: KEY\n\n",
	"GET /v1/foo HTTP/1.1\nTransfer-Encoding: KEY\n\n",
	"POST " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\nContent-Length: KEY\n\n",
	"GET " + keysPath + " HTTP/1.1\nAuthorization: KEY\n\n",
	"GET " + keysPath + " HTTP/1.1\nAuthorization: Basic KEY\n\n",
	"GET " + keysPath + " HTTP/1.1\nAuthorization: Bearer KEYx\n\n",
	"GET " + keysPath + " HTTP/1.1\nAuthorization: Bearer KEY KEY\n\n",
	"GET " + keysPath + " HTTP/1.1\nAuthorization: Bearer KEY\nAuthorization: Bearer KEY\n\n",
	"GET " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\nUser-Agent: KEY\nX-Forwarded-For: KEY\n\n",
	"POST " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\nUser-Agent: tool (KEY)\n\n" + `{"name":"agent"}`,
	"POST " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\nContent-Type: KEY\n\n{}",
	"POST " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\nContent-Encoding: KEY\n\n{}",
	"POST " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\nKEY",
	"POST " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n\"KEY\"",
	"POST " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n{\"KEY\":1}",
	"POST " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n{\"KEY\":1,\"KEY\":2}",
	"POST " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n{\"name\":\"a\",\"expires_in_seconds\":\"KEY\"}",
	"POST " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n{\"name\":\"a\"}KEY",
	"POST " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n{\"name\":KEY}",
	"POST " + invitesPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n{\"email\":\"KEY@example.com\",\"role\":\"reader\"}",
	"POST " + invitesPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n{\"email\":\"a@b.c\",\"role\":\"reader\",\"projects\":[{\"id\":\"KEY\",\"role\":\"KEY\"}]}",
	"GET " + invitesPath + "/KEY HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
	"POST " + acceptPath + " HTTP/1.1\n\n{\"token\":\"KEY\",\"name\":\"used\"}",
	"POST " + acceptPath + " HTTP/1.1\n\n{\"token\":\"KEYx\",\"name\":\"KEY\"}",
	"POST " + acceptPath + "?token=KEY HTTP/1.1\n\n{\"token\":[\"KEY\"],\"KEY\":1}",
	"POST " + projectsPath + "/KEY/users HTTP/1.1\nAuthorization: Bearer GOOD\n\n{\"user_id\":\"KEY\",\"role\":\"member\"}",
	"GET /gateway/auth HTTP/1.1\nAuthorization: Bearer KEY\n\n",
	"GET /gateway/auth?kind=KEY HTTP/1.1\nX-Api-Key: KEY\n\n",
	"GET /gateway/auth HTTP/1.1\nAuthorization: Bearer KEYx\n\n",
	"GET /gateway/ext_authz/any/v1/KEY HTTP/1.1\nAuthorization: Bearer KEY\n\n",
	"POST /gateway/introspect HTTP/1.1\nAuthorization: Bearer GOOD\nContent-Type: application/x-www-form-urlencoded\n\ntoken=KEY",
	"POST /gateway/introspect HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\ntoken=KEY&client_secret=KEY",
	"POST /gateway/introspect HTTP/1.1\nAuthorization: Bearer KEYx\nContent-Type: application/x-www-form-urlencoded\n\ntoken=KEY&token=KEY",
	"GET /KEY HTTP/1.1\nCookie: SESSION\n\n",
	"GET /sign-in?next=/users/KEY&why=KEY HTTP/1.1\n\n",
	"POST /sign-in HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\nkey=KEYx&next=KEY",
	"POST /join HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\ntoken=KEYx&name=KEY",
	"GET /admin-keys HTTP/1.1\nCookie: __Host-keyreeve=KEY; KEY=KEY\n\n",
	"GET /admin-keys?q=KEY&after=KEY&sort=KEY HTTP/1.1\nCookie: SESSION\n\n",
	"GET /admin-keys?sort=name&after=KEY&name=KEY HTTP/1.1\nCookie: SESSION\n\n",
	"GET /admin-keys/KEY/revoke HTTP/1.1\nCookie: SESSION\n\n",
	"GET /users/KEY HTTP/1.1\nCookie: SESSION\n\n",
	"GET /activity?type=KEY&actor=KEY&resource=KEY&project=KEY&from=KEY&after=KEY HTTP/1.1\nCookie: SESSION\n\n",
	"POST /admin-keys/new HTTP/1.1\nCookie: SESSION\nContent-Type: application/x-www-form-urlencoded\n\nname=KEY&expiry=KEY&days=KEY&form=KEY",
	"POST /projects/new HTTP/1.1\nCookie: SESSION\nContent-Type: application/x-www-form-urlencoded\n\nname=KEY",
	"POST /invites/new HTTP/1.1\nCookie: SESSION\nContent-Type: application/x-www-form-urlencoded\n\nemail=KEY&role=KEY&project=KEY",
	"POST /users/KEY/role HTTP/1.1\nCookie: SESSION\nContent-Type: application/x-www-form-urlencoded\n\nrole=KEY&KEY=KEY",
	"GET /healthz?KEY HTTP/1.1\n\n",
	"POST /metrics?KEY HTTP/1.1\n\n",
}

// exchange sends bytes and keeps what comes back.
func (c *canary) exchange(template, key string) string {
	c.t.Helper()
	text := strings.NewReplacer("KEYTAIL", key[1:], "KEY", key, "GOOD", c.process.key, "SESSION", c.session).Replace(template)
	head, body, _ := strings.Cut(text, "\n\n")
	if !strings.Contains(head, "\nHost:") {
		head += "\nHost: x"
	}
	if body != "" && !strings.Contains(head, "Content-Type:") {
		head += "\nContent-Type: application/json"
	}
	if body != "" {
		head += fmt.Sprint("\nContent-Length: ", len(body))
	}
	w := dial(c.t, c.address)
	defer w.Close()
	_ = w.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(w, strings.ReplaceAll(head+"\nConnection: close", "\n", "\r\n")+"\r\n\r\n"+body)
	answer, err := io.ReadAll(w.in)
	if len(answer) == 0 {
		c.t.Errorf("no answer to %q: %v", template, err)
	}
	return string(answer)
}

// create makes a key; its answer is the only one that is not kept.
func (c *canary) create(body string) (id string) {
	c.t.Helper()
	answer := c.exchange("POST "+keysPath+" HTTP/1.1\nAuthorization: Bearer GOOD\n\n"+body, c.process.key)
	_, text, _ := strings.Cut(answer, "\r\n\r\n")
	var key api.AdminAPIKeyCreateResponse
	if err := json.Unmarshal([]byte(text), &key); err != nil || key.Value == "" {
		c.t.Fatalf("create: %v", err)
	}
	c.values = append(c.values, key.Value)
	return key.ID
}

// invite makes an invite and accepts it. The two answers show a value each.
func (c *canary) invite() {
	c.t.Helper()
	ask := func(template string) string {
		_, text, _ := strings.Cut(c.exchange(template, c.process.key), "\r\n\r\n")
		shown := values(text)
		if len(shown) != 1 {
			c.t.Fatalf("%s: %d values in the answer", template, len(shown))
		}
		c.values = append(c.values, shown[0])
		return shown[0]
	}
	token := ask("POST " + invitesPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n" + `{"email":"guest@example.com","role":"owner"}`)
	ask("POST " + acceptPath + " HTTP/1.1\n\n" + `{"token":"` + token + `","name":"Guest"}`)
	ask("POST " + invitesPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n" + `{"email":"other@example.com","role":"owner"}`)
	last := len(c.values) - 1 // pending: it would be accepted below
	c.pending, c.values = c.values[last], c.values[:last]
}

// makeProject makes keys of both kinds in a project and reads them. The answers
// to their creation are not kept.
func (c *canary) makeProject() {
	c.t.Helper()
	const head = " HTTP/1.1\nAuthorization: Bearer GOOD\n\n"
	ask := func(template string, shows int) (id string) {
		_, text, _ := strings.Cut(c.exchange(template, c.process.key), "\r\n\r\n")
		shown := values(text)
		var made struct {
			ID   string `json:"id"`
			Data []struct {
				ID string `json:"id"`
			} `json:"data"`
		}
		if err := json.Unmarshal([]byte(text), &made); err != nil || len(shown) != shows {
			c.t.Fatalf("%s: %d values in the answer, want %d, %v", template, len(shown), shows, err)
		}
		if c.values = append(c.values, shown...); shows == 0 {
			c.keep(template, text)
		}
		if len(made.Data) > 0 {
			return made.Data[0].ID
		}
		return made.ID
	}
	project := projectsPath + "/" + ask("POST "+projectsPath+head+`{"name":"home"}`, 0)
	owner := ask("GET "+usersPath+"?limit=1"+head, 0)
	ask("POST "+project+"/users"+head+`{"role":"member","user_id":"`+owner+`"}`, 0)
	ask("POST "+project+"/api_keys"+head+`{"name":"laptop","user_id":"`+owner+`"}`, 1)
	account := project + "/service_accounts/" + ask("POST "+project+"/service_accounts"+head+`{"name":"worker"}`, 1)
	ask("POST "+account+"/api_keys"+head+`{"name":"second"}`, 1)
	key := ask("GET "+project+"/api_keys?limit=100"+head, 0)
	ask("GET "+project+"/api_keys/"+key+head, 0)
	ask("GET "+account+head, 0)
	ask("DELETE "+account+head, 0)
}

// signIn makes a session of the console and a key by its form. The page that shows
// the key is not kept; all others are.
func (c *canary) signIn() {
	c.t.Helper()
	answer := c.exchange("POST /sign-in HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\nkey=GOOD", c.process.key)
	_, cookie, ok := strings.Cut(answer, "Set-Cookie: ")
	if c.session, _, _ = strings.Cut(cookie, ";"); !ok {
		c.t.Fatalf("no session:\n%s", answer)
	}
	shown := values(c.exchange("POST /admin-keys/new HTTP/1.1\nCookie: SESSION\nContent-Type: application/x-www-form-urlencoded\n\nname=seen+once&expiry=7", c.process.key))
	if len(shown) != 1 {
		c.t.Fatalf("%d values on the page of a new key", len(shown))
	}
	c.values = append(c.values, shown[0])
}

// look keeps the pages of the console.
func (c *canary) look() {
	c.t.Helper()
	for _, path := range []string{"/", "/admin-keys", "/admin-keys/new", "/projects", "/users", "/invites", "/activity", "/activity/5", "/start"} {
		answer := c.exchange("GET "+path+" HTTP/1.1\nCookie: SESSION\n\n", c.process.key)
		if !strings.HasPrefix(answer, "HTTP/1.1 200") {
			c.t.Errorf("%s: %s", path, answer)
		}
		c.keep("the page "+path, answer)
	}
}

// run is one life of a server.
func (c *canary) run() {
	c.t.Helper()
	c.values = append(c.values, c.process.key)
	live := c.create(`{"name":"live"}`)
	gone := c.create(`{"name":"gone"}`)
	c.create(`{"name":"brief","expires_in_seconds":1}`)
	c.makeProject()
	c.invite()
	c.signIn()
	for _, template := range []string{
		"DELETE " + keysPath + "/" + gone + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
		"GET " + keysPath + "/" + live + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
		"GET " + keysPath + " HTTP/1.1\nAuthorization: Bearer GOOD\n\n",
	} {
		c.keep(template, c.exchange(template, c.process.key))
	}
	for _, value := range slices.Clone(c.values) {
		for _, template := range misplaced {
			answer := c.exchange(template, value)
			if made := createdValue(answer); made != "" { // by the one with the user agent
				c.values = append(c.values, made)
				continue
			}
			c.keep(template, answer)
		}
		c.command("verify", value+"\n", "verify", "--database", c.process.database)
	}
	c.values = append(c.values, c.pending)
	c.look()
	c.keep("/metrics", c.exchange("GET /metrics HTTP/1.1\n\n", c.process.key))
	copied := filepath.Join(c.t.TempDir(), "copy.db")
	c.command("backup", "", "backup", "--database", c.process.database, copied)
	c.command("audit verify", "", "audit", "verify", "--database", c.process.database)
	for _, name := range []string{copied, c.process.database, c.process.database + "-wal", c.process.database + "-shm", c.process.database + ".lock"} {
		if file, err := os.ReadFile(name); err == nil {
			c.seen["the running server's "+filepath.Base(name)] = file
		}
	}
	c.process.stop(c.t)
	file := filepath.Join(c.t.TempDir(), "recovered")
	c.command("recover", "", "recover", "--database", c.process.database, "--output-file", file)
	if recovered, err := os.ReadFile(file); err != nil {
		c.t.Error(err)
	} else {
		c.values = append(c.values, strings.TrimSpace(string(recovered)))
	}
	database, err := os.ReadFile(c.process.database)
	if err != nil {
		c.t.Fatal(err)
	}
	c.seen["the stopped server's database"] = database
	c.seen["the log"] = []byte(c.process.log.String())
}

func (c *canary) keep(what, answer string) {
	c.seen[what] = append(c.seen[what], answer...)
}

// command runs the program and keeps what it prints.
func (c *canary) command(what, stdin string, args ...string) {
	c.t.Helper()
	path, err := binary()
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil && what != "verify" { // which has a status for keys that are not good
		c.t.Errorf("keyreeve %s: %v\n%s", what, err, out)
	}
	c.seen["keyreeve "+what] = append(c.seen["keyreeve "+what], out...)
}

func createdValue(answer string) string {
	_, text, _ := strings.Cut(answer, "\r\n\r\n")
	var key api.AdminAPIKeyCreateResponse
	_ = json.Unmarshal([]byte(text), &key)
	return key.Value
}

// leaks names the outputs that hold a value, as it is or encoded.
func (c *canary) leaks() (found []string) {
	for where, text := range c.seen {
		for i, value := range c.values {
			secret := randomPart(value)
			for _, form := range []string{
				secret, hex.EncodeToString([]byte(secret)), strings.ToUpper(secret), strings.ToLower(secret),
				base64.RawStdEncoding.EncodeToString([]byte(value))[:40], base64.RawStdEncoding.EncodeToString([]byte(secret))[:40],
			} {
				if bytes.Contains(text, []byte(form)) {
					found = append(found, fmt.Sprintf("value %d in %s", i, where))
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func newCanary(t *testing.T, args ...string) *canary {
	t.Helper()
	p := startProcess(t, append(args, "--log-level", "debug")...)
	return &canary{t: t, process: p, address: p.address(), seen: map[string][]byte{}}
}

func TestKeysAppearNowhere(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			c := newCanary(t, "--log-format", format)
			c.run()
			for _, where := range c.leaks() {
				t.Error(where)
			}
			for _, name := range []string{"keyreeve.db", "keyreeve.db-wal", "copy.db"} {
				if len(c.seen["the running server's "+name]) == 0 {
					t.Errorf("%s was not searched", name)
				}
			}
			size := 0
			for _, text := range c.seen {
				size += len(text)
			}
			if lines := strings.Count(c.process.log.String(), "\n"); lines < len(misplaced) {
				t.Errorf("only %d lines of log at debug level", lines)
			}
			t.Logf("%d values searched for in %d KiB of %d outputs", len(c.values), size>>10, len(c.seen))
		})
	}
}

// TestCanaryCatchesALoggerThatLeaks puts a proxy before the server that logs
// what many do, into the same log.
func TestCanaryCatchesALoggerThatLeaks(t *testing.T) {
	t.Parallel()
	c := newCanary(t)
	target, err := url.Parse(c.process.url)
	if err != nil {
		t.Fatal(err)
	}
	transport := new(http.Transport)
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport, ErrorLog: quietLog,
	}
	leaky := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(c.process.log, "DEBUG request", r.Method, r.Header["Authorization"])
		forward.ServeHTTP(w, r)
	}))
	leaky.Config.ErrorLog = quietLog
	t.Cleanup(func() { leaky.Close(); transport.CloseIdleConnections() })
	c.address = leaky.Listener.Addr().String()
	c.run()
	found := c.leaks()
	if !slices.Contains(found, "value 0 in the log") {
		t.Errorf("found %q", found)
	}
	for _, where := range found {
		if !strings.HasSuffix(where, " in the log") {
			t.Errorf("blamed too: %s", where)
		}
	}
}
