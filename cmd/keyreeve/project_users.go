package main

import (
	"context"
	"iter"
	"strings"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

type projectUsersCmd struct {
	List   projectUsersListCmd   `cmd:"" help:"List the members of a project."`
	Create projectUsersCreateCmd `cmd:"" help:"Make a user a member of a project."`
	Get    projectUsersGetCmd    `cmd:"" help:"Show one member."`
	Modify projectUsersModifyCmd `cmd:"" help:"Change a member's role in the project."`
	Delete projectUsersDeleteCmd `cmd:"" help:"End a membership. The member's keys of the project are refused from then on."`
}

type projectUsersListCmd struct {
	projectFlags
	pageFlags
}

func (c *projectUsersListCmd) Run(ctx context.Context, std streams) error {
	return many(std, c.connectFlags, c.pageFlags, projectUserTable, func(cl *client.Client, page *int) iter.Seq2[api.ProjectUser, error] {
		return cl.ProjectUsers.All(ctx, c.Project, api.ProjectUserListParams{After: c.After, Limit: page})
	})
}

type projectUsersCreateCmd struct {
	projectFlags

	User string `arg:"" help:"Id (user_...) or address of a user of the organization."`
	Role string `default:"member" enum:"owner,member" placeholder:"ROLE" help:"member (the default) or owner."`
}

func (c *projectUsersCreateCmd) Run(ctx context.Context, std streams) error {
	request := api.ProjectUserCreateRequest{UserID: &c.User, Role: c.Role}
	if strings.Contains(c.User, "@") {
		request.UserID, request.Email = nil, &c.User
	}
	return one(std, c.connectFlags, projectUserTable, func(cl *client.Client) (*api.ProjectUser, error) {
		return cl.ProjectUsers.Create(ctx, c.Project, request)
	})
}

type projectUsersGetCmd struct {
	projectFlags

	ID string `arg:"" help:"Id of the member: user_..."`
}

func (c *projectUsersGetCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, projectUserTable, func(cl *client.Client) (*api.ProjectUser, error) {
		return cl.ProjectUsers.Get(ctx, c.Project, c.ID)
	})
}

type projectUsersModifyCmd struct {
	projectFlags

	ID   string `arg:"" help:"Id of the member: user_..."`
	Role string `required:"" enum:"owner,member" placeholder:"ROLE" help:"member or owner."`
}

func (c *projectUsersModifyCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, projectUserTable, func(cl *client.Client) (*api.ProjectUser, error) {
		return cl.ProjectUsers.Update(ctx, c.Project, c.ID, api.ProjectUserUpdateRequest{Role: &c.Role})
	})
}

type projectUsersDeleteCmd struct {
	projectFlags

	ID string `arg:"" help:"Id of the member: user_..."`
}

func (c *projectUsersDeleteCmd) Run(ctx context.Context, std streams) error {
	const meaning = "The member's keys of the project are refused from now on."
	return remove(std, c.connectFlags, c.ID, meaning, func(cl *client.Client) (*api.Deleted, error) {
		return cl.ProjectUsers.Delete(ctx, c.Project, c.ID)
	})
}

func projectUserTable(users []api.ProjectUser) string {
	return table("ID NAME EMAIL ROLE ADDED", users, func(u api.ProjectUser) []string {
		return []string{u.ID, orDash(u.Name), orDash(u.Email), u.Role, formatTime(&u.AddedAt)}
	})
}
