package client

import (
	"cmp"
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/api"
)

// Projects are the operations on projects. It is a field of [Client].
type Projects struct{ transport *transport }

var project = kind[api.Project]{
	name: "project", param: "project_id", // there is no deletion
	id: func(p *api.Project) string { return p.ID },
	check: func(p *api.Project) error {
		return checkCommon(p.Object, api.ObjectProject, p.ID, "created_at", p.CreatedAt)
	},
}

func (Projects) place() place { return organization("projects") }

// List returns one page of projects (list-projects), the archived ones where
// they are asked for. The next page is asked for with After set to the id of the
// last element; [Projects.All] does that by itself.
func (s Projects) List(ctx context.Context, p api.ProjectListParams) (*api.List[api.Project], error) {
	q := project.query().page(p.After, p.Limit, 0, maxPage)
	if p.IncludeArchived {
		q.values.Set("include_archived", "true")
	}
	return project.list(ctx, s.transport, s.place(), q)
}

// All returns every project from p.After on (list-projects), page by page and
// lazily. p.Limit is the size of a page, and 100 when nil. An error is the last
// pair.
func (s Projects) All(ctx context.Context, p api.ProjectListParams) iter.Seq2[api.Project, error] {
	return project.all(p.After, "", p.Limit, maxPage, func(after string, limit *int) (*api.List[api.Project], error) {
		p := p
		p.After, p.Limit = after, limit
		return s.List(ctx, p)
	})
}

// Get returns one project (retrieve-project). An unknown id is an [*Error] with
// status 404.
func (s Projects) Get(ctx context.Context, id string) (*api.Project, error) {
	return project.get(ctx, s.transport, s.place(), id)
}

// Create makes a project (create-project).
//
// It is sent once, as every POST: after an error that is no answer the project
// may exist. Look for its name with [Projects.All].
func (s Projects) Create(ctx context.Context, req api.ProjectCreateRequest) (*api.Project, error) {
	if err := checkName(project.opCreate(), req.Name); err != nil {
		return nil, err
	}
	return post(ctx, s.transport, project.opCreate(), s.place(), &req, project.check)
}

// Update changes a project (modify-project) and returns it as it is then. The
// default project and archived ones cannot be changed.
func (s Projects) Update(ctx context.Context, id string, req api.ProjectUpdateRequest) (*api.Project, error) {
	err := checkChange(project.opUpdate(), "name", req)
	if req.Name != nil {
		err = checkName(project.opUpdate(), *req.Name)
	}
	if err != nil {
		return nil, err
	}
	return update(ctx, s.transport, project, s.place(), id, &req)
}

// Archive ends a project for good (archive-project): all of its keys are refused
// when it returns. The project can still be read.
func (s Projects) Archive(ctx context.Context, id string) (*api.Project, error) {
	at := append(s.place().with(project.param, id), segment{text: "/archive"})
	return post[api.Project, none](ctx, s.transport, "archive project", at, nil, func(p *api.Project) error {
		return cmp.Or(project.checkOne(id)(p), demand(p.ArchivedAt != nil, "archived_at is missing or null"))
	})
}
