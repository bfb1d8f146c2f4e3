package server

import (
	"context"
	"fmt"
	"time"

	"github.com/keyreeve/keyreeve/internal/catalogue"
	"github.com/keyreeve/keyreeve/internal/limit"
	"github.com/keyreeve/keyreeve/internal/org"
)

func readCatalogue(file string) (org.Catalogue, error) {
	if file == "" {
		return catalogue.Default(), nil
	}
	c, err := catalogue.Read(file)
	if err != nil {
		return c, fmt.Errorf("--catalogue: %w", err)
	}
	return c, nil
}

// newLimits returns the table that the limits of a catalogue are enforced by.
func newLimits(c org.Catalogue) *limit.Table {
	limits := func(l org.RateLimit) limit.Limits {
		return limit.Limits{PerMinute: l.RequestsPerMinute, PerDay: l.RequestsPerDay}
	}
	var models []limit.Model
	for _, m := range c.Models() {
		models = append(models, limit.Model{Name: m.Model, Limits: limits(m)})
	}
	var others *limit.Limits
	if o := c.Others(); o != nil {
		l := limits(*o)
		others = &l
	}
	return limit.NewTable(models, others)
}

// shareInterval is how often the number of replicas is looked at, which they
// count once in a lease. Until one that came or went is counted, together they
// let through too much or too little.
const shareInterval = 250 * time.Millisecond

// shareLimits tells the limits how many replicas enforce them, until ctx ends.
func (s *Server) shareLimits(ctx context.Context) {
	share := func() { s.limits.Share(s.member.Alive()) }
	share()
	every(ctx, shareInterval, share)
}
