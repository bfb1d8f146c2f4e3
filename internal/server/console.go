package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/keyreeve/keyreeve/internal/console"
	"github.com/keyreeve/keyreeve/internal/httpapi"
	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// prepareConsole makes the web console, unless it is not wanted.
func (s *Server) prepareConsole() {
	if s.cfg.NoConsole {
		return
	}
	cfg := console.Config{
		Service: s.service, Keys: consoleKeys{s}, State: &consoleState{server: s},
		Origin: func(r *http.Request) org.Origin { return httpapi.OriginOf(r, s.cfg.TrustedProxies) },
		Now:    s.clock.Now, Version: s.cfg.Version, Logger: s.logger, Observe: s.metrics.observe,
	}
	if s.provider != nil {
		cfg.Provider = consoleProvider{s.provider}
		cfg.PublicURL, _ = s.cfg.OIDC.origin() // checked
	}
	s.console = console.New(cfg)
}

// consoleKeys judges keys for the console.
type consoleKeys struct{ server *Server }

// Present implements console.Keys: signing in is a decision as any other.
func (c consoleKeys) Present(key string) (org.Caller, console.Verdict) {
	caller, verdict := c.server.authenticate(key)
	return caller, consoleVerdict(verdict)
}

// Standing implements console.Keys. It is not counted: a page is no
// verification.
func (c consoleKeys) Standing(digest [32]byte) (org.Caller, console.Verdict) {
	d := token.Digest(digest)
	caller, verdict := callerOf(c.server.index.DecideDigest(&d, c.server.clock.Now()))
	return caller, consoleVerdict(verdict)
}

func consoleVerdict(v httpapi.Verdict) console.Verdict {
	switch v {
	case httpapi.Accepted, httpapi.AcceptedStale:
		return console.Accepted
	case httpapi.Unknowable:
		return console.Unknowable
	default:
		return console.Refused
	}
}

// consoleState tells the console how the server is.
type consoleState struct {
	server *Server

	mu     sync.Mutex
	survey console.Survey
	until  time.Time // when it is to be made anew
}

// surveyShare is how much longer a survey does than it takes to make: it reads
// every key, some 12 ms for a million.
const surveyShare = 50

// Survey implements console.State.
func (c *consoleState) Survey() (console.Survey, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	began := time.Now()
	if began.Before(c.until) {
		return c.survey, true
	}
	made, ok := c.server.index.Survey(c.server.clock.Now(), verify.SurveyTerms{
		Soon: console.SurveySoon, Long: console.SurveyLong, Named: console.SurveyNamed,
	})
	if !ok {
		return console.Survey{}, false
	}
	c.until = time.Now().Add(surveyShare * time.Since(began))
	c.survey = console.Survey{
		AdminKeys: made.Of(token.KindAdmin), ProjectKeys: made.Of(token.KindProject), ServiceAccountKeys: made.Of(token.KindServiceAccount),
		Expiring: notable(made.Expiring), NeverUsed: notable(made.NeverUsed), Unused: notable(made.Unused),
	}
	return c.survey, true
}

func notable(n verify.Notable) console.Notable {
	out := console.Notable{Count: n.Count}
	for _, k := range n.First {
		out.First = append(out.First, console.NotableKey(k))
	}
	return out
}

// Traffic implements console.State.
func (c *consoleState) Traffic() console.Traffic { return c.server.traffic.all() }

// Await implements console.State.
func (c *consoleState) Await(ctx context.Context, revision int64) bool {
	return c.server.index.Await(ctx, revision)
}

// Revision implements console.State.
func (c *consoleState) Revision() int64 { return c.server.index.Revision() }

// Replicas implements console.State.
func (c *consoleState) Replicas(ctx context.Context) ([]console.Replica, error) {
	s := c.server
	if s.member == nil {
		return []console.Replica{{
			Address: s.address(), Version: s.cfg.Version, Self: true,
			StartedAt: s.started.Unix(), SeenAt: s.clock.Now(), Applied: s.index.Revision(),
		}}, nil
	}
	rows, err := s.store.Replicas().Rows(ctx)
	var out []console.Replica
	for _, r := range rows {
		out = append(out, console.Replica{
			ID: r.ID, Address: r.Address, Version: r.Version, Self: r.ID == s.member.ID(),
			StartedAt: r.StartedAt / 1000, SeenAt: r.SeenAt / 1000, Applied: r.Applied,
		})
	}
	return out, err
}

// The decisions of the last half hour, in steps that are bars of a chart.
const (
	trafficStep  = 30 * time.Second
	trafficSteps = 60
)

// gatewayDecisions are those that gateways asked for.
func (s *Server) gatewayDecisions() verify.StatsSnapshot {
	management := s.management.Snapshot()
	all := s.decisions.Snapshot()
	return all.Without(management)
}

// traffic is what gateways were told in each step.
type traffic struct {
	mu    sync.Mutex
	steps [trafficSteps]console.Decisions // the oldest first
	last  verify.StatsSnapshot            // as of the last step's beginning
	now   func() verify.StatsSnapshot
}

// sampleTraffic counts steps until ctx ends.
func (s *Server) sampleTraffic(ctx context.Context) {
	every(ctx, trafficStep, func() { s.traffic.step(s.gatewayDecisions()) })
}

// step begins a new one.
func (t *traffic) step(now verify.StatsSnapshot) {
	t.mu.Lock()
	defer t.mu.Unlock()
	copy(t.steps[:], t.steps[1:])
	t.steps[trafficSteps-1] = console.Decisions{}
	t.steps[trafficSteps-2] = between(t.last, now)
	t.last = now
}

// all returns the steps, the one that is not over included.
func (t *traffic) all() console.Traffic {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	steps := t.steps
	steps[trafficSteps-1] = between(t.last, now)
	return console.Traffic{Step: trafficStep, Steps: steps[:]}
}

// between counts what was decided between two snapshots.
func between(from, to verify.StatsSnapshot) (d console.Decisions) {
	for _, outcome := range verify.Outcomes() {
		var n uint64
		for _, kind := range []token.Kind{token.KindUnknown, token.KindAdmin, token.KindProject, token.KindServiceAccount} {
			n += to.Decisions(outcome, kind) - from.Decisions(outcome, kind)
		}
		switch outcome {
		case verify.Allowed:
			d.Allowed += n
		case verify.Limited:
			d.Limited += n
		case verify.Stale:
			d.Unable += n
		default:
			d.Refused += n
		}
	}
	return d
}
