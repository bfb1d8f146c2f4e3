package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/keyreeve/keyreeve/internal/auditkey"
	"github.com/keyreeve/keyreeve/internal/org"
)

// leastRetention is the shortest time that events may be kept for.
const leastRetention = time.Hour

func (c *Config) checkRetention() error {
	switch {
	case c.AuditRetention == 0 && c.AuditSigningKey != "":
		return errors.New("--audit-signing-key is for --audit-retention: give both or neither")
	case c.AuditRetention == 0:
		return nil
	case c.AuditRetention < leastRetention:
		return fmt.Errorf("--audit-retention %s: give at least %s, such as 8760h for a year", c.AuditRetention, leastRetention)
	case c.AuditSigningKey == "":
		return errors.New("--audit-retention needs --audit-signing-key: without a signature nobody could tell which events were dropped " +
			"and which were removed; make a key with openssl genpkey -algorithm ed25519 -out audit.pem")
	}
	if _, err := auditkey.ReadPrivate(c.AuditSigningKey); err != nil {
		return fmt.Errorf("--audit-signing-key: %w", err)
	}
	return nil
}

// retentionInterval is how often old events are looked for.
const retentionInterval = 10 * time.Minute

// retain drops old events of the log until ctx ends.
func (s *Server) retain(ctx context.Context, key ed25519.PrivateKey) {
	s.logger.Info("old events of the audit log are dropped", "after", s.cfg.AuditRetention, "key", org.KeyFingerprint(key.Public().(ed25519.PublicKey)))
	drop := func() {
		if err := s.dropOld(ctx, key); err != nil && ctx.Err() == nil {
			s.logger.Error("old events of the audit log were not dropped", "error", err)
		}
	}
	drop()
	every(ctx, retentionInterval, drop)
}

// dropOld drops all that is old enough, with a pause for others between two
// transactions.
func (s *Server) dropOld(ctx context.Context, key ed25519.PrivateKey) error {
	const pause = 20 * time.Millisecond
	for {
		more, err := s.service.TrimAudit(ctx, s.clock.Now()-int64(s.cfg.AuditRetention/time.Second), key)
		if err != nil || !more {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
