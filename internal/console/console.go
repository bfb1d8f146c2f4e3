package console

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Config is what the console is made of.
type Config struct {
	Service *org.Service
	Keys    Keys
	State   State

	// Provider signs people in who are known elsewhere. nil: none does.
	Provider  Provider
	PublicURL string // where it gives browsers back, without a path: https://keys.example.com

	// Origin says where a request came from, for the audit log.
	Origin func(*http.Request) org.Origin

	Now     func() int64 // Unix seconds, of the clock that keys are judged by
	Version string
	Logger  *slog.Logger

	// Observe is told of each finished request. May be nil.
	Observe func(operation string, status int, took time.Duration)
}

// Verdict is what became of a key.
type Verdict int

// The verdicts.
const (
	Refused    Verdict = iota // unknown, revoked or expired
	Accepted                  // good
	Unknowable                // the server cannot tell at the moment
)

// Keys judges keys.
type Keys interface {
	// Present judges a key that somebody pasted.
	Present(key string) (org.Caller, Verdict)
	// Standing judges the key of a session again, by its digest.
	Standing(digest [32]byte) (org.Caller, Verdict)
}

// State tells what the server knows beside what is stored.
type State interface {
	// Survey looks at all live keys. ok is false while it cannot.
	Survey() (survey Survey, ok bool)
	// Traffic returns the decisions of the last while, oldest first.
	Traffic() Traffic
	// Replicas returns the servers of the database, by id. One that is alone is
	// the only one.
	Replicas(ctx context.Context) ([]Replica, error)
	// Await returns true once the log is at a revision, and false when that
	// takes too long.
	Await(ctx context.Context, revision int64) bool
	// Revision returns where the log is, as far as this server knows.
	Revision() int64
}

// Survey is what there is to say about all live keys together.
type Survey struct {
	AdminKeys, ProjectKeys, ServiceAccountKeys int

	Expiring, NeverUsed, Unused Notable
}

// Notable is a group of keys worth a look: how many, and the first few.
type Notable struct {
	Count int
	First []NotableKey
}

// NotableKey is a key of such a group. At is what the group goes by, in Unix
// seconds: its expiry, its creation or its last use.
type NotableKey struct {
	ID string
	At int64
}

// The terms of a survey, in seconds.
const (
	SurveySoon  = 14 * 24 * 60 * 60
	SurveyLong  = 30 * 24 * 60 * 60
	SurveyNamed = 5
)

// Traffic counts decisions in steps of time. This server's only.
type Traffic struct {
	Step  time.Duration
	Steps []Decisions
}

// Decisions are counts of one step.
type Decisions struct{ Allowed, Refused, Limited, Unable uint64 }

// All is the sum.
func (d Decisions) All() uint64 { return d.Allowed + d.Refused + d.Limited + d.Unable }

// Replica is a server of the database.
type Replica struct {
	ID, Address, Version string
	Self                 bool
	StartedAt, SeenAt    int64 // Unix seconds
	Applied              int64 // revision of the log
}

// Console serves the pages.
type Console struct {
	Config
	pages     map[string]*page
	assets    assets
	mux       *http.ServeMux
	crossSite *http.CrossOriginProtection
	live      streams

	signedInPages map[string]bool // patterns of what can be asked for before signing in
}

// New returns the console. Its templates are part of the program, so that one
// that does not parse is a mistake of the program.
func New(cfg Config) *Console {
	c := &Console{Config: cfg, mux: http.NewServeMux(), crossSite: http.NewCrossOriginProtection(), signedInPages: map[string]bool{}}
	c.live.done = make(chan struct{})
	c.assets = loadAssets()
	c.pages = c.loadPages()
	for _, r := range c.table() {
		c.mux.Handle(r.Pattern, c.handler(r))
		c.signedInPages[r.Pattern] = r.Permission != "" && strings.HasPrefix(r.Pattern, "GET ") && !strings.HasSuffix(r.Pattern, liveURL)
	}
	c.mux.HandleFunc("/", c.missing)
	return c
}

// missing says that there is no such page, to somebody signed in or not.
func (c *Console) missing(w http.ResponseWriter, r *http.Request) {
	v := c.visit(w, r)
	_, _ = v.recognise() // only for the links that the page has
	v.fail(errNoPage)
}

// Stop ends what would otherwise go on for as long as a browser looks.
func (c *Console) Stop() { c.live.stop() }

// Missing tells a browser that an address is nobody's. It is not led elsewhere: a
// redirect would tell programs that there is something.
func (c *Console) Missing(w http.ResponseWriter, r *http.Request) {
	c.serve(w, r, http.HandlerFunc(c.missing))
}

// Wants reports whether a request is a browser's for a page, at an address that
// neither the API nor a gateway has.
func Wants(r *http.Request) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && first != "v1" && first != "gateway" &&
		strings.Contains(r.Header.Get("Accept"), "text/html")
}

// Owns reports whether a path is one of the console's, whether there is a page or
// not. A path with another spelling is not: the router would redirect it.
func Owns(p string) bool {
	if !strings.HasPrefix(p, "/") || p != path.Clean(p) {
		return false
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	return places[first]
}

// places are the first segments of the console's paths.
var places = map[string]bool{
	"": true, "sign-in": true, "sign-out": true, "assets": true, "start": true,
	"admin-keys": true, "projects": true, "users": true, "invites": true, "join": true, "activity": true,
}
