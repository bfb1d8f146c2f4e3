package org

import (
	"context"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/echo"
	"github.com/keyreeve/keyreeve/internal/token"
)

// InviteLifetime is how long an invite can be accepted, in seconds.
const InviteLifetime = 7 * 24 * 60 * 60

// maxInviteProjects bounds the memberships that one invite brings.
const maxInviteProjects = 100

// Invite asks a person to join the organization. Its token is not part of it:
// storage has the digest, and gives it to nobody.
type Invite struct {
	ID         string
	Email      string
	Role       Role
	InviterID  string // the user who invites: an owner, or the invite is withdrawn
	CreatedAt  int64  // Unix seconds
	ExpiresAt  int64  // Unix seconds
	AcceptedAt int64  // Unix seconds; 0: not yet
	Projects   []InviteProject
}

// InviteProject is a membership that comes with an accepted invite.
type InviteProject struct {
	ID   string
	Role ProjectRole
}

// InviteStatus says what became of an invite. The text is the wire's.
type InviteStatus string

// The statuses of an invite.
const (
	InvitePending  InviteStatus = "pending"
	InviteAccepted InviteStatus = "accepted"
	InviteExpired  InviteStatus = "expired"
)

// StatusAt returns the status at the Unix second now.
func (i Invite) StatusAt(now int64) InviteStatus {
	switch {
	case i.AcceptedAt != 0:
		return InviteAccepted
	case now >= i.ExpiresAt:
		return InviteExpired
	default:
		return InvitePending
	}
}

// InviteStore reads invites.
type InviteStore interface {
	Invites(ctx context.Context, page Page) ([]Invite, error)
	Invite(ctx context.Context, id string) (invite Invite, ok bool, err error)
	// InviteByToken finds an invite that was not accepted, expired or not.
	InviteByToken(ctx context.Context, digest [32]byte) (invite Invite, ok bool, err error)
}

// InviteTx changes invites.
type InviteTx interface {
	Invite(id string) (invite Invite, ok bool, err error)
	InviteByToken(digest [32]byte) (invite Invite, ok bool, err error)
	// PendingInvite finds an invite to an address, compared without the case of
	// ASCII letters, that can be accepted at now.
	PendingInvite(email string, now int64) (invite Invite, ok bool, err error)

	InsertInvite(i Invite, digest [32]byte) error
	// AcceptInvite notes when an invite was accepted and forgets its token.
	AcceptInvite(id string, at int64) error
	DeleteInvite(id string) error
	// WithdrawInvites deletes the invites of an inviter that can be accepted at
	// now, and returns how many there were.
	WithdrawInvites(inviterID string, now int64) (int, error)
}

var inviteList = listRules{prefix: PrefixInvite, minLimit: 0}

// ListInvites returns a page of invites (list-invites).
func (s *Service) ListInvites(ctx context.Context, caller Caller, page Page) (ListPage[Invite], error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ListPage[Invite]{}, err
	}
	out, err := listOf(inviteList, page, func(page Page) ([]Invite, error) { return s.store.Invites(ctx, page) })
	if err != nil {
		return out, fmt.Errorf("list invites: %w", err)
	}
	return out, nil
}

// GetInvite returns one invite (retrieve-invite).
func (s *Service) GetInvite(ctx context.Context, caller Caller, id string) (Invite, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return Invite{}, err
	}
	if _, ok := ParseID(PrefixInvite, id); !ok {
		return Invite{}, noSuchInvite(id)
	}
	invite, ok, err := s.store.Invite(ctx, id)
	if err != nil {
		return Invite{}, fmt.Errorf("get invite: %w", err)
	}
	if !ok {
		return Invite{}, noSuchInvite(id)
	}
	return invite, nil
}

// NewInvite asks for an invite.
type NewInvite struct {
	Email    string
	Role     Role
	Projects []InviteProject // all active
}

func (n NewInvite) check() error {
	if err := checkEmail("email", n.Email); err != nil {
		return err
	}
	if err := checkOneOf("role", n.Role, RoleOwner, RoleReader); err != nil {
		return err
	}
	if len(n.Projects) > maxInviteProjects {
		return tooMany("projects", maxInviteProjects, len(n.Projects))
	}
	seen := make(map[string]bool)
	for i, p := range n.Projects {
		if _, ok := ParseID(PrefixProject, p.ID); !ok {
			return inviteProject(i, "there is no project '%s'", p.ID)
		}
		if seen[p.ID] {
			return inviteProject(i, "'%s' is given twice", p.ID)
		}
		seen[p.ID] = true
		if err := checkProjectRole(fmt.Sprintf("projects[%d].role", i), p.Role); err != nil {
			return err
		}
	}
	return nil
}

// CreateInvite asks a person to join the organization (inviteUser). The token
// that accepts the invite is returned here and kept nowhere.
func (s *Service) CreateInvite(ctx context.Context, caller Caller, in NewInvite) (Invite, token.Secret, Commit, error) {
	fail := func(err error) (Invite, token.Secret, Commit, error) {
		return Invite{}, token.Secret{}, Commit{}, err
	}
	if err := caller.Require(ManagementWrite); err != nil {
		return fail(err)
	}
	if err := in.check(); err != nil {
		return fail(err)
	}
	secret, err := token.Mint(token.KindInvite, s.random)
	if err != nil {
		return fail(fmt.Errorf("create invite: %w", err))
	}
	var invite Invite
	commit, err := s.change(ctx, caller, func(tx Tx, actor Owner) error {
		if err := in.welcome(tx); err != nil {
			return err
		}
		id, err := tx.NewID(PrefixInvite)
		if err != nil {
			return err
		}
		now := tx.Now()
		invite = Invite{
			ID: id.String(), Email: in.Email, Role: in.Role, InviterID: actor.ID, CreatedAt: now, ExpiresAt: now + InviteLifetime, Projects: in.Projects,
		}
		if err := tx.InsertInvite(invite, secret.Digest()); err != nil {
			return err
		}
		tx.Emit(Event{
			Type: EventInviteSent, Actor: caller.actor(actor), Resource: invite.ID,
			Data: map[string]any{"id": invite.ID, "data": map[string]any{"email": invite.Email, "role": string(invite.Role)}},
		})
		return nil
	})
	if err != nil {
		return fail(fmt.Errorf("create invite: %w", err))
	}
	return invite, secret, commit, nil
}

// welcome refuses an invite to somebody who is there or was asked already, and
// one to projects that nobody can join.
func (n NewInvite) welcome(tx Tx) error {
	if user, ok, err := tx.UserByEmail(n.Email); err != nil {
		return err
	} else if ok {
		return alreadyUser(n.Email, user.ID)
	}
	if invite, ok, err := tx.PendingInvite(n.Email, tx.Now()); err != nil {
		return err
	} else if ok {
		return alreadyInvited(n.Email, invite.ID)
	}
	for i, p := range n.Projects {
		project, ok, err := tx.Project(p.ID)
		switch {
		case err != nil:
			return err
		case !ok:
			return inviteProject(i, "there is no project '%s'", p.ID)
		case project.ArchivedAt != 0:
			return projectArchived(p.ID)
		}
	}
	return nil
}

// DeleteInvite withdraws an invite (delete-invite): its token accepts nothing
// once it returns. An accepted one stays: the user is what can be deleted.
func (s *Service) DeleteInvite(ctx context.Context, caller Caller, id string) (Commit, error) {
	if err := caller.Require(ManagementWrite); err != nil {
		return Commit{}, err
	}
	if _, ok := ParseID(PrefixInvite, id); !ok {
		return Commit{}, noSuchInvite(id)
	}
	commit, err := s.change(ctx, caller, func(tx Tx, actor Owner) error {
		invite, ok, err := tx.Invite(id)
		switch {
		case err != nil:
			return err
		case !ok:
			return noSuchInvite(id)
		case invite.AcceptedAt != 0:
			return inviteAccepted(id)
		}
		tx.Emit(Event{
			Type: EventInviteDeleted, Actor: caller.actor(actor), Resource: id, Data: map[string]any{"id": id},
		})
		return tx.DeleteInvite(id)
	})
	if err != nil {
		return Commit{}, fmt.Errorf("delete invite: %w", err)
	}
	return commit, nil
}

func noSuchInvite(id string) error { return noSuch("invite", id) }

// inviteProject refuses a project of a new invite.
func inviteProject(i int, why, id string) error {
	param := fmt.Sprintf("projects[%d].id", i)
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: param, Message: fmt.Sprintf("Invalid '%s': "+why+".", param, echo.Value(id))}
}

func alreadyUser(email, id string) error {
	return &Refusal{Kind: Invalid, Code: codeAlreadyUser, Param: "email", Message: fmt.Sprintf(
		"'%s' is a user of this organization already: '%s'.", echo.Value(email), id)}
}

func alreadyInvited(email, id string) error {
	return &Refusal{Kind: Invalid, Code: codeAlreadyInvited, Param: "email", Message: fmt.Sprintf(
		"'%s' has a pending invite already: '%s'. Delete that one to invite again.", echo.Value(email), id)}
}

func inviteAccepted(id string) error {
	return &Refusal{Kind: Invalid, Code: codeInviteAccepted, Message: fmt.Sprintf(
		"Invite '%s' was accepted and cannot be deleted any more. Delete the user instead.", id)}
}
