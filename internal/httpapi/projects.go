package httpapi

import (
	"context"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

type listProjects struct {
	After    string `query:"after"`
	Limit    int    `query:"limit,default=20,min=0,max=100"`
	Archived bool   `query:"include_archived"`
}

// listProjects serves list-projects.
func (a *admin) listProjects(ctx context.Context, caller org.Caller, req listProjects) (api.List[api.Project], org.Commit, error) {
	page, err := a.Service.ListProjects(ctx, caller, org.ProjectPage{
		Page: org.Page{After: req.After, Limit: req.Limit}, Archived: req.Archived,
	})
	return list(page, project, func(p api.Project) string { return p.ID }), org.Commit{}, err
}

type createProject struct {
	Body struct {
		Name          string  `json:"name" bind:"required"`
		Residency     *string `json:"residency" bind:"nullable"`
		ExternalKeyID *string `json:"external_key_id" bind:"nullable"`
	} `body:"required"`
}

// createProject serves create-project.
func (a *admin) createProject(ctx context.Context, caller org.Caller, req createProject) (api.Project, org.Commit, error) {
	p, commit, err := a.Service.CreateProject(ctx, caller, org.NewProject{
		Name: req.Body.Name, Residency: req.Body.Residency, ExternalKeyID: req.Body.ExternalKeyID,
	})
	return project(p), commit, err
}

// oneProject names a project. Requests about what a project has embed it.
type oneProject struct {
	ProjectID string `path:"project_id"`
}

// getProject serves retrieve-project.
func (a *admin) getProject(ctx context.Context, caller org.Caller, req oneProject) (api.Project, org.Commit, error) {
	p, err := a.Service.GetProject(ctx, caller, req.ProjectID)
	return project(p), org.Commit{}, err
}

type updateProject struct {
	oneProject
	Body struct {
		Name          *string `json:"name" bind:"nullable"`
		ExternalKeyID *string `json:"external_key_id" bind:"nullable"`
	} `body:"required"`
}

// updateProject serves modify-project.
func (a *admin) updateProject(ctx context.Context, caller org.Caller, req updateProject) (api.Project, org.Commit, error) {
	p, commit, err := a.Service.UpdateProject(ctx, caller, req.ProjectID, org.ProjectChange{
		Name: req.Body.Name, ExternalKeyID: req.Body.ExternalKeyID,
	})
	return project(p), commit, err
}

// archiveProject serves archive-project. It has no body, and one that comes is
// not read.
func (a *admin) archiveProject(ctx context.Context, caller org.Caller, req oneProject) (api.Project, org.Commit, error) {
	p, commit, err := a.Service.ArchiveProject(ctx, caller, req.ProjectID)
	return project(p), commit, err
}

func project(p org.Project) api.Project {
	status := api.ProjectActive
	if p.ArchivedAt != 0 {
		status = api.ProjectArchived
	}
	return api.Project{
		ID: p.ID, Object: api.ObjectProject, Name: &p.Name, CreatedAt: p.CreatedAt, ArchivedAt: timeOrNull(p.ArchivedAt),
		Status: &status, ExternalKeyID: orNull(p.ExternalKeyID), Residency: p.Residency,
	}
}
