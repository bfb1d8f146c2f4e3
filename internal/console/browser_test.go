package console_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/server"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/token"
)

// site is a running server with an owner's and a reader's admin key.
type site struct {
	url           string
	owner, reader string // values of keys
	log           *output
	server        *server.Server
	config        server.Config
	ahead         atomic.Int64 // nanoseconds that its clock is ahead
}

// output is a log, for all to read while it is written.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs a server on a database that has two users.
func start(t *testing.T, changes ...func(*server.Config)) *site {
	t.Helper()
	s := &site{log: new(output)}
	database := filepath.Join(t.TempDir(), "keyreeve.db")
	s.organization(t, database)
	s.config = server.Config{
		Listen: "127.0.0.1:0", Database: database, Version: "test",
		Now:    func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) },
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	t.Cleanup(func() { s.stop(t) })
	s.run(t, changes...)
	return s
}

func (s *site) run(t *testing.T, changes ...func(*server.Config)) {
	t.Helper()
	for _, change := range changes {
		change(&s.config)
	}
	srv, err := server.Start(t.Context(), s.config)
	if err != nil {
		t.Fatal(err)
	}
	s.server, s.url = srv, srv.URL()
}

func (s *site) stop(t *testing.T) {
	t.Helper()
	if s.server == nil {
		return
	}
	if err := s.server.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// restart stops the server and runs another on the same database.
func (s *site) restart(t *testing.T, changes ...func(*server.Config)) {
	t.Helper()
	s.stop(t)
	s.run(t, changes...)
}

func (s *site) organization(t *testing.T, database string) {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: database})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	_, err = org.NewService(store, rand.Reader, nil).Bootstrap(t.Context(), org.Bootstrap{
		OwnerName: "Ada Lovelace", OwnerEmail: "ada@example.com",
		Announce: func(_ org.AdminAPIKey, secret token.Secret) error { s.owner = secret.Reveal(); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := token.Mint(token.KindAdmin, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.reader = secret.Reveal()
	_, err = store.Update(t.Context(), func(tx org.Tx) error {
		id, err := tx.NewID(org.PrefixUser)
		if err != nil {
			return err
		}
		user := org.User{ID: id.String(), Name: "Charles Babbage", Email: "charles@example.com", Role: org.RoleReader, CreatedAt: tx.Now()}
		if err := tx.InsertUser(user); err != nil {
			return err
		}
		tx.Emit(org.Event{Type: org.EventUserAdded, Resource: user.ID, Effects: []org.Effect{
			org.OwnerSet{Type: org.OwnerUser, ID: user.ID, Role: user.Role},
		}})
		if id, err = tx.NewID(org.PrefixKey); err != nil {
			return err
		}
		key := org.Key{
			ID: id.String(), Kind: org.KindAdmin, Name: "a reader's", Digest: secret.Digest(), Redacted: secret.Redacted(),
			CreatedAt: tx.Now(), OwnerType: org.OwnerUser, OwnerID: user.ID,
		}
		tx.Emit(org.Event{Type: org.EventAPIKeyCreated, Resource: key.ID, Effects: []org.Effect{org.KeyAdded{
			ID: key.ID, Kind: key.Kind, Digest: key.Digest, OwnerType: key.OwnerType, OwnerID: key.OwnerID,
		}}})
		return tx.InsertKey(key)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// browser keeps a session. Over plain HTTP net/http's own jar would not send a
// cookie that is for TLS.
type browser struct {
	t      *testing.T
	site   *site
	cookie string
	header http.Header // of every request
}

func (s *site) browser(t *testing.T) *browser {
	return &browser{t: t, site: s, header: http.Header{"Sec-Fetch-Site": {"same-origin"}}}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(method, path string, form url.Values) answer {
	b.t.Helper()
	var body io.Reader = http.NoBody
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.site.url+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	maps.Copy(req.Header, b.header)
	if b.cookie != "" {
		req.Header.Set("Cookie", b.cookie)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if set := resp.Header.Get("Set-Cookie"); set != "" {
		b.cookie, _, _ = strings.Cut(set, ";")
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

func (b *browser) get(path string) answer { b.t.Helper(); return b.do(http.MethodGet, path, nil) }

// send opens the page of a form, and sends it with what it has hidden.
func (b *browser) send(path string, fields ...string) answer {
	b.t.Helper()
	form := hidden(b.get(path).body)
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

func hidden(body string) url.Values {
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(body, -1) {
		form.Set(m[1], m[2])
	}
	return form
}

func (b *browser) signIn(key string) *browser {
	b.t.Helper()
	if a := b.send("/sign-in", "key", key); a.status != http.StatusSeeOther || b.cookie == "" {
		b.t.Fatalf("sign in: %d\n%s", a.status, a.body)
	}
	return b
}

// want fails unless an answer has a status and texts.
func (a answer) want(t *testing.T, status int, texts ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d:\n%s", a.status, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("no %q in:\n%s", text, a.body)
		}
	}
	return a
}
