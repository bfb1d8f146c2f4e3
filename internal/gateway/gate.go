package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/keyreeve/keyreeve/internal/apierror"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// Config is what a Gate decides by.
type Config struct {
	Index *verify.Index
	Now   func() int64 // Unix seconds, never going back

	// KeyHeaders are the headers in which a key is looked for, in order of
	// preference; nil: DefaultKeyHeaders. Of Authorization only Bearer counts.
	KeyHeaders []string

	// Stats is told of every decision. Nil: nobody is.
	Stats *verify.Stats

	// Logger is told of panics, and of nothing that a client sent. Nil: nobody.
	Logger *slog.Logger
}

// Gate decides for gateways. It is safe for concurrent use.
type Gate struct {
	index   *verify.Index
	now     func() int64
	stats   *verify.Stats
	logger  *slog.Logger
	sources []source
}

// New returns a Gate. The error names the header that is none.
func New(cfg Config) (*Gate, error) {
	sources, err := parseSources(cfg.KeyHeaders)
	if err != nil {
		return nil, err
	}
	g := &Gate{index: cfg.Index, now: cfg.Now, stats: cfg.Stats, logger: cfg.Logger, sources: sources}
	if g.stats == nil {
		g.stats = new(verify.Stats)
	}
	if g.logger == nil {
		g.logger = slog.New(slog.DiscardHandler)
	}
	return g, nil
}

// Decide answers a request with this header: with the decision of an allowed
// key and no refusal, or with the refusal. It does not allocate for an allowed
// key.
func (g *Gate) Decide(h Header, kinds verify.Kinds) (verify.Decision, *Refusal) {
	key, found := g.present(h)
	switch found {
	case oneKey:
		return g.decideKey(key, kinds)
	case ambiguous:
		return g.without(verify.Ambiguous), ambiguousKey
	default:
		return g.without(verify.NoKey), missingKey
	}
}

func (g *Gate) decideKey(key string, kinds verify.Kinds) (verify.Decision, *Refusal) {
	d := g.verify(key, kinds)
	switch d.Outcome {
	case verify.Allowed:
		return d, nil
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

// verify decides and counts.
func (g *Gate) verify(key string, kinds verify.Kinds) verify.Decision {
	start := g.stats.Start()
	d := g.index.DecideKinds(key, g.now(), kinds)
	g.stats.Count(d, start)
	return d
}
