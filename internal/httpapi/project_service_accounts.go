package httpapi

import (
	"context"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

type listProjectServiceAccounts struct {
	oneProject
	After string `query:"after"`
	Limit int    `query:"limit,default=20,min=0,max=100"`
}

// listProjectServiceAccounts serves list-project-service-accounts.
func (a *admin) listProjectServiceAccounts(
	ctx context.Context, caller org.Caller, req listProjectServiceAccounts,
) (api.List[api.ProjectServiceAccount], org.Commit, error) {
	page, err := a.Service.ListServiceAccounts(ctx, caller, req.ProjectID, org.Page{After: req.After, Limit: req.Limit})
	return list(page, projectServiceAccount, func(s api.ProjectServiceAccount) string { return s.ID }), org.Commit{}, err
}

type createProjectServiceAccount struct {
	oneProject
	Body struct {
		Name             string `json:"name" bind:"required"`
		WithoutKey       *bool  `json:"create_service_account_only" bind:"nullable"`
		ExpiresInSeconds *int64 `json:"expires_in_seconds" bind:"nullable,min=1,max=31536000"`
	} `body:"required"`
}

// createProjectServiceAccount serves create-project-service-account. The key's
// value is in this answer and nowhere else.
func (a *admin) createProjectServiceAccount(
	ctx context.Context, caller org.Caller, req createProjectServiceAccount,
) (api.ProjectServiceAccountCreateResponse, org.Commit, error) {
	account, issued, commit, err := a.Service.CreateServiceAccount(ctx, caller, req.ProjectID, org.NewServiceAccount{
		Name: req.Body.Name, WithoutKey: req.Body.WithoutKey != nil && *req.Body.WithoutKey, ExpiresInSeconds: req.Body.ExpiresInSeconds,
	})
	made := api.ProjectServiceAccountCreateResponse{ProjectServiceAccount: projectServiceAccount(account)}
	if issued != nil {
		key := projectServiceAccountKey(*issued)
		made.APIKey = &key
	}
	return made, commit, err
}

type oneProjectServiceAccount struct {
	oneProject
	ID string `path:"service_account_id"`
}

// getProjectServiceAccount serves retrieve-project-service-account.
func (a *admin) getProjectServiceAccount(
	ctx context.Context, caller org.Caller, req oneProjectServiceAccount,
) (api.ProjectServiceAccount, org.Commit, error) {
	account, err := a.Service.GetServiceAccount(ctx, caller, req.ProjectID, req.ID)
	return projectServiceAccount(account), org.Commit{}, err
}

type updateProjectServiceAccount struct {
	oneProjectServiceAccount
	Body struct {
		Name *string          `json:"name" bind:"nullable"`
		Role *org.ProjectRole `json:"role" bind:"nullable,enum=member|owner"`
	} `body:"required"`
}

// updateProjectServiceAccount serves update-project-service-account.
func (a *admin) updateProjectServiceAccount(
	ctx context.Context, caller org.Caller, req updateProjectServiceAccount,
) (api.ProjectServiceAccount, org.Commit, error) {
	account, commit, err := a.Service.UpdateServiceAccount(ctx, caller, req.ProjectID, req.ID, org.ServiceAccountChange{
		Name: req.Body.Name, Role: req.Body.Role,
	})
	return projectServiceAccount(account), commit, err
}

// deleteProjectServiceAccount serves delete-project-service-account.
func (a *admin) deleteProjectServiceAccount(
	ctx context.Context, caller org.Caller, req oneProjectServiceAccount,
) (api.Deleted, org.Commit, error) {
	commit, err := a.Service.DeleteServiceAccount(ctx, caller, req.ProjectID, req.ID)
	return api.Deleted{Object: api.ObjectProjectServiceAccountDeleted, ID: req.ID, Deleted: true}, commit, err
}

type createProjectServiceAccountKey struct {
	oneProjectServiceAccount
	Body *struct {
		Name             *string  `json:"name" bind:"nullable"`
		Scopes           []string `json:"scopes" bind:"nullable"`
		ExpiresInSeconds *int64   `json:"expires_in_seconds" bind:"nullable,min=1,max=31536000"`
	} `body:"optional"`
}

// createProjectServiceAccountKey serves CreateanAPIkeyforaserviceaccount, whose
// body is optional. The value is in this answer and nowhere else.
func (a *admin) createProjectServiceAccountKey(
	ctx context.Context, caller org.Caller, req createProjectServiceAccountKey,
) (api.ProjectServiceAccountAPIKey, org.Commit, error) {
	var in org.NewServiceAccountKey
	if b := req.Body; b != nil {
		in = org.NewServiceAccountKey{Name: b.Name, Scopes: b.Scopes, ExpiresInSeconds: b.ExpiresInSeconds}
	}
	issued, commit, err := a.Service.CreateServiceAccountKey(ctx, caller, req.ProjectID, req.ID, in)
	return projectServiceAccountKey(issued), commit, err
}

func projectServiceAccount(s org.ServiceAccount) api.ProjectServiceAccount {
	return api.ProjectServiceAccount{
		Object: api.ObjectProjectServiceAccount, ID: s.ID, Name: s.Name, Role: string(s.Role), CreatedAt: s.CreatedAt,
	}
}

func projectServiceAccountKey(k org.IssuedKey) api.ProjectServiceAccountAPIKey {
	return api.ProjectServiceAccountAPIKey{
		Object: api.ObjectProjectServiceAccountAPIKey, Value: k.Secret.Reveal(), Name: k.Name, CreatedAt: k.CreatedAt,
		ID: k.ID, ExpiresAt: timeOrNull(k.ExpiresAt),
	}
}
