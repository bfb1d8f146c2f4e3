package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/keyreeve/keyreeve/api"
)

// AdminAPIKeys are the operations on the organization's admin API keys. It is a
// field of [Client].
type AdminAPIKeys struct{ transport *transport }

const (
	adminAPIKeysPath = "/organization/admin_api_keys"

	opListAdminAPIKeys  = "list admin API keys"
	opGetAdminAPIKey    = "get admin API key"
	opCreateAdminAPIKey = "create admin API key"
	opDeleteAdminAPIKey = "delete admin API key"
)

// List returns one page of keys (admin-api-keys-list), without their values.
// The next page is asked for with After set to the id of the last element;
// [AdminAPIKeys.All] does that by itself.
func (s AdminAPIKeys) List(ctx context.Context, p api.AdminAPIKeyListParams) (*api.List[api.AdminAPIKey], error) {
	query, err := adminAPIKeyQuery(p)
	if err != nil {
		return nil, err
	}
	body, err := do(ctx, s.transport, call[listBody[api.AdminAPIKey], none]{
		operation: opListAdminAPIKeys,
		method:    http.MethodGet,
		path:      adminAPIKeysPath,
		query:     query,
		check:     checkList(checkAdminAPIKey),
	})
	if err != nil {
		return nil, err
	}
	return body.list(), nil
}

// All returns every key from p.After on (admin-api-keys-list), page by page and
// lazily. p.Limit is the size of a page, 1 to 100, and 100 when nil. An error
// is the last pair. Keys may be deleted during the loop.
func (s AdminAPIKeys) All(ctx context.Context, p api.AdminAPIKeyListParams) iter.Seq2[api.AdminAPIKey, error] {
	return func(yield func(api.AdminAPIKey, error) bool) {
		p := p // each loop over the sequence starts anew
		fail := func(err error) { yield(api.AdminAPIKey{}, err) }
		if p.Limit == nil {
			p.Limit = new(maxPage)
		} else if *p.Limit == 0 {
			fail(&RequestError{opListAdminAPIKeys, "limit", "pages of 0 elements never reach the end"})
			return
		}
		seen := map[string]bool{p.After: true}
		for {
			page, err := s.List(ctx, p)
			if err != nil {
				fail(err)
				return
			}
			for _, key := range page.Data {
				if !yield(key, nil) {
					return
				}
			}
			if !page.HasMore || len(page.Data) == 0 {
				return
			}
			p.After = page.Data[len(page.Data)-1].ID
			if seen[p.After] {
				fail(&ResponseError{
					Operation: opListAdminAPIKeys,
					Status:    http.StatusOK,
					Message:   "the pages go in a circle: the same last id came twice",
				})
				return
			}
			seen[p.After] = true
		}
	}
}

// Get returns one key without its value (admin-api-keys-get). An unknown id is
// an [*Error] with status 404.
func (s AdminAPIKeys) Get(ctx context.Context, id string) (*api.AdminAPIKey, error) {
	if err := checkID(opGetAdminAPIKey, "key_id", id); err != nil {
		return nil, err
	}
	return do(ctx, s.transport, call[api.AdminAPIKey, none]{
		operation: opGetAdminAPIKey,
		method:    http.MethodGet,
		path:      adminAPIKeysPath + "/" + url.PathEscape(id),
		check: func(k *api.AdminAPIKey) error {
			if err := checkAdminAPIKey(k); err != nil {
				return err
			}
			if k.ID != id {
				return errors.New("id is not the one asked for")
			}
			return nil
		},
	})
}

// Create makes a key and returns it with its value, which is shown this once
// (admin-api-keys-create).
//
// It is sent once. After any error but a [*RequestError] and an [*Error] with a
// 4xx status, the key may exist with a value that nobody knows: look for its
// name with [AdminAPIKeys.All] and delete it before trying again.
func (s AdminAPIKeys) Create(ctx context.Context, req api.AdminAPIKeyCreateRequest) (*api.AdminAPIKeyCreateResponse, error) {
	if err := checkAdminAPIKeyCreate(req); err != nil {
		return nil, err
	}
	return do(ctx, s.transport, call[api.AdminAPIKeyCreateResponse, api.AdminAPIKeyCreateRequest]{
		operation: opCreateAdminAPIKey,
		method:    http.MethodPost,
		path:      adminAPIKeysPath,
		body:      &req,
		check: func(k *api.AdminAPIKeyCreateResponse) error {
			if err := checkAdminAPIKey(&k.AdminAPIKey); err != nil {
				return err
			}
			if err := checkKeyValue(k.Value); err != nil {
				return fmt.Errorf("value %w", err)
			}
			if k.RedactedValue == k.Value {
				return errors.New("redacted_value is the value")
			}
			if req.ExpiresInSeconds != nil && k.ExpiresAt == nil {
				return fmt.Errorf("the key was to expire and never does; delete %s", k.ID)
			}
			return nil
		},
	})
}

// Delete revokes a key (admin-api-keys-delete). An unknown id is an [*Error]
// with status 404, with one exception: where an earlier attempt of this call
// got no answer or a 5xx, that attempt has most likely deleted the key, and a
// 404 to the next one counts as success. Either way the key is gone.
func (s AdminAPIKeys) Delete(ctx context.Context, id string) (*api.AdminAPIKeyDeleted, error) {
	if err := checkID(opDeleteAdminAPIKey, "key_id", id); err != nil {
		return nil, err
	}
	return do(ctx, s.transport, call[api.AdminAPIKeyDeleted, none]{
		operation: opDeleteAdminAPIKey,
		method:    http.MethodDelete,
		path:      adminAPIKeysPath + "/" + url.PathEscape(id),
		check: func(d *api.AdminAPIKeyDeleted) error {
			switch {
			case d.Object != api.ObjectAdminAPIKeyDeleted:
				return fmt.Errorf("object is not %q", api.ObjectAdminAPIKeyDeleted)
			case d.ID != id:
				return errors.New("id is not the one asked for")
			case !d.Deleted:
				return errors.New("deleted is not true")
			}
			return nil
		},
		gone: func() *api.AdminAPIKeyDeleted {
			return &api.AdminAPIKeyDeleted{ID: id, Object: api.ObjectAdminAPIKeyDeleted, Deleted: true}
		},
	})
}

func adminAPIKeyQuery(p api.AdminAPIKeyListParams) (url.Values, error) {
	refuse := func(param, message string) (url.Values, error) {
		return nil, &RequestError{opListAdminAPIKeys, param, message}
	}
	q := url.Values{}
	if p.After != "" {
		if err := checkID(opListAdminAPIKeys, "after", p.After); err != nil {
			return nil, err
		}
		q.Set("after", p.After)
	}
	switch p.Order {
	case "":
	case api.OrderAscending, api.OrderDescending:
		q.Set("order", string(p.Order))
	default:
		return refuse("order", "must be asc or desc")
	}
	if p.Limit != nil {
		if *p.Limit < 0 || *p.Limit > maxPage {
			return refuse("limit", fmt.Sprintf("must be 0 to %d, is %d", maxPage, *p.Limit))
		}
		q.Set("limit", strconv.Itoa(*p.Limit))
	}
	return q, nil
}

func checkAdminAPIKeyCreate(req api.AdminAPIKeyCreateRequest) error {
	if message := nameFault(req.Name); message != "" {
		return &RequestError{opCreateAdminAPIKey, "name", message}
	}
	if s := req.ExpiresInSeconds; s != nil && (*s < 1 || *s > api.MaxExpiresInSeconds) {
		return &RequestError{opCreateAdminAPIKey, "expires_in_seconds",
			fmt.Sprintf("must be 1 to %d, is %d", api.MaxExpiresInSeconds, *s)}
	}
	return nil
}

// checkAdminAPIKey demands the members that a caller relies on. The times that
// may be null may also be absent: OpenAI has answered without expires_at.
func checkAdminAPIKey(k *api.AdminAPIKey) error {
	switch {
	case k.Object != api.ObjectAdminAPIKey:
		return fmt.Errorf("object is not %q", api.ObjectAdminAPIKey)
	case k.ID == "":
		return errors.New("id is missing or empty")
	case k.RedactedValue == "":
		return errors.New("redacted_value is missing or empty")
	case k.CreatedAt <= 0:
		return errors.New("created_at is missing or not a time")
	case k.Owner == (api.AdminAPIKeyOwner{}):
		return errors.New("owner is missing or empty")
	}
	return nil
}
