package org

import (
	"cmp"
	"context"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/token"
)

// ServiceAccount is a principal of a project that is no person. Its role is
// shown and kept; what its keys may do is the gateway's to say.
type ServiceAccount struct {
	ID        string
	ProjectID string
	Name      string
	Role      ProjectRole
	CreatedAt int64 // Unix seconds
}

// ServiceAccountStore reads service accounts, each within one project: the
// account of another is none.
type ServiceAccountStore interface {
	ServiceAccounts(ctx context.Context, projectID string, page Page) ([]ServiceAccount, error)
	ServiceAccount(ctx context.Context, projectID, id string) (account ServiceAccount, ok bool, err error)
}

// ServiceAccountTx changes service accounts.
type ServiceAccountTx interface {
	// ServiceAccount looks within one project: the account of another is none.
	ServiceAccount(projectID, id string) (account ServiceAccount, ok bool, err error)
	InsertServiceAccount(a ServiceAccount) error
	// UpdateServiceAccount writes what may change of an account: its name and
	// role.
	UpdateServiceAccount(a ServiceAccount) error
	// DeleteServiceAccount deletes an account, its keys and their use times. The
	// caller emits the OwnerSet that ends the keys.
	DeleteServiceAccount(projectID, id string) error
}

var serviceAccountList = listRules{prefix: PrefixServiceAccount, minLimit: 0}

// ListServiceAccounts returns a page of a project's service accounts
// (list-project-service-accounts).
func (s *Service) ListServiceAccounts(ctx context.Context, caller Caller, projectID string, page Page) (ListPage[ServiceAccount], error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ListPage[ServiceAccount]{}, err
	}
	if _, err := s.project(ctx, projectID); err != nil {
		return ListPage[ServiceAccount]{}, err
	}
	out, err := listOf(serviceAccountList, page, func(page Page) ([]ServiceAccount, error) {
		return s.store.ServiceAccounts(ctx, projectID, page)
	})
	if err != nil {
		return out, fmt.Errorf("list service accounts: %w", err)
	}
	return out, nil
}

// GetServiceAccount returns one service account of a project
// (retrieve-project-service-account).
func (s *Service) GetServiceAccount(ctx context.Context, caller Caller, projectID, id string) (ServiceAccount, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ServiceAccount{}, err
	}
	if _, err := s.project(ctx, projectID); err != nil {
		return ServiceAccount{}, err
	}
	if err := checkServiceAccountID(id); err != nil {
		return ServiceAccount{}, err
	}
	account, ok, err := s.store.ServiceAccount(ctx, projectID, id)
	if err != nil {
		return ServiceAccount{}, fmt.Errorf("get service account: %w", err)
	}
	if !ok {
		return ServiceAccount{}, noSuchServiceAccount(id)
	}
	return account, nil
}

// NewServiceAccount asks for a service account.
type NewServiceAccount struct {
	Name             string
	WithoutKey       bool   // nor with a role
	KeyName          string // empty: as OpenAI calls it
	ExpiresInSeconds *int64 // of the key; nil: never
}

func (n NewServiceAccount) check() error {
	if err := checkName("name", n.Name); err != nil {
		return err
	}
	if n.KeyName != "" {
		if err := checkName("key_name", n.KeyName); err != nil {
			return err
		}
	}
	if n.WithoutKey && n.ExpiresInSeconds != nil {
		return expiryOfNoKey()
	}
	return checkExpiry("expires_in_seconds", n.ExpiresInSeconds)
}

// IssuedKey is a new key with its value, which is returned here and kept
// nowhere.
type IssuedKey struct {
	Key
	Secret token.Secret
}

// unnamedKey is the name of a key that nobody gave one, as OpenAI has it.
const unnamedKey = "Secret Key"

// CreateServiceAccount makes a service account with a key
// (create-project-service-account). The key is nil where none was asked for.
func (s *Service) CreateServiceAccount(
	ctx context.Context, caller Caller, projectID string, in NewServiceAccount,
) (account ServiceAccount, issued *IssuedKey, commit Commit, err error) {
	fail := func(err error) (ServiceAccount, *IssuedKey, Commit, error) {
		return ServiceAccount{}, nil, Commit{}, err
	}
	if err := cmp.Or(caller.Require(ManagementWrite), checkProjectID(projectID), in.check()); err != nil {
		return fail(err)
	}
	secret, err := token.Mint(token.KindServiceAccount, s.random)
	if err != nil {
		return fail(fmt.Errorf("create service account: %w", err))
	}
	commit, err = s.changeIn(ctx, caller, projectID, func(tx Tx, actor Actor) (err error) {
		role := ProjectMember
		if in.WithoutKey {
			role = ProjectNone
		}
		if account, err = addServiceAccount(tx, actor, projectID, in.Name, role); err != nil || in.WithoutKey {
			return err
		}
		key, err := addKey(tx, actor, newKey{
			kind: KindServiceAccount, name: cmp.Or(in.KeyName, unnamedKey), secret: secret, lifetime: in.ExpiresInSeconds,
			owner: account.asOwner(), projectID: projectID,
		})
		issued = &IssuedKey{key, secret}
		return err
	})
	if err != nil {
		return fail(fmt.Errorf("create service account: %w", err))
	}
	return account, issued, commit, nil
}

// addServiceAccount writes a service account and its event.
func addServiceAccount(tx Tx, actor Actor, projectID, name string, role ProjectRole) (ServiceAccount, error) {
	id, err := tx.NewID(PrefixServiceAccount)
	if err != nil {
		return ServiceAccount{}, err
	}
	account := ServiceAccount{ID: id.String(), ProjectID: projectID, Name: name, Role: role, CreatedAt: tx.Now()}
	if err := tx.InsertServiceAccount(account); err != nil {
		return ServiceAccount{}, err
	}
	tx.Emit(Event{
		Type: EventServiceAccountCreated, Actor: actor, Resource: account.ID, ProjectID: projectID,
		Data:    map[string]any{"id": account.ID, "name": name, "data": map[string]any{"role": string(role)}},
		Effects: []Effect{OwnerSet{Type: OwnerServiceAccount, ID: account.ID}},
	})
	return account, nil
}

// ServiceAccountChange says what to change of a service account. What is nil
// stays as it is.
type ServiceAccountChange struct {
	Name *string
	Role *ProjectRole // owner or member; a role is not taken away again
}

func (c ServiceAccountChange) check() error {
	if c.Name != nil {
		if err := checkName("name", *c.Name); err != nil {
			return err
		}
	}
	if c.Role != nil {
		return checkOneOf("role", *c.Role, ProjectMember, ProjectOwner)
	}
	return nil
}

// UpdateServiceAccount changes a service account
// (update-project-service-account).
func (s *Service) UpdateServiceAccount(
	ctx context.Context, caller Caller, projectID, id string, in ServiceAccountChange,
) (account ServiceAccount, commit Commit, err error) {
	if err := cmp.Or(caller.Require(ManagementWrite), checkProjectID(projectID), checkServiceAccountID(id), in.check()); err != nil {
		return ServiceAccount{}, Commit{}, err
	}
	commit, err = s.changeIn(ctx, caller, projectID, func(tx Tx, actor Actor) (err error) {
		if account, err = theServiceAccount(tx, projectID, id); err != nil {
			return err
		}
		changed := make(map[string]any)
		set(changed, "name", &account.Name, in.Name)
		set(changed, "role", &account.Role, in.Role)
		if len(changed) == 0 {
			return nil
		}
		tx.Emit(Event{
			Type: EventServiceAccountUpdated, Actor: actor, Resource: id, ProjectID: projectID,
			Data: map[string]any{"id": id, "changes_requested": changed},
		})
		return tx.UpdateServiceAccount(account)
	})
	if err != nil {
		return ServiceAccount{}, Commit{}, fmt.Errorf("update service account: %w", err)
	}
	return account, commit, nil
}

// DeleteServiceAccount removes a service account and ends its keys, however
// many, by one event (delete-project-service-account): when it returns they are
// refused.
func (s *Service) DeleteServiceAccount(ctx context.Context, caller Caller, projectID, id string) (Commit, error) {
	if err := cmp.Or(caller.Require(ManagementWrite), checkProjectID(projectID), checkServiceAccountID(id)); err != nil {
		return Commit{}, err
	}
	commit, err := s.changeIn(ctx, caller, projectID, func(tx Tx, actor Actor) error {
		account, err := theServiceAccount(tx, projectID, id)
		if err != nil {
			return err
		}
		tx.Emit(Event{
			Type: EventServiceAccountDeleted, Actor: actor, Resource: id, ProjectID: projectID,
			Data:    map[string]any{"id": id, "name": account.Name},
			Effects: []Effect{OwnerSet{Type: OwnerServiceAccount, ID: id, Removed: true}},
		})
		return tx.DeleteServiceAccount(projectID, id)
	})
	if err != nil {
		return Commit{}, fmt.Errorf("delete service account: %w", err)
	}
	return commit, nil
}

// NewServiceAccountKey asks for a key of a service account.
type NewServiceAccountKey struct {
	Name             *string // nil: one is made up
	Scopes           []string
	ExpiresInSeconds *int64 // nil: never expires
}

func (n NewServiceAccountKey) check() error {
	if n.Name != nil {
		if err := checkName("name", *n.Name); err != nil {
			return err
		}
	}
	if len(n.Scopes) > 0 {
		return noScopes("scopes")
	}
	return checkExpiry("expires_in_seconds", n.ExpiresInSeconds)
}

// CreateServiceAccountKey makes another key of a service account
// (CreateanAPIkeyforaserviceaccount).
func (s *Service) CreateServiceAccountKey(
	ctx context.Context, caller Caller, projectID, id string, in NewServiceAccountKey,
) (IssuedKey, Commit, error) {
	if err := cmp.Or(caller.Require(ManagementWrite), checkProjectID(projectID), checkServiceAccountID(id), in.check()); err != nil {
		return IssuedKey{}, Commit{}, err
	}
	secret, err := token.Mint(token.KindServiceAccount, s.random)
	if err != nil {
		return IssuedKey{}, Commit{}, fmt.Errorf("create service account API key: %w", err)
	}
	name := unnamedKey
	if in.Name != nil {
		name = *in.Name
	}
	var made Key
	commit, err := s.changeIn(ctx, caller, projectID, func(tx Tx, actor Actor) error {
		account, err := theServiceAccount(tx, projectID, id)
		if err != nil {
			return err
		}
		made, err = addKey(tx, actor, newKey{
			kind: KindServiceAccount, name: name, secret: secret, lifetime: in.ExpiresInSeconds,
			owner: account.asOwner(), projectID: projectID,
		})
		return err
	})
	if err != nil {
		return IssuedKey{}, Commit{}, fmt.Errorf("create service account API key: %w", err)
	}
	return IssuedKey{made, secret}, commit, nil
}

func (a ServiceAccount) asOwner() Owner {
	return Owner{Type: OwnerServiceAccount, ID: a.ID, Name: a.Name, Role: Role(a.Role), CreatedAt: a.CreatedAt}
}

// theServiceAccount returns a service account of a transaction, or the refusal.
func theServiceAccount(tx Tx, projectID, id string) (ServiceAccount, error) {
	account, ok, err := tx.ServiceAccount(projectID, id)
	if err == nil && !ok {
		err = noSuchServiceAccount(id)
	}
	return account, err
}

// checkServiceAccountID refuses what can be the id of no service account.
func checkServiceAccountID(id string) error {
	if _, ok := ParseID(PrefixServiceAccount, id); !ok {
		return noSuchServiceAccount(id)
	}
	return nil
}

func noSuchServiceAccount(id string) error { return noSuch("service account", id) }

func expiryOfNoKey() error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: "expires_in_seconds", Message: "Invalid 'expires_in_seconds': it is of the key, " +
		"and 'create_service_account_only' asks for none. Leave one of them out."}
}

// noScopes refuses what would make a key of less than all, because one that
// could do more than was asked for would be worse than none.
func noScopes(param string) error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': this server has no scopes for keys of a project. Leave it out, and let the gateway say what the key may do.", param)}
}
