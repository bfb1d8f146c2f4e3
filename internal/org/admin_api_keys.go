package org

import (
	"context"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/token"
)

// Bounds of an admin key (admin-api-keys-create, and our choices: docs/api.md).
const (
	MaxNameLength       = 256        // characters, spaces at the ends not counted
	MaxExpiresInSeconds = 31_536_000 // 365 days

	maxNameWithSpaces = 2 * MaxNameLength // spaces at the ends are kept, so they have a bound too
)

// NewAdminAPIKey asks for an admin key.
type NewAdminAPIKey struct {
	Name             string
	ExpiresInSeconds *int64 // nil: never expires
}

// AdminAPIKeyStore reads admin keys.
type AdminAPIKeyStore interface {
	AdminAPIKeys(ctx context.Context, page Page) ([]AdminAPIKey, error)
	AdminAPIKey(ctx context.Context, id string) (key AdminAPIKey, ok bool, err error)
}

// AdminAPIKeyTx looks at admin keys among all keys.
type AdminAPIKeyTx interface {
	// OtherUsableAdminKey says whether an admin key other than id is unexpired
	// at now and owned by a user with the role owner.
	OtherUsableAdminKey(id string, now int64) (bool, error)
	// UsableAdminKeyWithout is the same for all keys of a user.
	UsableAdminKeyWithout(userID string, now int64) (bool, error)
}

var adminAPIKeyList = listRules{prefix: PrefixKey, minLimit: 0}

// ListAdminAPIKeys returns a page of admin keys (admin-api-keys-list).
func (s *Service) ListAdminAPIKeys(ctx context.Context, caller Caller, page Page) (ListPage[AdminAPIKey], error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ListPage[AdminAPIKey]{}, err
	}
	out, err := listOf(adminAPIKeyList, page, func(page Page) ([]AdminAPIKey, error) { return s.store.AdminAPIKeys(ctx, page) })
	if err != nil {
		return out, fmt.Errorf("list admin API keys: %w", err)
	}
	for i := range out.Items {
		key := &out.Items[i]
		key.LastUsedAt = s.lastUsed(key.Digest, key.LastUsedAt)
	}
	return out, nil
}

// GetAdminAPIKey returns one admin key (admin-api-keys-get).
func (s *Service) GetAdminAPIKey(ctx context.Context, caller Caller, id string) (AdminAPIKey, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return AdminAPIKey{}, err
	}
	if _, ok := ParseID(PrefixKey, id); !ok {
		return AdminAPIKey{}, noSuchAdminKey(id)
	}
	key, ok, err := s.store.AdminAPIKey(ctx, id)
	if err != nil {
		return AdminAPIKey{}, fmt.Errorf("get admin API key: %w", err)
	}
	if !ok {
		return AdminAPIKey{}, noSuchAdminKey(id)
	}
	key.LastUsedAt = s.lastUsed(key.Digest, key.LastUsedAt)
	return key, nil
}

// CreateAdminAPIKey makes an admin key owned by the caller's principal
// (admin-api-keys-create). The secret is returned here and kept nowhere.
func (s *Service) CreateAdminAPIKey(ctx context.Context, caller Caller, in NewAdminAPIKey) (AdminAPIKey, token.Secret, Commit, error) {
	fail := func(err error) (AdminAPIKey, token.Secret, Commit, error) {
		return AdminAPIKey{}, token.Secret{}, Commit{}, err
	}
	// Before the checks: who may not do this is told that, whatever is asked.
	if err := caller.Require(ManagementWrite); err != nil {
		return fail(err)
	}
	if err := checkName("name", in.Name); err != nil {
		return fail(err)
	}
	if err := checkExpiry("expires_in_seconds", in.ExpiresInSeconds); err != nil {
		return fail(err)
	}
	secret, err := token.Mint(token.KindAdmin, s.random)
	if err != nil {
		return fail(fmt.Errorf("create admin API key: %w", err))
	}
	var made AdminAPIKey
	commit, err := s.change(ctx, caller, func(tx Tx, owner Owner) (err error) {
		key, err := addKey(tx, caller.actor(owner), newKey{
			kind: KindAdmin, name: in.Name, secret: secret, lifetime: in.ExpiresInSeconds, owner: owner,
		})
		made = key.adminView(owner)
		return err
	})
	if err != nil {
		return fail(fmt.Errorf("create admin API key: %w", err))
	}
	return made, secret, commit, nil
}

// DeleteAdminAPIKey revokes an admin key (admin-api-keys-delete): when it
// returns, the key is refused. A key may delete itself, a reader's too: whoever
// finds out that it leaked need not wait for an owner. The last usable admin key
// is kept, because nothing could be administered without it.
func (s *Service) DeleteAdminAPIKey(ctx context.Context, caller Caller, id string) (Commit, error) {
	permission := ManagementWrite
	if caller.KeyID == id {
		permission = ManagementRead
	}
	if err := caller.Require(permission); err != nil {
		return Commit{}, err
	}
	if _, ok := ParseID(PrefixKey, id); !ok {
		return Commit{}, noSuchAdminKey(id)
	}
	commit, err := s.changeWith(ctx, caller, permission, func(tx Tx, actor Owner) error {
		key, ok, err := tx.Key(KindAdmin, id)
		if err != nil {
			return err
		}
		if !ok {
			return noSuchAdminKey(id)
		}
		if other, err := otherUsable(tx, id, caller, actor); err != nil {
			return err
		} else if !other {
			return lastAdminKey(id)
		}
		if err := tx.DeleteKey(KindAdmin, id); err != nil {
			return err
		}
		tx.Emit(Event{
			Type: EventAPIKeyDeleted, Actor: caller.actor(actor), Resource: id,
			Data:    map[string]any{"id": id, "name": key.Name, "redacted_value": key.Redacted},
			Effects: []Effect{KeyRemoved{Digest: key.Digest}},
		})
		return nil
	})
	if err != nil {
		return Commit{}, fmt.Errorf("delete admin API key: %w", err)
	}
	return commit, nil
}

// otherUsable says whether something can be administered without the admin key
// id. Mostly by the caller's own, which change has just looked at; and a reader
// deletes its own, by which nothing could be. The search through all keys is for
// owners that delete their own, or have none: while PostgreSQL has no statistics
// of the table yet, it reads every key there is.
func otherUsable(tx Tx, id string, caller Caller, owner Owner) (bool, error) {
	if !caller.WithoutKey() && (caller.KeyID != id || owner.Role != RoleOwner) {
		return true, nil
	}
	return tx.OtherUsableAdminKey(id, tx.Now())
}

// newKey says what addKey makes.
type newKey struct {
	kind     KeyKind
	name     string
	secret   token.Secret
	lifetime *int64 // seconds; nil: never expires
	owner    Owner

	projectID string // empty for admin keys
}

// addKey writes a key and its event. Its created_at is the time in its id.
func addKey(tx Tx, actor Actor, n newKey) (Key, error) {
	id, err := tx.NewID(PrefixKey)
	if err != nil {
		return Key{}, err
	}
	key := Key{
		ID: id.String(), Kind: n.kind, Name: n.name,
		Digest: n.secret.Digest(), Redacted: n.secret.Redacted(),
		CreatedAt: tx.Now(), OwnerType: n.owner.Type, OwnerID: n.owner.ID, ProjectID: n.projectID,
	}
	if n.lifetime != nil {
		key.ExpiresAt = key.CreatedAt + *n.lifetime
	}
	if err := tx.InsertKey(key); err != nil {
		return Key{}, err
	}
	data := map[string]any{"id": key.ID, "name": key.Name, "redacted_value": key.Redacted}
	if key.Kind == KindAdmin { // the others have no scopes
		data["data"] = map[string]any{"scopes": n.owner.Role.scopes()}
	}
	tx.Emit(Event{
		Type: EventAPIKeyCreated, Actor: actor, Resource: key.ID, ProjectID: key.ProjectID,
		Data: data,
		Effects: []Effect{KeyAdded{
			ID: key.ID, Kind: key.Kind, Digest: key.Digest,
			OwnerType: key.OwnerType, OwnerID: key.OwnerID, ProjectID: key.ProjectID, ExpiresAt: key.ExpiresAt,
		}},
	})
	return key, nil
}

func (k Key) adminView(owner Owner) AdminAPIKey {
	return AdminAPIKey{
		ID: k.ID, Name: k.Name, Redacted: k.Redacted, Digest: k.Digest,
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, Owner: owner,
	}
}

// lastUsed returns when a key was last used: memory knows of uses that storage
// does not have yet.
func (s *Service) lastUsed(digest [32]byte, stored int64) int64 {
	if s.uses == nil {
		return stored
	}
	return max(stored, s.uses.LastUsed(digest))
}

func noSuchAdminKey(id string) error { return noSuch("admin API key", id) }

func lastAdminKey(id string) error {
	return &Refusal{Kind: Invalid, Code: codeLastAdminAPIKey, Message: fmt.Sprintf(
		"'%s' cannot be deleted: no other admin API key is usable, and nothing could be administered without it. "+
			"Create another admin API key first.", id)}
}
