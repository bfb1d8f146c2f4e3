package org

import (
	"context"
	"fmt"
	"strings"
)

// User is a person of the organization.
type User struct {
	ID               string
	Name             string
	Email            string // unique without the case of ASCII letters
	Role             Role
	CreatedAt        int64 // Unix seconds
	TechnicalLevel   string
	DeveloperPersona string
}

// FoldASCII makes ASCII letters small, by which addresses are compared.
func FoldASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, text)
}

// UserPage asks for part of the users, in id order.
type UserPage struct {
	Page
	Emails []string // only users with one of these; empty: all
}

// UserStore reads users.
type UserStore interface {
	Users(ctx context.Context, page UserPage) ([]User, error)
	User(ctx context.Context, id string) (user User, ok bool, err error)
	// AdminKeysOf finds the admin keys of a user among all of them. That can take
	// a second where there are a million, so it is done before the transaction
	// that deletes them, which looks for itself at those made since.
	AdminKeysOf(ctx context.Context, userID string) (KeysSeen, error)
}

// KeysSeen are keys that were there at some time.
type KeysSeen struct {
	IDs   []string
	Until string // keys with greater ids were not looked for
}

// UserTx changes users.
type UserTx interface {
	User(id string) (user User, ok bool, err error)
	// UserByEmail compares without the case of ASCII letters.
	UserByEmail(email string) (user User, ok bool, err error)
	// FirstOwner returns the user with the role owner that was made first.
	FirstOwner() (user User, ok bool, err error)
	// OtherOwner says whether a user other than id has the role owner.
	OtherOwner(id string) (bool, error)

	InsertUser(u User) error
	// UpdateUser writes what may change of a user: role, technical level and
	// developer persona.
	UpdateUser(u User) error
	// DeleteUser deletes a user, its memberships, its keys of all kinds and
	// their use times. The caller emits the OwnerSet that ends the keys, and
	// passes what AdminKeysOf has found.
	DeleteUser(id string, seen KeysSeen) error
}

// maxEmails bounds the addresses that one list is asked for.
const maxEmails = 100

var userList = listRules{prefix: PrefixUser, minLimit: 1}

// ListUsers returns a page of users (list-users).
func (s *Service) ListUsers(ctx context.Context, caller Caller, page UserPage) (ListPage[User], error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ListPage[User]{}, err
	}
	if n := len(page.Emails); n > maxEmails {
		return ListPage[User]{}, tooMany("emails", maxEmails, n)
	}
	out, err := listOf(userList, page.Page, func(p Page) ([]User, error) {
		return s.store.Users(ctx, UserPage{p, page.Emails})
	})
	if err != nil {
		return out, fmt.Errorf("list users: %w", err)
	}
	return out, nil
}

// GetUser returns one user (retrieve-user).
func (s *Service) GetUser(ctx context.Context, caller Caller, id string) (User, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return User{}, err
	}
	if _, ok := ParseID(PrefixUser, id); !ok {
		return User{}, noSuchUser(id)
	}
	user, ok, err := s.store.User(ctx, id)
	if err != nil {
		return User{}, fmt.Errorf("get user: %w", err)
	}
	if !ok {
		return User{}, noSuchUser(id)
	}
	return user, nil
}

// UserChange says what to change of a user. What is nil stays as it is.
type UserChange struct {
	Role             *Role
	RoleID           *string // of a custom role, of which there are none
	TechnicalLevel   *string
	DeveloperPersona *string
}

func (c UserChange) check() error {
	if c.RoleID != nil {
		return noCustomRoles("role_id")
	}
	if c.Role != nil {
		if err := checkOneOf("role", *c.Role, RoleOwner, RoleReader); err != nil {
			return err
		}
	}
	if err := checkText("technical_level", c.TechnicalLevel); err != nil {
		return err
	}
	return checkText("developer_persona", c.DeveloperPersona)
}

// apply changes u and returns the members that differ, by their wire names.
func (c UserChange) apply(u *User) (changed map[string]any) {
	changed = make(map[string]any)
	set(changed, "role", &u.Role, c.Role)
	set(changed, "technical_level", &u.TechnicalLevel, c.TechnicalLevel)
	set(changed, "developer_persona", &u.DeveloperPersona, c.DeveloperPersona)
	return changed
}

// UpdateUser changes a user (modify-user). The last owner stays one. With the
// role an owner loses the pending invites that it made.
func (s *Service) UpdateUser(ctx context.Context, caller Caller, id string, in UserChange) (User, Commit, error) {
	if err := caller.Require(ManagementWrite); err != nil {
		return User{}, Commit{}, err
	}
	if _, ok := ParseID(PrefixUser, id); !ok {
		return User{}, Commit{}, noSuchUser(id)
	}
	if err := in.check(); err != nil {
		return User{}, Commit{}, err
	}
	var user User
	commit, err := s.change(ctx, caller, func(tx Tx, actor Owner) (err error) {
		var before User
		if before, err = theUser(tx, id); err != nil {
			return err
		}
		user = before
		changed := in.apply(&user)
		if len(changed) == 0 {
			return nil
		}
		if before.Role == RoleOwner && user.Role != RoleOwner {
			if err := expendable(tx, caller, id, "made a reader"); err != nil {
				return err
			}
		}
		if err := tx.UpdateUser(user); err != nil {
			return err
		}
		event := Event{
			Type: EventUserUpdated, Actor: caller.actor(actor), Resource: id,
			Data: map[string]any{"id": id, "changes_requested": changed},
		}
		if user.Role != before.Role {
			event.Effects = []Effect{OwnerSet{Type: OwnerUser, ID: id, Role: user.Role}}
		}
		if err := withdrawInvites(tx, before, user.Role, event.Data); err != nil {
			return err
		}
		tx.Emit(event)
		return nil
	})
	if err != nil {
		return User{}, Commit{}, fmt.Errorf("modify user: %w", err)
	}
	return user, commit, nil
}

// DeleteUser removes a user with its memberships and ends all its keys, admin
// keys included (delete-user): when it returns they are refused. Its pending
// invites are withdrawn. The last owner is kept, and so is an owner without whom
// no admin key would be usable.
func (s *Service) DeleteUser(ctx context.Context, caller Caller, id string) (Commit, error) {
	if err := caller.Require(ManagementWrite); err != nil {
		return Commit{}, err
	}
	if _, ok := ParseID(PrefixUser, id); !ok {
		return Commit{}, noSuchUser(id)
	}
	seen, err := s.keysToDelete(ctx, id)
	if err != nil {
		return Commit{}, fmt.Errorf("delete user: %w", err)
	}
	commit, err := s.change(ctx, caller, func(tx Tx, actor Owner) error {
		user, err := theUser(tx, id)
		if err != nil {
			return err
		}
		if user.Role == RoleOwner {
			if err := expendable(tx, caller, id, "deleted"); err != nil {
				return err
			}
		}
		if err := tx.DeleteUser(id, seen); err != nil {
			return err
		}
		data := map[string]any{"id": id, "email": user.Email}
		if err := withdrawInvites(tx, user, "", data); err != nil {
			return err
		}
		tx.Emit(Event{
			Type: EventUserDeleted, Actor: caller.actor(actor), Resource: id,
			Data:    data,
			Effects: []Effect{OwnerSet{Type: OwnerUser, ID: id, Role: user.Role, Removed: true}},
		})
		return nil
	})
	if err != nil {
		return Commit{}, fmt.Errorf("delete user: %w", err)
	}
	return commit, nil
}

// withdrawInvites takes from a user who is an owner and has another role, or
// none, from now on the pending invites that it made: whoever may not invite
// must not come back by an invite. However many they are, it is part of the one
// event whose data it adds to.
func withdrawInvites(tx Tx, before User, role Role, data map[string]any) error {
	if before.Role != RoleOwner || role == RoleOwner {
		return nil
	}
	n, err := tx.WithdrawInvites(before.ID, tx.Now())
	if n > 0 {
		data["invites_withdrawn"] = n
	}
	return err
}

// keysToDelete looks for the admin keys of a user, if there is one.
func (s *Service) keysToDelete(ctx context.Context, userID string) (KeysSeen, error) {
	if _, ok, err := s.store.User(ctx, userID); !ok || err != nil {
		return KeysSeen{}, err
	}
	return s.store.AdminKeysOf(ctx, userID)
}

// expendable refuses to lose an owner where nobody else could administer
// anything. Somebody who asks it of another is such a somebody, by a key that
// change has just looked at. Without one, keys are looked for: whoever signs in
// elsewhere must not end all that works here.
func expendable(tx Tx, caller Caller, id, what string) error {
	if caller.OwnerID != id && !caller.WithoutKey() {
		return nil
	}
	if other, err := tx.OtherOwner(id); err != nil {
		return err
	} else if !other {
		return lastOwner(id, what)
	}
	if other, err := tx.UsableAdminKeyWithout(id, tx.Now()); err != nil {
		return err
	} else if !other {
		return lastKeysOf(id, what)
	}
	return nil
}

// theUser returns a user of a transaction, or the refusal.
func theUser(tx Tx, id string) (User, error) {
	user, ok, err := tx.User(id)
	if err == nil && !ok {
		err = noSuchUser(id)
	}
	return user, err
}

func noSuchUser(id string) error { return noSuch("user", id) }

func noCustomRoles(param string) error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': this server has no custom roles. Give 'role' instead.", param)}
}

func lastOwner(id, what string) error {
	return &Refusal{Kind: Invalid, Code: codeLastOwner, Message: fmt.Sprintf(
		"'%s' cannot be %s: no other user has the role 'owner', and nobody could administer the organization. "+
			"Give another user that role first.", id, what)}
}

func lastKeysOf(id, what string) error {
	return &Refusal{Kind: Invalid, Code: codeLastAdminAPIKey, Message: fmt.Sprintf(
		"'%s' cannot be %s: no other owner has a usable admin API key, and nothing could be administered without one. "+
			"Another owner needs an admin API key first.", id, what)}
}
