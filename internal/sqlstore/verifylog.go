package sqlstore

import (
	"context"
	"crypto/ed25519"
	"errors"
	"iter"

	"github.com/keyreeve/keyreeve/internal/org"
)

// LogReport is what VerifyLog found.
type LogReport struct {
	Head       org.Head
	Checkpoint *org.Checkpoint // where the log begins; nil: with its first event
}

// VerifyLog is CheckLog with a checkpoint signed by any key. It returns the head.
func (s *Store) VerifyLog(ctx context.Context, expect *org.Head) (org.Head, error) {
	report, err := s.CheckLog(ctx, expect, nil)
	return report.Head, err
}

// CheckLog checks the log from its first event, or from the checkpoint after
// those that were dropped, to its head, beside a server that appends to it, and
// that the keys, users and projects are those that its events leave. trusted is
// the key that a checkpoint must be signed by; nil: any. See org.VerifyChain.
func (s *Store) CheckLog(ctx context.Context, expect *org.Head, trusted ed25519.PublicKey) (LogReport, error) {
	for {
		report, err := s.checkLog(ctx, expect, trusted)
		if err == nil {
			return report, nil
		}
		// A server may have dropped events in the middle of it.
		var began int64
		if report.Checkpoint != nil {
			began = report.Checkpoint.Revision
		}
		if now, _, again := scanCheckpoint(s.queryRow(ctx, checkpointRow)); again != nil || now.Revision == began {
			return report, err
		}
	}
}

func (s *Store) checkLog(ctx context.Context, expect *org.Head, trusted ed25519.PublicKey) (report LogReport, err error) {
	if report.Head, err = s.Head(ctx); err != nil {
		return report, err
	}
	stored, at, stateErr := s.storedState(ctx)
	if stateErr == nil {
		report.Head = at // of one view with what was read
	}
	said := newState()
	var from org.Head
	if report.Checkpoint, err = s.logStart(ctx, said, trusted); err != nil {
		return report, s.classifyChain(err)
	}
	if start := report.Checkpoint; start != nil {
		from = org.Head{Revision: start.Revision, Hash: start.Hash}
	}
	if err := org.VerifyChainFrom(from, said.follow(upTo(s.Events(ctx, from.Revision), report.Head.Revision)), report.Head, expect); err != nil {
		return report, err
	}
	if stateErr != nil { // told last: the log says more about what happened
		return report, stateErr
	}
	if err := s.nothingBehindHead(ctx); err != nil {
		return report, err
	}
	return report, stored.differs(said)
}

// logStart reads the checkpoint, if there is one, into the state that the log
// goes on from.
func (s *Store) logStart(ctx context.Context, said *state, trusted ed25519.PublicKey) (*org.Checkpoint, error) {
	c, ok, err := s.checkpoint(ctx, said.apply)
	if !ok {
		return nil, err
	}
	if err == nil {
		err = c.Verify(trusted)
	}
	return &c, err
}

func (s *Store) classifyChain(err error) error {
	if _, ok := errors.AsType[*org.ChainError](err); ok {
		return err
	}
	return s.classify(err)
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
