package client

import (
	"cmp"
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/api"
)

// ProjectUsers are the operations on the members of projects. It is a field of
// [Client].
type ProjectUsers struct{ transport *transport }

var projectUser = kind[api.ProjectUser]{
	name: "project user", param: "user_id", deleted: api.ObjectProjectUserDeleted,
	id: func(u *api.ProjectUser) string { return u.ID },
	check: func(u *api.ProjectUser) error {
		return cmp.Or(
			checkCommon(u.Object, api.ObjectProjectUser, u.ID, "added_at", u.AddedAt),
			demand(u.Role != "", "role is missing or empty"),
		)
	},
}

func (ProjectUsers) place(projectID string) place { return inProject(projectID, "users") }

// List returns one page of a project's members (list-project-users). The next
// page is asked for with After set to the id of the last element;
// [ProjectUsers.All] does that by itself.
func (s ProjectUsers) List(ctx context.Context, projectID string, p api.ProjectUserListParams) (*api.List[api.ProjectUser], error) {
	return projectUser.list(ctx, s.transport, s.place(projectID), projectUser.query().page(p.After, p.Limit, 0, maxPage))
}

// All returns every member from p.After on (list-project-users), page by page
// and lazily. p.Limit is the size of a page, and 100 when nil. An error is the
// last pair.
func (s ProjectUsers) All(ctx context.Context, projectID string, p api.ProjectUserListParams) iter.Seq2[api.ProjectUser, error] {
	return projectUser.all(p.After, "", p.Limit, maxPage, func(after string, limit *int) (*api.List[api.ProjectUser], error) {
		p := p
		p.After, p.Limit = after, limit
		return s.List(ctx, projectID, p)
	})
}

// Get returns one member (retrieve-project-user). An unknown id, and one of
// somebody who is no member of the project, is an [*Error] with status 404.
func (s ProjectUsers) Get(ctx context.Context, projectID, id string) (*api.ProjectUser, error) {
	return projectUser.get(ctx, s.transport, s.place(projectID), id)
}

// Create makes a user of the organization a member of a project
// (create-project-user). The user is named by one of id and e-mail address.
func (s ProjectUsers) Create(ctx context.Context, projectID string, req api.ProjectUserCreateRequest) (*api.ProjectUser, error) {
	operation := projectUser.opCreate()
	var err error
	switch {
	case (req.UserID == nil) == (req.Email == nil):
		err = &RequestError{operation, "user_id", "give one of user_id and email"}
	case req.UserID != nil:
		err = checkID(operation, "user_id", *req.UserID)
	default:
		err = checkEmail(operation, *req.Email)
	}
	if err := cmp.Or(err, checkChoice(operation, "role", req.Role, api.RoleOwner, api.RoleMember)); err != nil {
		return nil, err
	}
	check := projectUser.check
	if req.UserID != nil {
		check = projectUser.checkOne(*req.UserID)
	}
	return post(ctx, s.transport, operation, s.place(projectID), &req, check)
}

// Update changes a member's role in the project (modify-project-user) and
// returns the member as it is then.
func (s ProjectUsers) Update(ctx context.Context, projectID, id string, req api.ProjectUserUpdateRequest) (*api.ProjectUser, error) {
	err := checkChange(projectUser.opUpdate(), "role", req)
	if req.Role != nil {
		err = checkChoice(projectUser.opUpdate(), "role", *req.Role, api.RoleOwner, api.RoleMember)
	}
	if err != nil {
		return nil, err
	}
	return update(ctx, s.transport, projectUser, s.place(projectID), id, &req)
}

// Delete ends a membership (delete-project-user): the member's keys of the
// project are refused when it returns. The user stays in the organization. An
// unknown id is an [*Error] with status 404, unless an earlier attempt of this
// call got no answer or a 5xx: then the membership is gone either way.
func (s ProjectUsers) Delete(ctx context.Context, projectID, id string) (*api.Deleted, error) {
	return projectUser.remove(ctx, s.transport, s.place(projectID), id)
}
