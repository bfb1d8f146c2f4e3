package sqlstore

import (
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/internal/org"
)

// VerifyLog checks the log from its first event to its head, beside a server
// that appends to it, and that the keys, users and projects are those that its
// events leave. It returns the head. See org.VerifyChain.
func (s *Store) VerifyLog(ctx context.Context, expect *org.Head) (org.Head, error) {
	head, err := s.Head(ctx)
	if err != nil {
		return head, err
	}
	stored, at, err := s.storedState(ctx)
	if err == nil {
		head = at // of one view with what was read
	}
	said := newState()
	if err := org.VerifyChain(said.follow(upTo(s.Events(ctx, 0), head.Revision)), head, expect); err != nil {
		return head, err
	}
	if err != nil { // told last: the log says more about what happened
		return head, err
	}
	if err := s.nothingBehindHead(ctx); err != nil {
		return head, err
	}
	return head, stored.differs(said)
}

// nothingBehindHead refuses events that the head does not know of. It asks for
// the events first, since a server may append meanwhile.
func (s *Store) nothingBehindHead(ctx context.Context) error {
	var last int64
	if err := s.queryRow(ctx, `SELECT COALESCE(MAX(revision), 0) FROM events`).Scan(&last); err != nil {
		return s.classify(err)
	}
	head, err := s.Head(ctx)
	if err == nil && last > head.Revision {
		return &org.ChainError{Revision: head.Revision + 1, Problem: "an event is there, but the head of the log does not know of it"}
	}
	return err
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
