package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

type projectsCmd struct {
	List    projectsListCmd    `cmd:"" help:"List projects."`
	Create  projectsCreateCmd  `cmd:"" help:"Make a project."`
	Get     projectsGetCmd     `cmd:"" help:"Show one project."`
	Modify  projectsModifyCmd  `cmd:"" help:"Rename a project."`
	Archive projectsArchiveCmd `cmd:"" help:"End a project for good. All of its keys are refused from then on."`
}

type projectsListCmd struct {
	connectFlags
	pageFlags

	IncludeArchived bool `help:"Archived projects as well."`
}

func (c *projectsListCmd) Run(ctx context.Context, std streams) error {
	return many(std, c.connectFlags, c.pageFlags, projectTable, func(cl *client.Client, page *int) iter.Seq2[api.Project, error] {
		return cl.Projects.All(ctx, api.ProjectListParams{After: c.After, Limit: page, IncludeArchived: c.IncludeArchived})
	})
}

type projectsCreateCmd struct {
	connectFlags

	Name string `arg:"" help:"Name of the project: 1 to 256 characters."`
}

func (c *projectsCreateCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, projectTable, func(cl *client.Client) (*api.Project, error) {
		return cl.Projects.Create(ctx, api.ProjectCreateRequest{Name: c.Name})
	})
}

type projectsGetCmd struct {
	connectFlags

	ID string `arg:"" help:"Id of the project: proj_..."`
}

func (c *projectsGetCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, projectTable, func(cl *client.Client) (*api.Project, error) {
		return cl.Projects.Get(ctx, c.ID)
	})
}

type projectsModifyCmd struct {
	connectFlags

	ID   string `arg:"" help:"Id of the project: proj_..."`
	Name string `required:"" placeholder:"NAME" help:"Its new name: 1 to 256 characters."`
}

func (c *projectsModifyCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, projectTable, func(cl *client.Client) (*api.Project, error) {
		return cl.Projects.Update(ctx, c.ID, api.ProjectUpdateRequest{Name: &c.Name})
	})
}

type projectsArchiveCmd struct {
	connectFlags

	ID  string `arg:"" help:"Id of the project: proj_..."`
	Yes bool   `help:"Do not ask for confirmation."`
}

// Help is shown by keyreeve projects archive --help.
func (projectsArchiveCmd) Help() string {
	return `When the command returns, every key of the project is refused, and nothing brings one back: a project is never taken out of the archive. It stays to be read. The default project cannot be archived.

So the command asks first. A script says --yes.`
}

func (c *projectsArchiveCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, projectTable, func(cl *client.Client) (*api.Project, error) {
		if err := c.confirm(ctx, std, cl); err != nil {
			return nil, err
		}
		return cl.Projects.Archive(ctx, c.ID)
	})
}

// confirm names the project, since its id says little to a person.
func (c *projectsArchiveCmd) confirm(ctx context.Context, std streams, cl *client.Client) error {
	if c.Yes {
		return nil
	}
	project, err := cl.Projects.Get(ctx, c.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.err, "%s is the project %q. All of its keys will be refused, for good.\n", project.ID, orDash(project.Name))
	return confirm(std, "archive")
}

func projectTable(projects []api.Project) string {
	return table("ID NAME STATUS CREATED ARCHIVED", projects, func(p api.Project) []string {
		return []string{p.ID, orDash(p.Name), orDash(p.Status), formatTime(&p.CreatedAt), formatTime(p.ArchivedAt)}
	})
}
