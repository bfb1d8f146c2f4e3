package org

import (
	"context"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/token"
)

// Acceptance accepts an invite. Whoever has the token may: it is shown once, to
// the inviter, and to nobody after it was accepted.
type Acceptance struct {
	Token            string
	Name             string // of the new user
	ExpiresInSeconds *int64 // of the user's first admin key; nil: never
}

// Accepted is a new user with the user's first admin key.
type Accepted struct {
	User   User
	Key    AdminAPIKey
	Secret token.Secret // of the key; kept nowhere
}

// AcceptInvite makes the invited person a user, with the memberships of the
// invite and a first admin key (keyreeve-accept-invite). There is no caller: the
// token is the permission. Every reason why a token is not good has the same
// refusal, so that a stranger learns nothing by it.
func (s *Service) AcceptInvite(ctx context.Context, origin Origin, in Acceptance) (Accepted, Commit, error) {
	fail := func(err error) (Accepted, Commit, error) {
		return Accepted{}, Commit{}, fmt.Errorf("accept invite: %w", err)
	}
	if err := checkName("name", in.Name); err != nil {
		return fail(err)
	}
	if err := checkExpiry("expires_in_seconds", in.ExpiresInSeconds); err != nil {
		return fail(err)
	}
	if kind, ok := token.Parse(in.Token); !ok || kind != token.KindInvite {
		return fail(errInvalidInvite)
	}
	digest := token.Sum(in.Token)
	// Strangers come here, so they must not get as far as the log's lock.
	if _, ok, err := s.store.InviteByToken(ctx, digest); err != nil {
		return fail(err)
	} else if !ok {
		return fail(errInvalidInvite)
	}
	secret, err := token.Mint(token.KindAdmin, s.random)
	if err != nil {
		return fail(err)
	}
	var out Accepted
	commit, err := s.store.Update(ctx, func(tx Tx) (err error) {
		out, err = accept(tx, origin, in, digest, secret)
		return err
	})
	if err != nil {
		return fail(err)
	}
	return out, commit, nil
}

// accept writes all that an accepted invite makes.
func accept(tx Tx, origin Origin, in Acceptance, digest [32]byte, secret token.Secret) (Accepted, error) {
	invite, err := pendingInvite(tx, digest)
	if err != nil {
		return Accepted{}, err
	}
	joins, err := invite.joins(tx)
	if err != nil {
		return Accepted{}, err
	}
	id, err := tx.NewID(PrefixUser)
	if err != nil {
		return Accepted{}, err
	}
	user := User{ID: id.String(), Name: in.Name, Email: invite.Email, Role: invite.Role, CreatedAt: tx.Now()}
	actor := Actor{Type: ActorSession, OwnerType: OwnerUser, OwnerID: user.ID, Email: user.Email, Origin: origin}
	if err := addUser(tx, actor, user); err != nil {
		return Accepted{}, err
	}
	for _, p := range joins {
		if err := addMember(tx, actor, ProjectUser{ProjectID: p.ID, UserID: user.ID, Role: p.Role, AddedAt: tx.Now()}); err != nil {
			return Accepted{}, err
		}
	}
	key, err := addKey(tx, actor, newKey{
		kind: KindAdmin, name: "First admin key", secret: secret, lifetime: in.ExpiresInSeconds, owner: user.asOwner(),
	})
	if err != nil {
		return Accepted{}, err
	}
	tx.Emit(Event{Type: EventInviteAccepted, Actor: actor, Resource: invite.ID, Data: map[string]any{"id": invite.ID}})
	return Accepted{user, key.adminView(user.asOwner()), secret}, tx.AcceptInvite(invite.ID, tx.Now())
}

// pendingInvite returns the invite that a token accepts, or the refusal.
func pendingInvite(tx Tx, digest [32]byte) (Invite, error) {
	invite, ok, err := tx.InviteByToken(digest)
	if err != nil {
		return Invite{}, err
	}
	if !ok || invite.StatusAt(tx.Now()) != InvitePending {
		return Invite{}, errInvalidInvite
	}
	// The invites of somebody who is no owner any more were withdrawn with that.
	// This is for rows that came about in another way.
	if inviter, ok, err := tx.Owner(OwnerUser, invite.InviterID); err != nil {
		return Invite{}, err
	} else if !ok || inviter.Role != RoleOwner {
		return Invite{}, errInvalidInvite
	}
	if _, taken, err := tx.UserByEmail(invite.Email); err != nil {
		return Invite{}, err
	} else if taken {
		return Invite{}, errInvalidInvite
	}
	return invite, nil
}

// joins are the projects that the person joins: those that were not archived
// since, for which the person has no use and cannot do anything about.
func (i Invite) joins(tx Tx) (joins []InviteProject, err error) {
	for _, p := range i.Projects {
		project, ok, err := tx.Project(p.ID)
		if err != nil {
			return nil, err
		}
		if ok && project.ArchivedAt == 0 {
			joins = append(joins, p)
		}
	}
	return joins, nil
}

// errInvalidInvite is the one refusal of a token: it is none of ours, or its
// invite was accepted, withdrawn or has expired.
var errInvalidInvite = &Refusal{
	Kind: Invalid, Code: codeInvalidInvite, Param: "token",
	Message: "Invalid 'token': it accepts no invite. It may have been used, withdrawn or expired: ask for a new invite.",
}
