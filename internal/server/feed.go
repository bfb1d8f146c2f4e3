package server

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/plant"
	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// source shows the store's log to the follower: the one place where the
// domain's effects become the index's.
type source struct {
	store org.Store
	clock *verify.Clock
}

var _ verify.Source = source{}

// committed applies what this process committed, before its callers are told.
func (s *Server) committed(events []org.StoredEvent) {
	changes := make([]verify.Change, 0, len(events))
	for _, e := range events {
		c, err := change(e, e.Effects)
		if err != nil {
			s.fail(err) // the index cannot follow any more
			s.index.Reset()
			return
		}
		changes = append(changes, c)
	}
	s.follower.Committed(changes)
}

func (s source) Head(ctx context.Context) (verify.Position, error) {
	head, err := s.store.Head(ctx)
	return verify.Position{Revision: head.Revision, Hash: head.Hash}, err
}

func (s source) Chain(prev [32]byte, record []byte) [32]byte { return org.ChainHash(prev, record) }

func (s source) Since(ctx context.Context, revision int64) iter.Seq2[verify.Change, error] {
	return func(yield func(verify.Change, error) bool) {
		for e, err := range s.store.Events(ctx, revision) {
			var c verify.Change
			if err == nil {
				c, err = decodeChange(e)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

func decodeChange(e org.StoredEvent) (verify.Change, error) {
	decoded, err := org.DecodeRecord(e.Record)
	if err != nil {
		return verify.Change{}, fmt.Errorf("%w: %w", verify.ErrHistory, err)
	}
	if plant.Is(plant.IndexNotUpdated) {
		decoded.Effects = slices.DeleteFunc(decoded.Effects, func(effect org.Effect) bool {
			_, removed := effect.(org.KeyRemoved)
			return removed
		})
	}
	return change(e, decoded.Effects)
}

func change(e org.StoredEvent, effects []org.Effect) (verify.Change, error) {
	c := verify.Change{Position: verify.Position{Revision: e.Revision, Hash: e.Hash}, Record: e.Record}
	for _, effect := range effects {
		converted, err := convert(effect)
		if err != nil {
			return c, fmt.Errorf("%w: event %s: %w", verify.ErrHistory, e.ID, err)
		}
		c.Effects = append(c.Effects, converted)
	}
	return c, nil
}

func convert(effect org.Effect) (verify.Effect, error) {
	switch e := effect.(type) {
	case org.KeyAdded:
		return verify.KeyAdded{
			ID: e.ID, Digest: e.Digest, Kind: token.Kind(e.Kind), // checked by the index
			OwnerType: ownerType(e.OwnerType), OwnerID: e.OwnerID,
			ProjectID: e.ProjectID, ExpiresAt: e.ExpiresAt,
		}, nil
	case org.KeyRemoved:
		return verify.KeyRemoved{Digest: e.Digest}, nil
	case org.KeysRemoved:
		return verify.KeysRemoved{OwnerType: ownerType(e.OwnerType), OwnerID: e.OwnerID, ProjectID: e.ProjectID}, nil
	case org.LimitSet:
		return verify.LimitChanged(e), nil
	case org.OwnerSet:
		return verify.OwnerChanged{Type: ownerType(e.Type), ID: e.ID, Role: string(e.Role), Removed: e.Removed}, nil
	case org.ProjectSet:
		return verify.ProjectChanged{ID: e.ID, Archived: e.Archived}, nil
	default:
		return nil, fmt.Errorf("no effect of the index for %T", effect)
	}
}

func ownerType(t org.OwnerType) verify.OwnerType {
	if t == org.OwnerServiceAccount {
		return verify.OwnerServiceAccount
	}
	return verify.OwnerUser
}

func (s source) Snapshot(ctx context.Context, add func(verify.Effect) error) (verify.Position, error) {
	var used int64 // the latest, in Unix seconds
	head, err := s.store.Snapshot(ctx, org.SnapshotVisitor{
		User: func(u org.User) error {
			return add(verify.OwnerChanged{Type: verify.OwnerUser, ID: u.ID, Role: string(u.Role)})
		},
		ServiceAccount: func(a org.ServiceAccount) error {
			return add(verify.OwnerChanged{Type: verify.OwnerServiceAccount, ID: a.ID})
		},
		RateLimit: func(l org.RateLimit) error {
			return add(verify.LimitChanged(l.Set()))
		},
		Project: func(p org.Project) error {
			return add(verify.ProjectChanged{ID: p.ID, Archived: p.ArchivedAt != 0})
		},
		Key: func(k org.SnapshotKey) error {
			used = max(used, k.LastUsedAt)
			return add(verify.KeyAdded{
				ID: k.ID, Digest: k.Digest, Kind: token.Kind(k.Kind), // checked by the index
				OwnerType: ownerType(k.OwnerType), OwnerID: k.OwnerID,
				ProjectID: k.ProjectID, ExpiresAt: k.ExpiresAt, LastUsed: k.LastUsedAt,
			})
		},
	})
	s.clock.Raise(used * 1000) // a time that was reached, as the head's was
	return verify.Position{Revision: head.Revision, Hash: head.Hash}, err
}
