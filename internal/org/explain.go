package org

import (
	"context"
	"fmt"
	"time"

	"github.com/keyreeve/keyreeve/internal/token"
)

// Explanation says whether a key is good and why not, for an operator. A
// stranger is never told this much.
type Explanation struct {
	Good   bool
	Reason string   // a sentence without the key's value
	Key    *KeyView // nil where no such key is stored
}

// KeyView is a stored key of any kind with its owner and last use.
type KeyView struct {
	Key
	Owner             Owner // without a name where it is gone
	LastUsedAt        int64 // Unix seconds; 0: not yet
	ProjectArchivedAt int64 // Unix seconds; 0: it is active, or there is none
}

// KeyFinder looks up what the index is not asked for: a key by its digest, and
// the end of one. It reads whole tables, so it is for people.
type KeyFinder interface {
	KeyByDigest(ctx context.Context, digest [32]byte) (key KeyView, ok bool, err error)
	KeyEnd(ctx context.Context, digest [32]byte) (end KeyEnd, ok bool, err error)
	// ProjectEnd is the event that archived a project, without its record. It may
	// have been dropped from the log.
	ProjectEnd(ctx context.Context, projectID string) (event StoredEvent, ok bool, err error)
}

// KeyEnd is the event that ended a key: its own deletion or that of its owner.
type KeyEnd struct {
	KeyID string
	Event StoredEvent // without its record
}

// Explain judges a key by the database at the Unix second now.
func Explain(ctx context.Context, store KeyFinder, value string, now int64) (Explanation, error) {
	if fault := token.Fault(value); fault != "" {
		return Explanation{Reason: "It is not a key of Keyreeve's: " + fault + "."}, nil
	}
	digest := token.Sum(value)
	key, ok, err := store.KeyByDigest(ctx, digest)
	if err != nil {
		return Explanation{}, err
	}
	if !ok {
		return explainAbsent(ctx, store, digest)
	}
	e := Explanation{Key: &key}
	switch {
	case key.Owner.Name == "" && key.Owner.CreatedAt == 0:
		e.Reason = fmt.Sprintf("Its owner %s was removed.", key.OwnerID)
	case key.ProjectArchivedAt != 0:
		e.Reason, err = explainArchived(ctx, store, key)
	case !key.UsableAt(now):
		e.Reason = fmt.Sprintf("It expired at %s.", formatTime(key.ExpiresAt))
	default:
		e.Good, e.Reason = true, "It is good."
	}
	return e, err
}

func explainArchived(ctx context.Context, store KeyFinder, key KeyView) (string, error) {
	event, ok, err := store.ProjectEnd(ctx, key.ProjectID)
	if err != nil {
		return "", err
	}
	reason := fmt.Sprintf("Its project %s was archived at %s", key.ProjectID, formatTime(key.ProjectArchivedAt))
	if ok {
		reason += " by " + event.madeBy()
	}
	return reason + ".", nil
}

// madeBy says who made an event, and where it is in the log.
func (e StoredEvent) madeBy() string {
	by := "somebody on the host"
	if e.ActorID != "" {
		by = e.ActorID
	}
	return fmt.Sprintf("%s (revision %d, %s)", by, e.Revision, e.ID)
}

func explainAbsent(ctx context.Context, store KeyFinder, digest [32]byte) (Explanation, error) {
	end, ok, err := store.KeyEnd(ctx, digest)
	if err != nil {
		return Explanation{}, err
	}
	if !ok {
		return Explanation{Reason: "It has the form of a key, but this database never had it."}, nil
	}
	e := end.Event
	how := "was revoked"
	switch {
	case e.Resource == end.KeyID:
	case e.ProjectID != "":
		how = fmt.Sprintf("ended when %s was removed from %s", e.Resource, e.ProjectID)
	default:
		how = fmt.Sprintf("ended when %s was removed", e.Resource)
	}
	return Explanation{Reason: fmt.Sprintf("%s %s at %s by %s.", end.KeyID, how, formatTime(e.At), e.madeBy())}, nil
}

func formatTime(seconds int64) string {
	return time.Unix(seconds, 0).UTC().Format("2006-01-02 15:04:05 UTC")
}
