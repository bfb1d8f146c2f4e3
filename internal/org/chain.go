package org

import (
	"encoding/hex"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/oklog/ulid/v2"
)

// Head is a position in the log: the last event's revision and hash, and the
// last id that was minted, whose time is the floor of the clock.
type Head struct {
	Revision int64
	Hash     [32]byte
	LastID   ulid.ULID
}

// Millis is the time of the last change, in Unix milliseconds.
func (h Head) Millis() int64 { return int64(h.LastID.Time()) }

// String is the form that VerifyChain's expectation takes: REVISION:HASH.
func (h Head) String() string {
	return strconv.FormatInt(h.Revision, 10) + ":" + hex.EncodeToString(h.Hash[:])
}

// ParseHead reads REVISION:HASH.
func ParseHead(text string) (Head, error) {
	revision, hash, ok := strings.Cut(text, ":")
	n, err := strconv.ParseInt(revision, 10, 64)
	if !ok || err != nil || n < 0 {
		return Head{}, fmt.Errorf("%q is not REVISION:HASH, such as 42:9f86d081…", text)
	}
	digest, err := decodeDigest(hash)
	if err != nil {
		return Head{}, fmt.Errorf("%q is not REVISION:HASH: the hash is %w", text, err)
	}
	return Head{Revision: n, Hash: digest}, nil
}

// ChainError names the first event at which a log is broken.
type ChainError struct {
	Revision int64
	Event    string // id, where it could be read
	Problem  string
}

func (e *ChainError) Error() string {
	if e.Event == "" {
		return fmt.Sprintf("the log is broken at revision %d: %s", e.Revision, e.Problem)
	}
	return fmt.Sprintf("the log is broken at revision %d (%s): %s", e.Revision, e.Event, e.Problem)
}

// VerifyChain reads a whole log from its first event and checks that each
// follows the one before and says what its record says, that the stored head
// is its end and, where expect is given, that it passes through that position:
// a log whose tail was cut off is whole in itself, and only a position noted
// elsewhere shows the loss. It returns the first fault as a *ChainError.
func VerifyChain(events iter.Seq2[StoredEvent, error], head Head, expect *Head) error {
	return VerifyChainFrom(Head{}, events, head, expect)
}

// VerifyChainFrom is VerifyChain for a log that begins after a checkpoint, which
// is for the caller to trust.
func VerifyChainFrom(at Head, events iter.Seq2[StoredEvent, error], head Head, expect *Head) error {
	var met bool
	if expect != nil && expect.Revision < at.Revision {
		return fmt.Errorf("the expected revision %d was dropped: the log begins after its checkpoint at %s", expect.Revision, at)
	}
	check := func() error {
		if expect == nil || at.Revision != expect.Revision {
			return nil
		}
		met = true
		if at.Hash != expect.Hash {
			return &ChainError{Revision: at.Revision, Problem: "its hash is " + hex.EncodeToString(at.Hash[:]) +
				", expected " + hex.EncodeToString(expect.Hash[:])}
		}
		return nil
	}
	if err := check(); err != nil {
		return err
	}
	for e, err := range events {
		if err != nil {
			return err
		}
		if err := follows(at, e); err != nil {
			return err
		}
		at.Revision, at.Hash = e.Revision, e.Hash
		if err := check(); err != nil {
			return err
		}
	}
	if at.Revision != head.Revision || at.Hash != head.Hash {
		return &ChainError{Revision: at.Revision + 1, Problem: fmt.Sprintf(
			"the log ends at %s, but its head says %s", at, head)}
	}
	if expect != nil && !met {
		return &ChainError{Revision: at.Revision + 1, Problem: fmt.Sprintf(
			"the log ends at revision %d, before the expected revision %d: its tail was cut off", at.Revision, expect.Revision)}
	}
	return nil
}

// Continues checks one event against the position before it.
func Continues(at Head, e StoredEvent) error { return follows(at, e) }

// follows checks one event against the position before it and its columns
// against its record.
func follows(at Head, e StoredEvent) error {
	broken := func(problem string) error {
		return &ChainError{Revision: at.Revision + 1, Event: e.ID, Problem: problem}
	}
	if e.Revision != at.Revision+1 {
		return broken(fmt.Sprintf("the next event stored has revision %d", e.Revision))
	}
	if ChainHash(at.Hash, e.Record) != e.Hash {
		return broken("its record does not match its hash")
	}
	said, err := DecodeRecord(e.Record)
	if err != nil {
		return broken(err.Error())
	}
	if said.Revision != e.Revision || said.ID != e.ID || said.Type != e.Type || said.At != e.At ||
		said.ActorID != e.ActorID || said.Resource != e.Resource || said.ProjectID != e.ProjectID {
		return broken("its columns do not say what its record says")
	}
	return nil
}
