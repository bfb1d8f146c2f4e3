package httpapi

import (
	"context"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

type listProjectUsers struct {
	oneProject
	After string `query:"after"`
	Limit int    `query:"limit,default=20,min=0,max=100"`
}

// listProjectUsers serves list-project-users.
func (a *admin) listProjectUsers(ctx context.Context, caller org.Caller, req listProjectUsers) (api.List[api.ProjectUser], org.Commit, error) {
	page, err := a.Service.ListProjectUsers(ctx, caller, req.ProjectID, org.Page{After: req.After, Limit: req.Limit})
	return list(page, projectUser, func(u api.ProjectUser) string { return u.ID }), org.Commit{}, err
}

type createProjectUser struct {
	oneProject
	Body struct {
		UserID *string         `json:"user_id" bind:"nullable"`
		Email  *string         `json:"email" bind:"nullable"`
		Role   org.ProjectRole `json:"role" bind:"required,enum=owner|member"`
	} `body:"required"`
}

// createProjectUser serves create-project-user.
func (a *admin) createProjectUser(ctx context.Context, caller org.Caller, req createProjectUser) (api.ProjectUser, org.Commit, error) {
	m, commit, err := a.Service.CreateProjectUser(ctx, caller, req.ProjectID, org.NewProjectUser{
		UserID: req.Body.UserID, Email: req.Body.Email, Role: req.Body.Role,
	})
	return projectUser(m), commit, err
}

type oneProjectUser struct {
	oneProject
	oneUser
}

// getProjectUser serves retrieve-project-user.
func (a *admin) getProjectUser(ctx context.Context, caller org.Caller, req oneProjectUser) (api.ProjectUser, org.Commit, error) {
	m, err := a.Service.GetProjectUser(ctx, caller, req.ProjectID, req.ID)
	return projectUser(m), org.Commit{}, err
}

type updateProjectUser struct {
	oneProjectUser
	Body struct {
		Role *org.ProjectRole `json:"role" bind:"nullable,enum=owner|member"`
	} `body:"required"`
}

// updateProjectUser serves modify-project-user.
func (a *admin) updateProjectUser(ctx context.Context, caller org.Caller, req updateProjectUser) (api.ProjectUser, org.Commit, error) {
	m, commit, err := a.Service.UpdateProjectUser(ctx, caller, req.ProjectID, req.ID, req.Body.Role)
	return projectUser(m), commit, err
}

// deleteProjectUser serves delete-project-user.
func (a *admin) deleteProjectUser(ctx context.Context, caller org.Caller, req oneProjectUser) (api.Deleted, org.Commit, error) {
	commit, err := a.Service.DeleteProjectUser(ctx, caller, req.ProjectID, req.ID)
	return api.Deleted{Object: api.ObjectProjectUserDeleted, ID: req.ID, Deleted: true}, commit, err
}

func projectUser(m org.ProjectUser) api.ProjectUser {
	return api.ProjectUser{
		Object: api.ObjectProjectUser, ID: m.UserID, Name: &m.Name, Email: &m.Email, Role: string(m.Role), AddedAt: m.AddedAt,
	}
}
