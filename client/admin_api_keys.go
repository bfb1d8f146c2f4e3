package client

import (
	"cmp"
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/api"
)

// AdminAPIKeys are the operations on the organization's admin API keys. It is a
// field of [Client].
type AdminAPIKeys struct{ transport *transport }

var adminAPIKey = kind[api.AdminAPIKey]{
	name: "admin API key", param: "key_id", deleted: api.ObjectAdminAPIKeyDeleted,
	id:    func(k *api.AdminAPIKey) string { return k.ID },
	check: checkAdminAPIKey,
}

func (AdminAPIKeys) place() place { return organization("admin_api_keys") }

// List returns one page of keys (admin-api-keys-list), without their values.
// The next page is asked for with After set to the id of the last element;
// [AdminAPIKeys.All] does that by itself.
func (s AdminAPIKeys) List(ctx context.Context, p api.AdminAPIKeyListParams) (*api.List[api.AdminAPIKey], error) {
	q := adminAPIKey.query().page(p.After, p.Limit, 0, maxPage)
	q.choice("order", string(p.Order), string(api.OrderAscending), string(api.OrderDescending))
	return adminAPIKey.list(ctx, s.transport, s.place(), q)
}

// All returns every key from p.After on (admin-api-keys-list), page by page and
// lazily. p.Limit is the size of a page, 1 to 100, and 100 when nil. An error
// is the last pair. Keys may be deleted during the loop.
func (s AdminAPIKeys) All(ctx context.Context, p api.AdminAPIKeyListParams) iter.Seq2[api.AdminAPIKey, error] {
	return adminAPIKey.all(p.After, "", p.Limit, maxPage, func(after string, limit *int) (*api.List[api.AdminAPIKey], error) {
		p := p
		p.After, p.Limit = after, limit
		return s.List(ctx, p)
	})
}

// Get returns one key without its value (admin-api-keys-get). An unknown id is
// an [*Error] with status 404.
func (s AdminAPIKeys) Get(ctx context.Context, id string) (*api.AdminAPIKey, error) {
	return adminAPIKey.get(ctx, s.transport, s.place(), id)
}

// Create makes a key and returns it with its value, which is shown this once
// (admin-api-keys-create).
//
// It is sent once. After any error but a [*RequestError] and an [*Error] with a
// 4xx status, the key may exist with a value that nobody knows: look for its
// name with [AdminAPIKeys.All] and delete it before trying again.
func (s AdminAPIKeys) Create(ctx context.Context, req api.AdminAPIKeyCreateRequest) (*api.AdminAPIKeyCreateResponse, error) {
	operation := adminAPIKey.opCreate()
	if err := cmp.Or(checkName(operation, req.Name), checkLife(operation, req.ExpiresInSeconds)); err != nil {
		return nil, err
	}
	return post(ctx, s.transport, operation, s.place(), &req, func(k *api.AdminAPIKeyCreateResponse) error {
		return checkNewAdminAPIKey(k, req.ExpiresInSeconds)
	})
}

// Delete revokes a key (admin-api-keys-delete). An unknown id is an [*Error]
// with status 404, with one exception: where an earlier attempt of this call
// got no answer or a 5xx, that attempt has most likely deleted the key, and a
// 404 to the next one counts as success. Either way the key is gone.
func (s AdminAPIKeys) Delete(ctx context.Context, id string) (*api.AdminAPIKeyDeleted, error) {
	d, err := adminAPIKey.remove(ctx, s.transport, s.place(), id)
	if err != nil {
		return nil, err
	}
	return &api.AdminAPIKeyDeleted{ID: d.ID, Object: d.Object, Deleted: d.Deleted}, nil
}

// checkAdminAPIKey demands the members that a caller relies on. The times that
// may be null may also be absent: OpenAI has answered without expires_at.
func checkAdminAPIKey(k *api.AdminAPIKey) error {
	return cmp.Or(
		checkCommon(k.Object, api.ObjectAdminAPIKey, k.ID, "created_at", k.CreatedAt),
		demand(k.RedactedValue != "", "redacted_value is missing or empty"),
		demand(k.Owner != (api.AdminAPIKeyOwner{}), "owner is missing or empty"),
	)
}

// checkNewAdminAPIKey demands of a new key its value as well, and the end of its
// life if one was asked for.
func checkNewAdminAPIKey(k *api.AdminAPIKeyCreateResponse, asked *int64) error {
	return cmp.Or(
		checkAdminAPIKey(&k.AdminAPIKey),
		checkNewKey(k.ID, k.Value, asked, k.ExpiresAt),
		demand(k.RedactedValue != k.Value, "redacted_value is the value"),
	)
}
