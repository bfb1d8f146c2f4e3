package main

import (
	"context"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

type serviceAccountsCreateKeyCmd struct {
	projectFlags
	newKeyFlags

	ID   string `arg:"" help:"Id of the service account: sa_..."`
	Name string `placeholder:"NAME" help:"What the key is for: 1 to 256 characters."`
}

// Help is shown by keyreeve service-accounts create-key --help.
func (serviceAccountsCreateKeyCmd) Help() string {
	return `To change a key without a pause, make another, put it in place, then end the old one with keyreeve project-keys delete.`
}

func (c *serviceAccountsCreateKeyCmd) Run(ctx context.Context, std streams) error {
	return c.issue(std, c.connectFlags, func(cl *client.Client, life *int64) (secret, error) {
		made, err := cl.ProjectServiceAccounts.CreateAPIKey(ctx, c.Project, c.ID,
			api.ProjectServiceAccountAPIKeyCreateRequest{Name: c.Name, ExpiresInSeconds: life})
		if err != nil {
			return secret{}, err
		}
		key := withoutValue(made)
		return secret{value: made.Value, what: "the key " + made.ID, full: made, bare: key, table: serviceAccountKeyTable(key)}, nil
	})
}

// serviceAccountKey is a new key of a service account as it is shown where its
// value goes to a file: the API's object without that member.
type serviceAccountKey struct {
	Object    string `json:"object"`
	Name      string `json:"name"`
	CreatedAt int64  `json:"created_at"`
	ID        string `json:"id"`
	ExpiresAt *int64 `json:"expires_at"`
}

func withoutValue(k *api.ProjectServiceAccountAPIKey) serviceAccountKey {
	return serviceAccountKey{Object: k.Object, Name: k.Name, CreatedAt: k.CreatedAt, ID: k.ID, ExpiresAt: k.ExpiresAt}
}

func serviceAccountKeyTable(k serviceAccountKey) string {
	return table("KEY_ID KEY_NAME CREATED EXPIRES", []serviceAccountKey{k}, func(k serviceAccountKey) []string {
		return []string{k.ID, k.Name, formatTime(&k.CreatedAt), formatTime(k.ExpiresAt)}
	})
}
