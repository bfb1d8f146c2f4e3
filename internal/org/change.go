package org

import "context"

// change runs fn in an Update for a caller that may write. It looks at the
// caller's key and owner again, inside the transaction: a request is let in
// when its header is read, and its body may take seconds more. One whose key
// was revoked in between, or whose user was removed, must change nothing, or a
// stolen key could outlive its revocation by making another.
func (s *Service) change(ctx context.Context, caller Caller, fn func(tx Tx, owner Owner) error) (Commit, error) {
	return s.changeWith(ctx, caller, ManagementWrite, fn)
}

// changeWith is change for a caller with the permission p.
func (s *Service) changeWith(ctx context.Context, caller Caller, p Permission, fn func(tx Tx, owner Owner) error) (Commit, error) {
	if err := caller.Require(p); err != nil {
		return Commit{}, err
	}
	return s.store.Update(ctx, func(tx Tx) error {
		owner, _, err := stillGood(tx, caller, p)
		if err != nil {
			return err
		}
		return caller.once(tx, func() error { return fn(tx, owner) })
	})
}

// stillGood returns the caller's owner and key as they are now. A user who signed
// in without a key has none.
func stillGood(tx Tx, caller Caller, p Permission) (owner Owner, key Key, err error) {
	ended := errUserGone
	if !caller.WithoutKey() {
		ended = errKeyEnded
		var ok bool
		if key, ok, err = tx.Key(KindAdmin, caller.KeyID); err != nil {
			return Owner{}, Key{}, err
		}
		if !ok || !key.UsableAt(tx.Now()) || key.OwnerType != caller.OwnerType || key.OwnerID != caller.OwnerID {
			return Owner{}, Key{}, ended
		}
	}
	owner, ok, err := tx.Owner(caller.OwnerType, caller.OwnerID)
	if err != nil {
		return Owner{}, Key{}, err
	}
	if !ok {
		return Owner{}, Key{}, ended
	}
	caller.Role = owner.Role
	return owner, key, caller.Require(p)
}

// Refusals of a change whose key was revoked or expired, or lost its owner, while
// the request was under way; and the same for who has no key.
var (
	errKeyEnded = &Refusal{
		Kind:    Unauthenticated,
		Message: "The API key of this request was revoked or expired while the request was under way.",
	}
	errUserGone = &Refusal{
		Kind:    Unauthenticated,
		Message: "The user of this request was removed while the request was under way.",
	}
)
