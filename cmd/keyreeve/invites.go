package main

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

type invitesCmd struct {
	List   invitesListCmd   `cmd:"" help:"List invites, accepted and expired ones too."`
	Get    invitesGetCmd    `cmd:"" help:"Show one invite."`
	Create invitesCreateCmd `cmd:"" help:"Invite a person and show the token that accepts the invite, once."`
	Delete invitesDeleteCmd `cmd:"" help:"Withdraw an invite. Its token accepts nothing from then on."`
	Accept invitesAcceptCmd `cmd:"" help:"Accept an invite with its token: become a user, with an admin key. Needs no key."`
}

type invitesListCmd struct {
	connectFlags
	pageFlags
}

func (c *invitesListCmd) Run(ctx context.Context, std streams) error {
	return many(std, c.connectFlags, c.pageFlags, inviteTable, func(cl *client.Client, page *int) iter.Seq2[api.Invite, error] {
		return cl.Invites.All(ctx, api.InviteListParams{After: c.After, Limit: page})
	})
}

type invitesGetCmd struct {
	connectFlags

	ID string `arg:"" help:"Id of the invite: invite_..."`
}

func (c *invitesGetCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, inviteTable, func(cl *client.Client) (*api.Invite, error) {
		return cl.Invites.Get(ctx, c.ID)
	})
}

type invitesCreateCmd struct {
	connectFlags
	secretFlags

	Email string   `arg:"" help:"Address of the person. No mail is sent to it."`
	Role  string   `default:"reader" enum:"owner,reader" placeholder:"ROLE" help:"owner: may do all; reader: may look (the default)."`
	Join  []string `placeholder:"ID[:ROLE]" sep:"none" help:"Project that the person joins, as member (the default) or owner; may be given several times."`
}

// Help is shown by keyreeve invites create --help.
func (invitesCreateCmd) Help() string {
	return `The token is shown once. Send it to the person as you would send a password: for seven days whoever has it can become this user, once, by keyreeve invites accept.

  keyreeve invites create ada@example.com --role owner --output-file for-ada`
}

func (c *invitesCreateCmd) Run(ctx context.Context, std streams) error {
	cl, err := c.client(std)
	if err != nil {
		return err
	}
	req := api.InviteCreateRequest{Email: c.Email, Role: c.Role}
	for _, join := range c.Join {
		id, role, given := strings.Cut(join, ":")
		if !given {
			role = api.RoleMember
		}
		req.Projects = append(req.Projects, api.InviteProject{ID: id, Role: role})
	}
	return c.show(std, c.serverFlags, func() (secret, error) {
		i, err := cl.Invites.Create(ctx, req)
		if err != nil {
			return secret{}, err
		}
		if i.Token == "" && c.OutputFile != "" {
			return secret{}, fmt.Errorf("the invite %s was made, but the server gave no token: OpenAI's sends a mail instead", i.ID)
		}
		return secret{
			value: i.Token, name: "token", what: "the invite " + i.ID, full: i, bare: i.Invite, table: inviteTable([]api.Invite{i.Invite}),
		}, nil
	})
}

type invitesDeleteCmd struct {
	connectFlags

	ID string `arg:"" help:"Id of the invite: invite_..."`
}

func (c *invitesDeleteCmd) Run(ctx context.Context, std streams) error {
	return remove(std, c.connectFlags, c.ID, "Its token accepts nothing from now on.", func(cl *client.Client) (*api.Deleted, error) {
		return cl.Invites.Delete(ctx, c.ID)
	})
}

func inviteTable(invites []api.Invite) string {
	return table("ID EMAIL ROLE STATUS EXPIRES ACCEPTED PROJECTS", invites, func(i api.Invite) []string {
		projects := make([]string, 0, len(i.Projects))
		for _, p := range i.Projects {
			projects = append(projects, p.ID+":"+p.Role)
		}
		if len(projects) == 0 {
			projects = []string{"-"}
		}
		return []string{i.ID, i.Email, i.Role, i.Status, formatTime(i.ExpiresAt), formatTime(i.AcceptedAt), strings.Join(projects, " ")}
	})
}
