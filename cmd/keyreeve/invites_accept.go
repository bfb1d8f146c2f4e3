package main

import (
	"context"
	"fmt"
	"os"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

// invitesAcceptCmd is for a person who has nothing but a token. That is never an
// argument, as no secret is.
type invitesAcceptCmd struct {
	serverFlags
	lifeFlags
	secretFlags

	TokenFile string `default:"-" placeholder:"FILE" help:"File that holds the token, or - for standard input (the default)."`
	Name      string `required:"" placeholder:"NAME" help:"Your name: 1 to 256 characters."`
}

// Help is shown by keyreeve invites accept --help.
func (invitesAcceptCmd) Help() string {
	return `You become a user of the organization, and get a first admin key of your own. Its value is shown once; best keep it in a file:

  keyreeve invites accept --url https://keys.example.com/v1 --name "Ada Lovelace" --output-file my-key < token

A token works once. If the answer is lost, ask for another invite.`
}

func (c *invitesAcceptCmd) Run(ctx context.Context, std streams) error {
	life, err := c.seconds()
	if err != nil {
		return err
	}
	if in, ok := std.in.(*os.File); ok && c.TokenFile == "-" && isTerminal(in) {
		fmt.Fprint(std.err, "Paste the token, then press Enter and Ctrl-D: ")
	}
	token, err := readSecret("token", c.TokenFile, std)
	if err != nil {
		return err
	}
	return c.show(std, c.serverFlags, func() (secret, error) {
		made, err := client.AcceptInvite(ctx, c.URL, api.InviteAcceptRequest{Token: token, Name: c.Name, ExpiresInSeconds: life}, userAgent())
		if err != nil {
			return secret{}, err
		}
		key := made.AdminAPIKey.AdminAPIKey
		return secret{
			value: made.AdminAPIKey.Value, what: "the user " + made.ID, full: made,
			bare: struct {
				api.User
				AdminAPIKey api.AdminAPIKey `json:"admin_api_key"`
			}{made.User, key},
			table: userTable([]api.User{made.User}) + "\n" + adminKeyTable([]api.AdminAPIKey{key}),
		}, nil
	})
}
