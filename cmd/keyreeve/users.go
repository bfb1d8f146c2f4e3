package main

import (
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

type usersCmd struct {
	List   usersListCmd   `cmd:"" help:"List the users of the organization."`
	Get    usersGetCmd    `cmd:"" help:"Show one user."`
	Modify usersModifyCmd `cmd:"" help:"Change a user's role."`
	Delete usersDeleteCmd `cmd:"" help:"Remove a user from the organization. The user's keys are refused from then on."`
}

// Help is shown by keyreeve users --help.
func (usersCmd) Help() string { return `New users come by invites: keyreeve invites --help.` }

type usersListCmd struct {
	connectFlags
	pageFlags

	Email []string `placeholder:"ADDRESS" sep:"none" help:"Only the user with this address; may be given several times."`
}

func (c *usersListCmd) Run(ctx context.Context, std streams) error {
	return many(std, c.connectFlags, c.pageFlags, userTable, func(cl *client.Client, page *int) iter.Seq2[api.User, error] {
		return cl.Users.All(ctx, api.UserListParams{After: c.After, Limit: page, Emails: c.Email})
	})
}

type usersGetCmd struct {
	connectFlags

	ID string `arg:"" help:"Id of the user: user_..."`
}

func (c *usersGetCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, userTable, func(cl *client.Client) (*api.User, error) {
		return cl.Users.Get(ctx, c.ID)
	})
}

type usersModifyCmd struct {
	connectFlags

	ID   string `arg:"" help:"Id of the user: user_..."`
	Role string `required:"" enum:"owner,reader" placeholder:"ROLE" help:"owner: may do all; reader: may look."`
}

func (c *usersModifyCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, userTable, func(cl *client.Client) (*api.User, error) {
		return cl.Users.Update(ctx, c.ID, api.UserUpdateRequest{Role: &c.Role})
	})
}

type usersDeleteCmd struct {
	connectFlags

	ID string `arg:"" help:"Id of the user: user_..."`
}

// Help is shown by keyreeve users delete --help.
func (usersDeleteCmd) Help() string {
	return `When the command returns, the user's keys are refused: admin keys, and those of projects. The last owner cannot be deleted.`
}

func (c *usersDeleteCmd) Run(ctx context.Context, std streams) error {
	return remove(std, c.connectFlags, c.ID, "The user's keys are refused from now on.", func(cl *client.Client) (*api.Deleted, error) {
		return cl.Users.Delete(ctx, c.ID)
	})
}

func userTable(users []api.User) string {
	return table("ID NAME EMAIL ROLE ADDED", users, func(u api.User) []string {
		return []string{u.ID, orDash(u.Name), orDash(u.Email), orDash(u.Role), formatTime(&u.AddedAt)}
	})
}
