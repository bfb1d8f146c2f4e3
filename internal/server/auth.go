package server

import (
	"github.com/keyreeve/keyreeve/internal/httpapi"
	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// authenticate judges the key of a management request by the same decision
// that gateways get.
func (s *Server) authenticate(key string) (org.Caller, httpapi.Verdict) {
	d := s.index.Decide(key, s.clock.Now())
	s.decisions.Count(d, 0)
	s.management.Count(d, 0)
	s.tally.Count(d)
	return callerOf(d)
}

// callerOf is whom a decision lets in.
func callerOf(d verify.Decision) (org.Caller, httpapi.Verdict) {
	switch d.Outcome {
	case verify.Allowed:
		verdict := httpapi.Accepted
		if d.Grace {
			verdict = httpapi.AcceptedStale
		}
		return org.Caller{
			Admin:     d.Kind() == token.KindAdmin,
			KeyID:     d.KeyID(),
			OwnerType: org.OwnerType(d.OwnerType().String()),
			OwnerID:   d.OwnerID(),
			Role:      org.Role(d.OwnerRole()),
		}, verdict
	case verify.Stale:
		return org.Caller{}, httpapi.Unknowable
	default:
		return org.Caller{}, httpapi.Refused
	}
}

// uses lets the API show a use before it is stored.
type uses struct{ index *verify.Index }

func (u uses) LastUsed(digest [32]byte) int64 {
	at, _ := u.index.LastUsed(digest)
	return at
}
