package httpapi

import (
	"context"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

type listAdminAPIKeys struct {
	After string `query:"after"`
	Order string `query:"order,default=asc,enum=asc|desc"`
	Limit int    `query:"limit,default=20,min=0,max=100"`
}

// listAdminAPIKeys serves admin-api-keys-list.
func (a *admin) listAdminAPIKeys(ctx context.Context, caller org.Caller, req listAdminAPIKeys) (api.List[api.AdminAPIKey], org.Commit, error) {
	page, err := a.Service.ListAdminAPIKeys(ctx, caller, org.Page{
		After: req.After, Descending: req.Order == string(api.OrderDescending), Limit: req.Limit,
	})
	return list(page, adminAPIKey, func(k api.AdminAPIKey) string { return k.ID }), org.Commit{}, err
}

type createAdminAPIKey struct {
	Body struct {
		Name             string `json:"name" bind:"required"`
		ExpiresInSeconds *int64 `json:"expires_in_seconds" bind:"nullable,min=1,max=31536000"`
	} `body:"required"`
}

// createAdminAPIKey serves admin-api-keys-create. The value is in this answer
// and nowhere else.
func (a *admin) createAdminAPIKey(ctx context.Context, caller org.Caller, req createAdminAPIKey) (api.AdminAPIKeyCreateResponse, org.Commit, error) {
	key, secret, commit, err := a.Service.CreateAdminAPIKey(ctx, caller, org.NewAdminAPIKey{
		Name: req.Body.Name, ExpiresInSeconds: req.Body.ExpiresInSeconds,
	})
	return api.AdminAPIKeyCreateResponse{AdminAPIKey: adminAPIKey(key), Value: secret.Reveal()}, commit, err
}

type oneAdminAPIKey struct {
	ID string `path:"key_id"`
}

// getAdminAPIKey serves admin-api-keys-get.
func (a *admin) getAdminAPIKey(ctx context.Context, caller org.Caller, req oneAdminAPIKey) (api.AdminAPIKey, org.Commit, error) {
	key, err := a.Service.GetAdminAPIKey(ctx, caller, req.ID)
	return adminAPIKey(key), org.Commit{}, err
}

// deleteAdminAPIKey serves admin-api-keys-delete.
func (a *admin) deleteAdminAPIKey(ctx context.Context, caller org.Caller, req oneAdminAPIKey) (api.AdminAPIKeyDeleted, org.Commit, error) {
	commit, err := a.Service.DeleteAdminAPIKey(ctx, caller, req.ID)
	return api.AdminAPIKeyDeleted{ID: req.ID, Object: api.ObjectAdminAPIKeyDeleted, Deleted: true}, commit, err
}

func adminAPIKey(k org.AdminAPIKey) api.AdminAPIKey {
	object := api.ObjectUser
	if k.Owner.Type == org.OwnerServiceAccount {
		object = api.ObjectServiceAccount
	}
	return api.AdminAPIKey{
		Object: api.ObjectAdminAPIKey, ID: k.ID, Name: &k.Name, RedactedValue: k.Redacted,
		CreatedAt: k.CreatedAt, ExpiresAt: timeOrNull(k.ExpiresAt), LastUsedAt: timeOrNull(k.LastUsedAt),
		Owner: api.AdminAPIKeyOwner{
			Type: string(k.Owner.Type), Object: object, ID: k.Owner.ID, Name: k.Owner.Name,
			CreatedAt: k.Owner.CreatedAt, Role: string(k.Owner.Role),
		},
	}
}
