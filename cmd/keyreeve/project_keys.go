package main

import (
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

type projectKeysCmd struct {
	List   projectKeysListCmd   `cmd:"" help:"List the keys of a project, its service accounts' too."`
	Get    projectKeysGetCmd    `cmd:"" help:"Show one key."`
	Create projectKeysCreateCmd `cmd:"" help:"Make a key of a member and show its value, once. OpenAI's own server has no such operation."`
	Delete projectKeysDeleteCmd `cmd:"" help:"Revoke a key. It is refused from then on."`
}

type projectKeysListCmd struct {
	projectFlags
	pageFlags

	OwnerAccess *api.ProjectAccess `enum:"active,inactive,any" placeholder:"ACCESS" help:"Keys whose owner has access to the project (active), has none any more (inactive), or both (any)."`
}

func (c *projectKeysListCmd) Run(ctx context.Context, std streams) error {
	params := api.ProjectAPIKeyListParams{After: c.After}
	if c.OwnerAccess != nil {
		params.OwnerProjectAccess = *c.OwnerAccess
	}
	return many(std, c.connectFlags, c.pageFlags, projectKeyTable, func(cl *client.Client, page *int) iter.Seq2[api.ProjectAPIKey, error] {
		params.Limit = page
		return cl.ProjectAPIKeys.All(ctx, c.Project, params)
	})
}

type projectKeysGetCmd struct {
	projectFlags

	ID string `arg:"" help:"Id of the key: key_..."`
}

func (c *projectKeysGetCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, projectKeyTable, func(cl *client.Client) (*api.ProjectAPIKey, error) {
		return cl.ProjectAPIKeys.Get(ctx, c.Project, c.ID)
	})
}

type projectKeysCreateCmd struct {
	projectFlags
	newKeyFlags

	Name string `arg:"" help:"What the key is for: 1 to 256 characters."`
	User string `required:"" placeholder:"ID" help:"Whose key it is: id of a member of the project, user_..."`
}

// Help is shown by keyreeve project-keys create --help.
func (projectKeysCreateCmd) Help() string {
	return `The value is shown once and can never be read again. A script is best given it in a file:

  keyreeve project-keys create "Ada's laptop" --project proj_... --user user_... --expires-in 720h --output-file ada-key

Keys of programs are made by keyreeve service-accounts create.`
}

func (c *projectKeysCreateCmd) Run(ctx context.Context, std streams) error {
	return c.issue(std, c.connectFlags, func(cl *client.Client, life *int64) (secret, error) {
		key, err := cl.ProjectAPIKeys.Create(ctx, c.Project, api.ProjectAPIKeyCreateRequest{UserID: c.User, Name: c.Name, ExpiresInSeconds: life})
		if err != nil {
			return secret{}, err
		}
		return secret{
			value: key.Value, what: "the key " + key.ID, full: key, bare: key.ProjectAPIKey,
			table: projectKeyTable([]api.ProjectAPIKey{key.ProjectAPIKey}),
		}, nil
	})
}

type projectKeysDeleteCmd struct {
	projectFlags

	ID string `arg:"" help:"Id of the key: key_..."`
}

func (c *projectKeysDeleteCmd) Run(ctx context.Context, std streams) error {
	return remove(std, c.connectFlags, c.ID, "It is refused from now on.", func(cl *client.Client) (*api.Deleted, error) {
		return cl.ProjectAPIKeys.Delete(ctx, c.Project, c.ID)
	})
}

func projectKeyTable(keys []api.ProjectAPIKey) string {
	return table("ID NAME KEY OWNER CREATED EXPIRES LAST_USED", keys, func(k api.ProjectAPIKey) []string {
		return []string{
			k.ID, k.Name, k.RedactedValue, ownerName(k.Owner),
			formatTime(&k.CreatedAt), formatTime(k.ExpiresAt), formatTime(k.LastUsedAt),
		}
	})
}

// ownerName names an owner, a program as one. The client has seen to it that
// the owner is there.
func ownerName(o api.ProjectAPIKeyOwner) string {
	if o.ServiceAccount != nil {
		return o.ServiceAccount.Name + " (service account)"
	}
	return o.User.Name
}
