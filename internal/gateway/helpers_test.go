package gateway_test

import (
	"crypto/rand"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/gateway"
	"github.com/keyreeve/keyreeve/internal/lane"
	"github.com/keyreeve/keyreeve/internal/limit"
	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

const (
	adminID   = "key_01JZNNCW005Q4D5SJ6VQZ8KX2A"
	readerID  = "key_01JZNNCW005Q4D5SJ6VQZ8KX2B"
	projectID = "key_01JZNNCW005Q4D5SJ6VQZ8KX2C"
	accountID = "key_01JZNNCW005Q4D5SJ6VQZ8KX2D"

	created = 1_752_000_000 // the Unix second in these ids
	now     = created + 1000
	expires = now + 1
)

// fixture is a gate with a key of each sort.
type fixture struct {
	index *verify.Index
	stats verify.Stats
	gate  *gateway.Gate
	since atomic.Int64 // nanoseconds, the clock of the rate limits

	admin, reader, project, account string // good
	expired, revoked, archived      string // ended
	stranger                        string // of the right form, never issued
}

func newFixture(tb testing.TB, headers ...string) *fixture {
	tb.Helper()
	f := &fixture{index: verify.NewIndex()}
	digests := map[*string]token.Digest{}
	for _, key := range []*string{&f.admin, &f.reader, &f.expired, &f.revoked} {
		*key, digests[key] = mint(tb, token.KindAdmin)
	}
	for _, key := range []*string{&f.project, &f.archived, &f.stranger} {
		*key, digests[key] = mint(tb, token.KindProject)
	}
	f.account, digests[&f.account] = mint(tb, token.KindServiceAccount)

	user := func(id string, key *string, owner string) verify.KeyAdded {
		return verify.KeyAdded{ID: id, Digest: digests[key], Kind: token.KindAdmin, OwnerType: verify.OwnerUser, OwnerID: owner}
	}
	expired := user("key_01JZNNCW005Q4D5SJ6VQZ8KX2E", &f.expired, "user_owner")
	expired.ExpiresAt = now
	project := user(projectID, &f.project, "user_reader")
	project.Kind, project.ProjectID, project.ExpiresAt = token.KindProject, "proj_1", expires
	archived := user("key_01JZNNCW005Q4D5SJ6VQZ8KX2F", &f.archived, "user_reader")
	archived.Kind, archived.ProjectID = token.KindProject, "proj_2"
	account := verify.KeyAdded{
		ID: accountID, Digest: digests[&f.account], Kind: token.KindServiceAccount,
		OwnerType: verify.OwnerServiceAccount, OwnerID: "sa_1", ProjectID: "proj_1",
	}
	if err := f.index.Load(func(add func(verify.Effect) error) (int64, error) {
		for _, e := range []verify.Effect{
			verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_owner", Role: "owner"},
			verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_reader", Role: "reader"},
			verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_gone", Role: "owner", Removed: true},
			verify.ProjectChanged{ID: "proj_2", Archived: true},
			verify.LimitChanged{ProjectID: "proj_3", Model: "tiny", RequestsPerMinute: 0, RequestsPerDay: -1},
			user(adminID, &f.admin, "user_owner"), user(readerID, &f.reader, "user_reader"),
			user("key_01JZNNCW005Q4D5SJ6VQZ8KX2G", &f.revoked, "user_gone"),
			expired, project, archived, account,
		} {
			if err := add(e); err != nil {
				return 0, err
			}
		}
		return 1, nil
	}); err != nil {
		tb.Fatal(err)
	}
	var err error
	f.gate, err = gateway.New(gateway.Config{
		Index: f.index, Now: func() int64 { return now }, Stats: &f.stats, KeyHeaders: headers,
		Limits:  limit.NewTable([]limit.Model{{Name: "tiny", Limits: limit.Limits{PerMinute: 2, PerDay: limit.None}}}, nil),
		Elapsed: func() time.Duration { return time.Duration(f.since.Load()) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func mint(tb testing.TB, kind token.Kind) (string, token.Digest) {
	tb.Helper()
	secret, err := token.Mint(kind, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return secret.Reveal(), secret.Digest()
}

// fill puts keys into a text that names them, as in "Bearer {admin}".
func (f *fixture) fill(text string) string {
	return strings.NewReplacer(
		"{admin}", f.admin, "{reader}", f.reader, "{project}", f.project, "{account}", f.account,
		"{expired}", f.expired, "{revoked}", f.revoked, "{archived}", f.archived, "{stranger}", f.stranger,
		"{masked}", token.Mask(f.stranger),
	).Replace(text)
}

// server is an adapter on a loopback listener.
type server struct{ name, address string }

// shortRead is how long the servers of tests wait for a request, so that one
// that never ends does not take long to test.
const shortRead = 500 * time.Millisecond

// serveNet serves a handler over net/http as strictly as it can be told to.
func serveNet(tb testing.TB, handler http.Handler) server {
	tb.Helper()
	return serveHTTP(tb, "net/http", listen(tb), handler)
}

// serveLane serves a gate over a lane with net/http behind it.
func serveLane(tb testing.TB, gate *gateway.Gate, trusted bool) server {
	tb.Helper()
	never := func() bool { return false }
	l, err := lane.Listen(listen(tb), lane.Config{
		Handler: func() lane.Handler { return gate.Lane(never) }, First: shortRead, Whole: shortRead,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return serveHTTP(tb, "lane", l, gate.Handler(trusted))
}

func serveHTTP(tb testing.TB, name string, l net.Listener, handler http.Handler) server {
	tb.Helper()
	s := &http.Server{
		Handler: handler, ReadHeaderTimeout: shortRead, ReadTimeout: shortRead,
		MaxHeaderBytes:               16<<10 - 4096, // it takes 4096 bytes more than it is told
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     nil,
	}
	go func() { _ = s.Serve(l) }()
	tb.Cleanup(func() { _ = s.Close() })
	return server{name, l.Addr().String()}
}

// both serves the gate of f by both adapters.
func both(tb testing.TB, f *fixture, trusted bool) []server {
	tb.Helper()
	return []server{serveNet(tb, f.gate.Handler(trusted)), serveLane(tb, f.gate, trusted)}
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return l
}
