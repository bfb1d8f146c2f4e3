package main

import (
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

type adminKeysCmd struct {
	List   adminKeysListCmd   `cmd:"" help:"List admin keys."`
	Get    adminKeysGetCmd    `cmd:"" help:"Show one admin key."`
	Create adminKeysCreateCmd `cmd:"" help:"Make an admin key and show its value, once."`
	Delete adminKeysDeleteCmd `cmd:"" help:"Revoke an admin key. It is refused from then on."`
}

// Help is shown by keyreeve admin-keys --help.
func (adminKeysCmd) Help() string {
	return `The commands ask a running server over its API, as the admin key in KEYREEVE_ADMIN_KEY or in a file:

  export KEYREEVE_URL=http://127.0.0.1:8080/v1
  keyreeve admin-keys list --key-file ~/.keyreeve-key`
}

type adminKeysListCmd struct {
	connectFlags
	pageFlags

	Order string `default:"asc" enum:"asc,desc" placeholder:"asc" help:"Oldest first (asc, the default) or newest first (desc)."`
}

func (c *adminKeysListCmd) Run(ctx context.Context, std streams) error {
	return many(std, c.connectFlags, c.pageFlags, adminKeyTable, func(cl *client.Client, page *int) iter.Seq2[api.AdminAPIKey, error] {
		return cl.AdminAPIKeys.All(ctx, api.AdminAPIKeyListParams{Order: api.Order(c.Order), After: c.After, Limit: page})
	})
}

type adminKeysGetCmd struct {
	connectFlags

	ID string `arg:"" help:"Id of the key: key_..."`
}

func (c *adminKeysGetCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, adminKeyTable, func(cl *client.Client) (*api.AdminAPIKey, error) {
		return cl.AdminAPIKeys.Get(ctx, c.ID)
	})
}

type adminKeysCreateCmd struct {
	connectFlags
	newKeyFlags

	Name string `arg:"" help:"What the key is for: 1 to 256 characters."`
}

// Help is shown by keyreeve admin-keys create --help.
func (adminKeysCreateCmd) Help() string {
	return `The value is shown once and can never be read again. A script is best given it in a file:

  keyreeve admin-keys create "deploy pipeline" --expires-in 720h --output-file deploy-key`
}

func (c *adminKeysCreateCmd) Run(ctx context.Context, std streams) error {
	return c.issue(std, c.connectFlags, func(cl *client.Client, life *int64) (secret, error) {
		key, err := cl.AdminAPIKeys.Create(ctx, api.AdminAPIKeyCreateRequest{Name: c.Name, ExpiresInSeconds: life})
		if err != nil {
			return secret{}, err
		}
		return secret{
			value: key.Value, what: "the key " + key.ID, full: key, bare: key.AdminAPIKey,
			table: adminKeyTable([]api.AdminAPIKey{key.AdminAPIKey}),
		}, nil
	})
}

type adminKeysDeleteCmd struct {
	connectFlags

	ID string `arg:"" help:"Id of the key: key_..."`
}

// Help is shown by keyreeve admin-keys delete --help.
func (adminKeysDeleteCmd) Help() string {
	return `When the command returns, the key is refused. The last usable admin key cannot be deleted: make another first.`
}

func (c *adminKeysDeleteCmd) Run(ctx context.Context, std streams) error {
	return remove(std, c.connectFlags, c.ID, "It is refused from now on.", func(cl *client.Client) (*api.AdminAPIKeyDeleted, error) {
		return cl.AdminAPIKeys.Delete(ctx, c.ID)
	})
}

// adminKeyTable lays keys out for a terminal.
func adminKeyTable(keys []api.AdminAPIKey) string {
	return table("ID NAME KEY OWNER CREATED EXPIRES LAST_USED", keys, func(k api.AdminAPIKey) []string {
		return []string{
			k.ID, orDash(k.Name), k.RedactedValue, k.Owner.Name,
			formatTime(&k.CreatedAt), formatTime(k.ExpiresAt), formatTime(k.LastUsedAt),
		}
	})
}
