package main

import (
	"context"
	"errors"
	"iter"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

type serviceAccountsCmd struct {
	List      serviceAccountsListCmd      `cmd:"" help:"List the service accounts of a project."`
	Get       serviceAccountsGetCmd       `cmd:"" help:"Show one service account."`
	Create    serviceAccountsCreateCmd    `cmd:"" help:"Make a service account with a key, and show the key's value, once."`
	Modify    serviceAccountsModifyCmd    `cmd:"" help:"Change a service account's name or role."`
	Delete    serviceAccountsDeleteCmd    `cmd:"" help:"End a service account. Its keys are refused from then on."`
	CreateKey serviceAccountsCreateKeyCmd `cmd:"" help:"Make another key of a service account and show its value, once."`
}

// Help is shown by keyreeve service-accounts --help.
func (serviceAccountsCmd) Help() string {
	return `A service account is a program of a project. Its keys are among those of the project: keyreeve project-keys --help.`
}

type serviceAccountsListCmd struct {
	projectFlags
	pageFlags
}

func (c *serviceAccountsListCmd) Run(ctx context.Context, std streams) error {
	return many(std, c.connectFlags, c.pageFlags, serviceAccountTable, func(cl *client.Client, page *int) iter.Seq2[api.ProjectServiceAccount, error] {
		return cl.ProjectServiceAccounts.All(ctx, c.Project, api.ProjectServiceAccountListParams{After: c.After, Limit: page})
	})
}

type serviceAccountsGetCmd struct {
	projectFlags

	ID string `arg:"" help:"Id of the service account: sa_..."`
}

func (c *serviceAccountsGetCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, serviceAccountTable, func(cl *client.Client) (*api.ProjectServiceAccount, error) {
		return cl.ProjectServiceAccounts.Get(ctx, c.Project, c.ID)
	})
}

type serviceAccountsCreateCmd struct {
	projectFlags
	newKeyFlags

	Name  string `arg:"" help:"Name of the service account: 1 to 256 characters."`
	NoKey bool   `help:"Make the account alone. Its keys are made by create-key."`
}

// Help is shown by keyreeve service-accounts create --help.
func (serviceAccountsCreateCmd) Help() string {
	return `The value of the key is shown once and can never be read again. A script is best given it in a file:

  keyreeve service-accounts create "night batch" --project proj_... --expires-in 720h --output-file batch-key`
}

func (c *serviceAccountsCreateCmd) Run(ctx context.Context, std streams) error {
	if c.NoKey && (c.ExpiresIn != 0 || c.OutputFile != "") {
		return errors.New("--no-key: without a key there is none for --expires-in or --output-file")
	}
	return c.issue(std, c.connectFlags, func(cl *client.Client, life *int64) (secret, error) {
		req := api.ProjectServiceAccountCreateRequest{Name: c.Name, ExpiresInSeconds: life}
		if c.NoKey {
			req.CreateServiceAccountOnly = &c.NoKey
		}
		made, err := cl.ProjectServiceAccounts.Create(ctx, c.Project, req)
		if err != nil {
			return secret{}, err
		}
		account := serviceAccountTable([]api.ProjectServiceAccount{made.ProjectServiceAccount})
		if made.APIKey == nil {
			return secret{full: made, table: account}, nil
		}
		key := withoutValue(made.APIKey)
		return secret{
			value: made.APIKey.Value, what: "the service account " + made.ID, full: made,
			bare: struct {
				api.ProjectServiceAccount
				APIKey serviceAccountKey `json:"api_key"`
			}{made.ProjectServiceAccount, key},
			table: account + "\n" + serviceAccountKeyTable(key),
		}, nil
	})
}

type serviceAccountsModifyCmd struct {
	projectFlags

	ID   string  `arg:"" help:"Id of the service account: sa_..."`
	Name string  `placeholder:"NAME" help:"Its new name: 1 to 256 characters."`
	Role *string `enum:"owner,member" placeholder:"ROLE" help:"member or owner."`
}

// Help is shown by keyreeve service-accounts modify --help.
func (serviceAccountsModifyCmd) Help() string { return `What is not given stays as it is.` }

func (c *serviceAccountsModifyCmd) Run(ctx context.Context, std streams) error {
	req := api.ProjectServiceAccountUpdateRequest{Name: c.Name}
	if c.Role != nil {
		req.Role = *c.Role
	}
	return one(std, c.connectFlags, serviceAccountTable, func(cl *client.Client) (*api.ProjectServiceAccount, error) {
		return cl.ProjectServiceAccounts.Update(ctx, c.Project, c.ID, req)
	})
}

type serviceAccountsDeleteCmd struct {
	projectFlags

	ID string `arg:"" help:"Id of the service account: sa_..."`
}

func (c *serviceAccountsDeleteCmd) Run(ctx context.Context, std streams) error {
	return remove(std, c.connectFlags, c.ID, "Its keys are refused from now on.", func(cl *client.Client) (*api.Deleted, error) {
		return cl.ProjectServiceAccounts.Delete(ctx, c.Project, c.ID)
	})
}

func serviceAccountTable(accounts []api.ProjectServiceAccount) string {
	return table("ID NAME ROLE CREATED", accounts, func(a api.ProjectServiceAccount) []string {
		return []string{a.ID, a.Name, a.Role, formatTime(&a.CreatedAt)}
	})
}
