package org

import (
	"cmp"
	"context"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/echo"
	"github.com/keyreeve/keyreeve/internal/token"
)

// ProjectAPIKey is a key for model traffic as read back: of a member, or of a
// service account of the project. It ends with its owner's part in the project,
// so its owner has access as long as anybody has: until the project is archived.
type ProjectAPIKey struct {
	ID         string
	ProjectID  string
	Kind       KeyKind
	Name       string
	Redacted   string
	Digest     [32]byte
	CreatedAt  int64 // Unix seconds
	ExpiresAt  int64 // Unix seconds; 0: never
	LastUsedAt int64 // Unix seconds; 0: not yet
	Owner      Owner // its role is the one in the project

	OwnerAccess ProjectAccess // AccessActive or AccessInactive
}

// ProjectAccess picks keys by whether their owners have access to the project.
// The text is the wire's.
type ProjectAccess string

// The values of ProjectAccess.
const (
	AccessAny      ProjectAccess = "any"
	AccessActive   ProjectAccess = "active"
	AccessInactive ProjectAccess = "inactive"
)

// ProjectAPIKeyPage asks for part of a project's keys, in id order.
type ProjectAPIKeyPage struct {
	Page
	OwnerAccess ProjectAccess // empty: any
}

// ProjectAPIKeyStore reads the keys of projects, each within one project: the
// key of another is none.
type ProjectAPIKeyStore interface {
	ProjectAPIKeys(ctx context.Context, projectID string, page Page) ([]ProjectAPIKey, error)
	ProjectAPIKey(ctx context.Context, projectID, id string) (key ProjectAPIKey, ok bool, err error)
}

var projectAPIKeyList = listRules{prefix: PrefixKey, minLimit: 0}

// ListProjectAPIKeys returns a page of a project's keys (list-project-api-keys).
func (s *Service) ListProjectAPIKeys(ctx context.Context, caller Caller, projectID string, page ProjectAPIKeyPage) (ListPage[ProjectAPIKey], error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ListPage[ProjectAPIKey]{}, err
	}
	project, err := s.project(ctx, projectID)
	if err != nil {
		return ListPage[ProjectAPIKey]{}, err
	}
	access := project.ownerAccess()
	if page.OwnerAccess != "" {
		if err := checkOneOf("owner_project_access", page.OwnerAccess, AccessActive, AccessInactive, AccessAny); err != nil {
			return ListPage[ProjectAPIKey]{}, err
		}
	}
	out, err := listOf(projectAPIKeyList, page.Page, func(p Page) ([]ProjectAPIKey, error) {
		if page.OwnerAccess != "" && page.OwnerAccess != AccessAny && page.OwnerAccess != access {
			return nil, nil
		}
		return s.store.ProjectAPIKeys(ctx, projectID, p)
	})
	if err != nil {
		return out, fmt.Errorf("list project API keys: %w", err)
	}
	for i := range out.Items {
		key := &out.Items[i]
		key.LastUsedAt, key.OwnerAccess = s.lastUsed(key.Digest, key.LastUsedAt), access
	}
	return out, nil
}

// GetProjectAPIKey returns one key of a project (retrieve-project-api-key).
func (s *Service) GetProjectAPIKey(ctx context.Context, caller Caller, projectID, id string) (ProjectAPIKey, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ProjectAPIKey{}, err
	}
	project, err := s.project(ctx, projectID)
	if err != nil {
		return ProjectAPIKey{}, err
	}
	if err := checkProjectKeyID(id); err != nil {
		return ProjectAPIKey{}, err
	}
	key, ok, err := s.store.ProjectAPIKey(ctx, projectID, id)
	if err != nil {
		return ProjectAPIKey{}, fmt.Errorf("get project API key: %w", err)
	}
	if !ok {
		return ProjectAPIKey{}, noSuchProjectKey(id)
	}
	key.LastUsedAt, key.OwnerAccess = s.lastUsed(key.Digest, key.LastUsedAt), project.ownerAccess()
	return key, nil
}

// ownerAccess is what all owners of a project's keys have.
func (p Project) ownerAccess() ProjectAccess {
	if p.ArchivedAt != 0 {
		return AccessInactive
	}
	return AccessActive
}

// NewProjectAPIKey asks for a key of a project's member.
type NewProjectAPIKey struct {
	UserID           string
	Name             string
	ExpiresInSeconds *int64 // nil: never expires
}

func (n NewProjectAPIKey) check() error {
	return cmp.Or(checkName("name", n.Name), checkExpiry("expires_in_seconds", n.ExpiresInSeconds))
}

// CreateProjectAPIKey makes a key that a member of a project uses models with
// (keyreeve-create-project-api-key). The secret is returned here and kept
// nowhere.
func (s *Service) CreateProjectAPIKey(
	ctx context.Context, caller Caller, projectID string, in NewProjectAPIKey,
) (ProjectAPIKey, token.Secret, Commit, error) {
	fail := func(err error) (ProjectAPIKey, token.Secret, Commit, error) {
		return ProjectAPIKey{}, token.Secret{}, Commit{}, err
	}
	if err := cmp.Or(caller.Require(ManagementWrite), checkProjectID(projectID), in.check()); err != nil {
		return fail(err)
	}
	secret, err := token.Mint(token.KindProject, s.random)
	if err != nil {
		return fail(fmt.Errorf("create project API key: %w", err))
	}
	var made ProjectAPIKey
	commit, err := s.changeIn(ctx, caller, projectID, func(tx Tx, actor Actor) error {
		owner, err := memberAsOwner(tx, projectID, in.UserID)
		if err != nil {
			return err
		}
		key, err := addKey(tx, actor, newKey{
			kind: KindProject, name: in.Name, secret: secret, lifetime: in.ExpiresInSeconds, owner: owner, projectID: projectID,
		})
		made = key.projectView(owner)
		return err
	})
	if err != nil {
		return fail(fmt.Errorf("create project API key: %w", err))
	}
	return made, secret, commit, nil
}

// memberAsOwner returns a member of a project with the role it has there, or
// the refusal.
func memberAsOwner(tx Tx, projectID, userID string) (Owner, error) {
	if _, ok := ParseID(PrefixUser, userID); !ok {
		return Owner{}, notMember(projectID, userID)
	}
	member, ok, err := tx.ProjectUser(projectID, userID)
	if err != nil {
		return Owner{}, err
	}
	if !ok {
		return Owner{}, notMember(projectID, userID)
	}
	owner, ok, err := tx.Owner(OwnerUser, userID)
	if err == nil && !ok {
		err = notMember(projectID, userID)
	}
	owner.Role = Role(member.Role)
	return owner, err
}

// DeleteProjectAPIKey revokes a key of a project, of a member or of a service
// account, which stays (delete-project-api-key): when it returns, the key is
// refused.
func (s *Service) DeleteProjectAPIKey(ctx context.Context, caller Caller, projectID, id string) (Commit, error) {
	if err := cmp.Or(caller.Require(ManagementWrite), checkProjectID(projectID), checkProjectKeyID(id)); err != nil {
		return Commit{}, err
	}
	commit, err := s.changeIn(ctx, caller, projectID, func(tx Tx, actor Actor) error {
		key, err := theProjectKey(tx, projectID, id)
		if err != nil {
			return err
		}
		if err := tx.DeleteKey(key.Kind, id); err != nil {
			return err
		}
		tx.Emit(Event{
			Type: EventAPIKeyDeleted, Actor: actor, Resource: id, ProjectID: projectID,
			Data:    map[string]any{"id": id, "name": key.Name, "redacted_value": key.Redacted},
			Effects: []Effect{KeyRemoved{Digest: key.Digest}},
		})
		return nil
	})
	if err != nil {
		return Commit{}, fmt.Errorf("delete project API key: %w", err)
	}
	return commit, nil
}

// theProjectKey returns a key of a project, of either kind, or the refusal.
func theProjectKey(tx Tx, projectID, id string) (Key, error) {
	for _, kind := range []KeyKind{KindProject, KindServiceAccount} {
		key, ok, err := tx.Key(kind, id)
		if err != nil {
			return Key{}, err
		}
		if ok && key.ProjectID == projectID {
			return key, nil
		}
	}
	return Key{}, noSuchProjectKey(id)
}

func (k Key) projectView(owner Owner) ProjectAPIKey {
	return ProjectAPIKey{
		ID: k.ID, ProjectID: k.ProjectID, Kind: k.Kind, Name: k.Name, Redacted: k.Redacted, Digest: k.Digest,
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, Owner: owner, OwnerAccess: AccessActive,
	}
}

// checkProjectKeyID refuses what can be the id of no key.
func checkProjectKeyID(id string) error {
	if _, ok := ParseID(PrefixKey, id); !ok {
		return noSuchProjectKey(id)
	}
	return nil
}

func noSuchProjectKey(id string) error { return noSuch("project API key", id) }

func notMember(projectID, userID string) error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: "user_id", Message: fmt.Sprintf(
		"Invalid 'user_id': '%s' is no member of project '%s'. Add the user to the project first.",
		echo.Value(userID), echo.Value(projectID))}
}
