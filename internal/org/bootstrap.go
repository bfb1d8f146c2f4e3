package org

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/keyreeve/keyreeve/internal/token"
)

// Bootstrap says how a new organization begins.
type Bootstrap struct {
	OwnerName  string
	OwnerEmail string
	// Announce is given the first admin key's value before the organization is
	// committed. If it fails no organization is made: a key that was never
	// shown must not exist.
	Announce Announce
}

// Announce keeps or shows a new key's value, once.
type Announce func(AdminAPIKey, token.Secret) error

// once makes an announcement happen once however often its closure is run, and
// have the same result each time.
func once(announce Announce) Announce {
	var done bool
	var result error
	return func(key AdminAPIKey, secret token.Secret) error {
		if !done {
			done, result = true, announce(key, secret)
		}
		return result
	}
}

// errBootstrapped stops Bootstrap's closure when there is nothing to do.
var errBootstrapped = &Refusal{Kind: Invalid, Message: "the organization exists already"}

// Bootstrap makes the organization, its Default project, an owner and the
// first admin key, unless the database has them. It returns whether it did.
func (s *Service) Bootstrap(ctx context.Context, b Bootstrap) (bool, error) {
	if err := checkName("owner-name", b.OwnerName); err != nil {
		return false, err
	}
	if err := checkName("owner-email", b.OwnerEmail); err != nil {
		return false, err
	}
	secret, err := token.Mint(token.KindAdmin, s.random)
	if err != nil {
		return false, fmt.Errorf("make the first admin key: %w", err)
	}
	announce := once(b.Announce)
	_, err = s.store.Update(ctx, func(tx Tx) error {
		if _, ok, err := tx.Organization(); err != nil {
			return err
		} else if ok {
			return errBootstrapped
		}
		key, err := begin(tx, b, secret)
		if err != nil {
			return err
		}
		return announce(key, secret)
	})
	if errors.Is(err, errBootstrapped) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("first start: %w", err)
	}
	return true, nil
}

// begin writes the rows and events of a new organization.
func begin(tx Tx, b Bootstrap, secret token.Secret) (AdminAPIKey, error) {
	host := Actor{Type: ActorHost}
	orgID, err := tx.NewID(PrefixOrganization)
	if err != nil {
		return AdminAPIKey{}, err
	}
	if err := tx.InsertOrganization(Organization{ID: orgID.String(), CreatedAt: tx.Now()}); err != nil {
		return AdminAPIKey{}, err
	}
	tx.Emit(Event{Type: EventBootstrapped, Actor: host, Resource: orgID.String(), Data: map[string]any{"id": orgID.String()}})

	projectID, err := tx.NewID(PrefixProject)
	if err != nil {
		return AdminAPIKey{}, err
	}
	project := Project{ID: projectID.String(), Name: "Default project", Default: true, CreatedAt: tx.Now()}
	if err := addProject(tx, host, project); err != nil {
		return AdminAPIKey{}, err
	}

	owner, err := addOwner(tx, host, b.OwnerName, b.OwnerEmail)
	if err != nil {
		return AdminAPIKey{}, err
	}
	key, err := addKey(tx, host, newKey{kind: KindAdmin, name: "First admin key", secret: secret, owner: owner})
	if err != nil {
		return AdminAPIKey{}, err
	}
	return key.adminView(owner), nil
}

// addOwner writes a user with the role owner and its event.
func addOwner(tx Tx, actor Actor, name, email string) (Owner, error) {
	id, err := tx.NewID(PrefixUser)
	if err != nil {
		return Owner{}, err
	}
	user := User{ID: id.String(), Name: name, Email: email, Role: RoleOwner, CreatedAt: tx.Now()}
	return user.asOwner(), addUser(tx, actor, user)
}

// addUser writes a user and its event.
func addUser(tx Tx, actor Actor, u User) error {
	if err := tx.InsertUser(u); err != nil {
		return err
	}
	tx.Emit(Event{
		Type: EventUserAdded, Actor: actor, Resource: u.ID,
		Data:    map[string]any{"id": u.ID, "data": map[string]any{"role": string(u.Role)}},
		Effects: []Effect{OwnerSet{Type: OwnerUser, ID: u.ID, Role: u.Role}},
	})
	return nil
}

func (u User) asOwner() Owner {
	return Owner{Type: OwnerUser, ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role, CreatedAt: u.CreatedAt}
}

// Recover makes an admin key for somebody with a shell on the host, when all
// others are lost. It belongs to the first owner.
func (s *Service) Recover(ctx context.Context, announce Announce) error {
	secret, err := token.Mint(token.KindAdmin, s.random)
	if err != nil {
		return fmt.Errorf("make an admin key: %w", err)
	}
	announce = once(announce)
	_, err = s.store.Update(ctx, func(tx Tx) error {
		user, ok, err := tx.FirstOwner()
		if err != nil {
			return err
		}
		if !ok {
			return noOwner(tx)
		}
		host := Actor{Type: ActorHost}
		key, err := addKey(tx, host, newKey{kind: KindAdmin, name: "Recovered admin key", secret: secret, owner: user.asOwner()})
		if err != nil {
			return err
		}
		tx.Emit(Event{Type: EventRecovered, Actor: host, Resource: key.ID, Data: map[string]any{"id": key.ID}})
		return announce(key.adminView(user.asOwner()), secret)
	})
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	return nil
}

// noOwner says why there is nobody whom a recovered key could belong to.
func noOwner(tx Tx) error {
	_, made, err := tx.Organization()
	switch {
	case err != nil:
		return err
	case made:
		return &Refusal{Kind: NotFound, Message: "the organization has no user with the role owner, whom the key would belong to; restore a backup that has one"}
	default:
		return &Refusal{Kind: NotFound, Message: "the database has no organization yet; start the server once to make it"}
	}
}

// NoteRestore logs that the database was put back to an earlier copy.
func (s *Service) NoteRestore(ctx context.Context, to, replaced Head) (Commit, error) {
	data := map[string]any{"revision": to.Revision, "at": to.Millis() / 1000}
	if replaced.Revision > 0 {
		data["replaced_revision"] = replaced.Revision
		data["replaced_at"] = replaced.Millis() / 1000
	}
	return s.store.Update(ctx, func(tx Tx) error {
		// Somebody may have signed out since the copy was made.
		if err := tx.SweepSessions(math.MaxInt64); err != nil {
			return err
		}
		tx.Emit(Event{Type: EventRestored, Actor: Actor{Type: ActorHost}, Data: data})
		return nil
	})
}
