package org

import (
	"cmp"
	"context"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/echo"
)

// ProjectRole is a member's role in a project. The text is the wire's.
type ProjectRole string

// The roles in a project. Only a service account can have none.
const (
	ProjectOwner  ProjectRole = "owner"
	ProjectMember ProjectRole = "member"
	ProjectNone   ProjectRole = "none"
)

// ProjectUser is a user's membership in a project.
type ProjectUser struct {
	ProjectID string
	UserID    string
	Name      string // the user's
	Email     string // the user's
	Role      ProjectRole
	AddedAt   int64 // Unix seconds
}

// ProjectUserStore reads memberships.
type ProjectUserStore interface {
	// ProjectUsers lists the members of a project in the order of their user ids.
	ProjectUsers(ctx context.Context, projectID string, page Page) ([]ProjectUser, error)
	ProjectUser(ctx context.Context, projectID, userID string) (member ProjectUser, ok bool, err error)
}

// ProjectUserTx changes memberships.
type ProjectUserTx interface {
	ProjectUser(projectID, userID string) (member ProjectUser, ok bool, err error)
	// InsertProjectUser ignores the name and the email, which are the user's.
	InsertProjectUser(m ProjectUser) error
	// UpdateProjectUser writes what may change of a membership: its role.
	UpdateProjectUser(m ProjectUser) error
	// DeleteProjectUser deletes a membership, the keys that the user has in the
	// project and their use times. The caller emits the KeysRemoved that ends
	// the keys.
	DeleteProjectUser(projectID, userID string) error
}

var projectUserList = listRules{prefix: PrefixUser, minLimit: 0}

// ListProjectUsers returns a page of a project's members, in the order in which
// they became users of the organization (list-project-users).
func (s *Service) ListProjectUsers(ctx context.Context, caller Caller, projectID string, page Page) (ListPage[ProjectUser], error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ListPage[ProjectUser]{}, err
	}
	if _, err := s.project(ctx, projectID); err != nil {
		return ListPage[ProjectUser]{}, err
	}
	out, err := listOf(projectUserList, page, func(page Page) ([]ProjectUser, error) {
		return s.store.ProjectUsers(ctx, projectID, page)
	})
	if err != nil {
		return out, fmt.Errorf("list project users: %w", err)
	}
	return out, nil
}

// GetProjectUser returns one member of a project (retrieve-project-user).
func (s *Service) GetProjectUser(ctx context.Context, caller Caller, projectID, userID string) (ProjectUser, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ProjectUser{}, err
	}
	if _, err := s.project(ctx, projectID); err != nil {
		return ProjectUser{}, err
	}
	if _, ok := ParseID(PrefixUser, userID); !ok {
		return ProjectUser{}, noSuchMember(projectID, userID)
	}
	member, ok, err := s.store.ProjectUser(ctx, projectID, userID)
	if err != nil {
		return ProjectUser{}, fmt.Errorf("get project user: %w", err)
	}
	if !ok {
		return ProjectUser{}, noSuchMember(projectID, userID)
	}
	return member, nil
}

// NewProjectUser asks for a membership. The user is named by exactly one of
// UserID and Email.
type NewProjectUser struct {
	UserID *string
	Email  *string
	Role   ProjectRole
}

func (n NewProjectUser) check() error {
	switch {
	case n.UserID == nil && n.Email == nil:
		return &Refusal{Kind: Invalid, Code: codeMissing, Param: "user_id", Message: "Missing required parameter: 'user_id' or 'email'. Say who joins the project."}
	case n.UserID != nil && n.Email != nil:
		return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: "email", Message: "Invalid 'email': 'user_id' is given too. Give one of the two."}
	case n.Email != nil:
		return cmp.Or(checkEmail("email", *n.Email), checkProjectRole("role", n.Role))
	}
	if _, ok := ParseID(PrefixUser, *n.UserID); !ok {
		return nobody("user_id", *n.UserID)
	}
	return checkProjectRole("role", n.Role)
}

func checkProjectRole(param string, role ProjectRole) error {
	return checkOneOf(param, role, ProjectOwner, ProjectMember)
}

// user finds whom it names.
func (n NewProjectUser) user(tx Tx) (User, error) {
	if n.Email != nil {
		user, ok, err := tx.UserByEmail(*n.Email)
		if err == nil && !ok {
			err = nobody("email", *n.Email)
		}
		return user, err
	}
	user, ok, err := tx.User(*n.UserID)
	if err == nil && !ok {
		err = nobody("user_id", *n.UserID)
	}
	return user, err
}

// CreateProjectUser makes a user of the organization a member of a project
// (create-project-user).
func (s *Service) CreateProjectUser(ctx context.Context, caller Caller, projectID string, in NewProjectUser) (ProjectUser, Commit, error) {
	if err := cmp.Or(caller.Require(ManagementWrite), checkProjectID(projectID), in.check()); err != nil {
		return ProjectUser{}, Commit{}, err
	}
	var member ProjectUser
	commit, err := s.changeIn(ctx, caller, projectID, func(tx Tx, actor Actor) error {
		user, err := in.user(tx)
		if err != nil {
			return err
		}
		if _, ok, err := tx.ProjectUser(projectID, user.ID); err != nil {
			return err
		} else if ok {
			return alreadyMember(projectID, user.ID)
		}
		member = ProjectUser{ProjectID: projectID, UserID: user.ID, Name: user.Name, Email: user.Email, Role: in.Role, AddedAt: tx.Now()}
		return addMember(tx, actor, member)
	})
	if err != nil {
		return ProjectUser{}, Commit{}, fmt.Errorf("create project user: %w", err)
	}
	return member, commit, nil
}

// addMember writes a membership and its event.
func addMember(tx Tx, actor Actor, m ProjectUser) error {
	if err := tx.InsertProjectUser(m); err != nil {
		return err
	}
	tx.Emit(Event{
		Type: EventUserAdded, Actor: actor, Resource: m.UserID, ProjectID: m.ProjectID,
		Data: map[string]any{"id": m.UserID, "data": map[string]any{"role": string(m.Role)}},
	})
	return nil
}

// UpdateProjectUser changes a member's role in a project (modify-project-user).
// A role that is nil stays as it is.
func (s *Service) UpdateProjectUser(ctx context.Context, caller Caller, projectID, userID string, role *ProjectRole) (ProjectUser, Commit, error) {
	if err := cmp.Or(caller.Require(ManagementWrite), checkProjectID(projectID)); err != nil {
		return ProjectUser{}, Commit{}, err
	}
	if role != nil {
		if err := checkProjectRole("role", *role); err != nil {
			return ProjectUser{}, Commit{}, err
		}
	}
	var member ProjectUser
	commit, err := s.changeIn(ctx, caller, projectID, func(tx Tx, actor Actor) (err error) {
		if member, err = theMember(tx, projectID, userID); err != nil {
			return err
		}
		changed := make(map[string]any)
		if set(changed, "role", &member.Role, role); len(changed) == 0 {
			return nil
		}
		tx.Emit(Event{
			Type: EventUserUpdated, Actor: actor, Resource: userID, ProjectID: projectID,
			Data: map[string]any{"id": userID, "changes_requested": changed},
		})
		return tx.UpdateProjectUser(member)
	})
	if err != nil {
		return ProjectUser{}, Commit{}, fmt.Errorf("modify project user: %w", err)
	}
	return member, commit, nil
}

// DeleteProjectUser ends a membership and the keys that the user has in the
// project (delete-project-user): when it returns they are refused. The user stays
// in the organization.
func (s *Service) DeleteProjectUser(ctx context.Context, caller Caller, projectID, userID string) (Commit, error) {
	if err := cmp.Or(caller.Require(ManagementWrite), checkProjectID(projectID)); err != nil {
		return Commit{}, err
	}
	commit, err := s.changeIn(ctx, caller, projectID, func(tx Tx, actor Actor) error {
		if _, err := theMember(tx, projectID, userID); err != nil {
			return err
		}
		tx.Emit(Event{
			Type: EventUserDeleted, Actor: actor, Resource: userID, ProjectID: projectID,
			Data:    map[string]any{"id": userID},
			Effects: []Effect{KeysRemoved{OwnerType: OwnerUser, OwnerID: userID, ProjectID: projectID}},
		})
		return tx.DeleteProjectUser(projectID, userID)
	})
	if err != nil {
		return Commit{}, fmt.Errorf("delete project user: %w", err)
	}
	return commit, nil
}

// theMember returns a membership of a transaction, or the refusal.
func theMember(tx Tx, projectID, userID string) (ProjectUser, error) {
	if _, ok := ParseID(PrefixUser, userID); !ok {
		return ProjectUser{}, noSuchMember(projectID, userID)
	}
	member, ok, err := tx.ProjectUser(projectID, userID)
	if err == nil && !ok {
		err = noSuchMember(projectID, userID)
	}
	return member, err
}

// checkProjectID refuses what can be the id of no project.
func checkProjectID(id string) error {
	if _, ok := ParseID(PrefixProject, id); !ok {
		return noSuchProject(id)
	}
	return nil
}

func noSuchMember(projectID, userID string) error {
	return &Refusal{Kind: NotFound, Message: fmt.Sprintf("No such user in project '%s': '%s'.", echo.Value(projectID), echo.Value(userID))}
}

// nobody refuses the name of somebody who is no user. It is no 404: the project
// that the request is about is there.
func nobody(param, value string) error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': '%s' is no user of this organization. New users come by invites.", param, echo.Value(value))}
}

func alreadyMember(projectID, userID string) error {
	return &Refusal{Kind: Invalid, Code: codeAlreadyMember, Message: fmt.Sprintf(
		"User '%s' is a member of project '%s' already. Modify the member to change the role.", userID, projectID)}
}
