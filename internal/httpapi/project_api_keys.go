package httpapi

import (
	"context"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

type listProjectAPIKeys struct {
	oneProject
	After       string            `query:"after"`
	Limit       int               `query:"limit,default=20,min=0,max=100"`
	OwnerAccess org.ProjectAccess `query:"owner_project_access,enum=active|inactive|any"`
}

// listProjectAPIKeys serves list-project-api-keys.
func (a *admin) listProjectAPIKeys(ctx context.Context, caller org.Caller, req listProjectAPIKeys) (api.List[api.ProjectAPIKey], org.Commit, error) {
	page, err := a.Service.ListProjectAPIKeys(ctx, caller, req.ProjectID, org.ProjectAPIKeyPage{
		Page: org.Page{After: req.After, Limit: req.Limit}, OwnerAccess: req.OwnerAccess,
	})
	return list(page, projectAPIKey, func(k api.ProjectAPIKey) string { return k.ID }), org.Commit{}, err
}

type createProjectAPIKey struct {
	oneProject
	Body struct {
		UserID           string `json:"user_id" bind:"required"`
		Name             string `json:"name" bind:"required"`
		ExpiresInSeconds *int64 `json:"expires_in_seconds" bind:"nullable,min=1,max=31536000"`
	} `body:"required"`
}

// createProjectAPIKey serves keyreeve-create-project-api-key, which is ours. The
// value is in this answer and nowhere else.
func (a *admin) createProjectAPIKey(ctx context.Context, caller org.Caller, req createProjectAPIKey) (api.ProjectAPIKeyCreateResponse, org.Commit, error) {
	key, secret, commit, err := a.Service.CreateProjectAPIKey(ctx, caller, req.ProjectID, org.NewProjectAPIKey{
		UserID: req.Body.UserID, Name: req.Body.Name, ExpiresInSeconds: req.Body.ExpiresInSeconds,
	})
	return api.ProjectAPIKeyCreateResponse{ProjectAPIKey: projectAPIKey(key), Value: secret.Reveal()}, commit, err
}

type oneProjectAPIKey struct {
	oneProject
	ID string `path:"api_key_id"`
}

// getProjectAPIKey serves retrieve-project-api-key.
func (a *admin) getProjectAPIKey(ctx context.Context, caller org.Caller, req oneProjectAPIKey) (api.ProjectAPIKey, org.Commit, error) {
	key, err := a.Service.GetProjectAPIKey(ctx, caller, req.ProjectID, req.ID)
	return projectAPIKey(key), org.Commit{}, err
}

// deleteProjectAPIKey serves delete-project-api-key.
func (a *admin) deleteProjectAPIKey(ctx context.Context, caller org.Caller, req oneProjectAPIKey) (api.Deleted, org.Commit, error) {
	commit, err := a.Service.DeleteProjectAPIKey(ctx, caller, req.ProjectID, req.ID)
	return api.Deleted{Object: api.ObjectProjectAPIKeyDeleted, ID: req.ID, Deleted: true}, commit, err
}

func projectAPIKey(k org.ProjectAPIKey) api.ProjectAPIKey {
	return api.ProjectAPIKey{
		Object: api.ObjectProjectAPIKey, RedactedValue: k.Redacted, Name: k.Name, CreatedAt: k.CreatedAt,
		LastUsedAt: timeOrNull(k.LastUsedAt), ID: k.ID, OwnerProjectAccess: api.ProjectAccess(k.OwnerAccess),
		Owner: projectAPIKeyOwner(k.Owner), ExpiresAt: timeOrNull(k.ExpiresAt),
	}
}

func projectAPIKeyOwner(o org.Owner) api.ProjectAPIKeyOwner {
	owner := api.ProjectAPIKeyOwner{Type: string(o.Type)}
	if o.Type == org.OwnerServiceAccount {
		owner.ServiceAccount = &api.ProjectAPIKeyOwnerServiceAccount{ID: o.ID, Name: o.Name, CreatedAt: o.CreatedAt, Role: string(o.Role)}
	} else {
		owner.User = &api.ProjectAPIKeyOwnerUser{ID: o.ID, Email: o.Email, Name: o.Name, CreatedAt: o.CreatedAt, Role: string(o.Role)}
	}
	return owner
}
