package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/keyreeve/keyreeve/internal/apierror"
	"github.com/keyreeve/keyreeve/internal/limit"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// Config is what a Gate decides by.
type Config struct {
	Index *verify.Index
	Now   func() int64 // Unix seconds, never going back

	// KeyHeaders are the headers in which a key is looked for, in order of
	// preference; nil: DefaultKeyHeaders. Of Authorization only Bearer counts.
	KeyHeaders []string

	// Limits are asked about the requests that name a model; nil: none is
	// limited. Elapsed is a monotonic clock for them.
	Limits  *limit.Table
	Elapsed func() time.Duration

	// Stats is told of every decision. Nil: nobody is.
	Stats *verify.Stats

	// Tally counts the uses of each key. Nil: nobody does.
	Tally *verify.Tally

	// Logger is told of panics, and of nothing that a client sent. Nil: nobody.
	Logger *slog.Logger
}

// Gate decides for gateways. It is safe for concurrent use.
type Gate struct {
	index   *verify.Index
	now     func() int64
	stats   *verify.Stats
	tally   *verify.Tally // nil: none
	logger  *slog.Logger
	sources []source
	limits  *limit.Table // nil: none
	elapsed func() time.Duration
}

// New returns a Gate. The error names the header that is none.
func New(cfg Config) (*Gate, error) {
	sources, err := parseSources(cfg.KeyHeaders)
	if err != nil {
		return nil, err
	}
	g := &Gate{index: cfg.Index, now: cfg.Now, stats: cfg.Stats, tally: cfg.Tally, logger: cfg.Logger, sources: sources, limits: cfg.Limits, elapsed: cfg.Elapsed}
	if g.stats == nil {
		g.stats = new(verify.Stats)
	}
	if g.logger == nil {
		g.logger = slog.New(slog.DiscardHandler)
	}
	return g, nil
}

// Ask is what a gateway wants to know of a key.
type Ask struct {
	Kinds verify.Kinds

	// Model is what the request is for, as the gateway says; empty: it says
	// nothing in this place, and the header may.
	Model string

	// LimitedAs is the status of a request over its limit, 0 for 429.
	LimitedAs int
}

// anyKey asks about keys of all kinds.
var anyKey = Ask{Kinds: verify.AnyKind}

// Decide answers a request with this header: with the decision of an allowed
// key and no refusal, or with the refusal. It does not allocate for an allowed
// key.
func (g *Gate) Decide(h Header, ask Ask) (verify.Decision, *Refusal) {
	key, found := g.present(h)
	switch found {
	case oneKey:
		if ask.Model == "" && g.limits != nil {
			model, count := h.First(modelHeader)
			if count > 1 {
				return verify.Decision{}, badModel
			}
			ask.Model = model
		}
		return g.decideKey(key, ask)
	case ambiguous:
		return g.without(verify.Ambiguous), ambiguousKey
	default:
		return g.without(verify.NoKey), missingKey
	}
}

func (g *Gate) decideKey(key string, ask Ask) (verify.Decision, *Refusal) {
	d, wait := g.verify(key, ask)
	switch d.Outcome {
	case verify.Allowed:
		return d, nil
	case verify.Limited:
		return d, refuseLimited(ask, wait)
	case verify.Stale:
		return d, unavailable
	case verify.WrongKind:
		return d, wrongKind
	default:
		return d, refuseKey(key)
	}
}

// await waits, for a while, for the revision that a request asks for. It comes
// before the decision, and only where the header is there.
func (g *Gate) await(ctx context.Context, h Header) *Refusal {
	value, count := h.First(atLeast)
	if count == 0 {
		return nil
	}
	revision, ok := apierror.ParseRevision(value)
	if !ok || count > 1 {
		return badRevision
	}
	if !g.index.Await(ctx, revision) {
		return newRefusal(http.StatusServiceUnavailable, reasonStale, apierror.RevisionNotApplied(revision))
	}
	return nil
}

var atLeast = Name{Canonical: apierror.HeaderAtLeast, Lower: strings.ToLower(apierror.HeaderAtLeast)}

// without counts a request that presents no one key.
func (g *Gate) without(o verify.Outcome) verify.Decision {
	d := verify.Decision{Outcome: o}
	g.stats.Count(d, 0)
	return d
}

// verify decides and counts. A request that is over its limit has to wait for
// so long.
func (g *Gate) verify(key string, ask Ask) (d verify.Decision, wait time.Duration) {
	start := g.stats.Start()
	d = g.index.DecideKinds(key, g.now(), ask.Kinds)
	if d.Outcome == verify.Allowed && ask.Model != "" && g.limits != nil {
		if wait = g.take(&d, ask.Model); wait > 0 {
			d.Outcome = verify.Limited
		}
	}
	g.stats.Count(d, start)
	if g.tally != nil {
		g.tally.Count(d)
	}
	return d, wait
}

// take counts a request against the limits of the key's project. An admin key
// has no project, and is not limited.
func (g *Gate) take(d *verify.Decision, model string) time.Duration {
	project := d.ProjectID()
	if project == "" {
		return 0
	}
	own := limit.Limits{PerMinute: limit.None, PerDay: limit.None}
	if l, ok := d.Limit(model); ok {
		own = limit.Limits{PerMinute: l.RequestsPerMinute, PerDay: l.RequestsPerDay}
	}
	return g.limits.Take(project, model, own, g.elapsed())
}
