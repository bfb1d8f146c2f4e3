package sqlstore

import (
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/internal/org"
)

// VerifyLog checks the log from its first event to its head, beside a server
// that appends to it, and returns the head. See org.VerifyChain.
func (s *Store) VerifyLog(ctx context.Context, expect *org.Head) (org.Head, error) {
	head, err := s.Head(ctx)
	if err != nil {
		return head, err
	}
	return head, org.VerifyChain(upTo(s.Events(ctx, 0), head.Revision), head, expect)
}

// upTo leaves out what was appended after a revision was read.
func upTo(events iter.Seq2[org.StoredEvent, error], revision int64) iter.Seq2[org.StoredEvent, error] {
	return func(yield func(org.StoredEvent, error) bool) {
		for e, err := range events {
			if err == nil && e.Revision > revision {
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
