package client

import (
	"cmp"
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/api"
)

// ProjectAPIKeys are the operations on the keys of projects, those of users and
// those of service accounts. It is a field of [Client].
type ProjectAPIKeys struct{ transport *transport }

var projectAPIKey = kind[api.ProjectAPIKey]{
	name: "project API key", param: "api_key_id", deleted: api.ObjectProjectAPIKeyDeleted,
	id:    func(k *api.ProjectAPIKey) string { return k.ID },
	check: checkProjectAPIKey,
}

func (ProjectAPIKeys) place(projectID string) place { return inProject(projectID, "api_keys") }

// List returns one page of a project's keys (list-project-api-keys), without
// their values. The next page is asked for with After set to the id of the last
// element; [ProjectAPIKeys.All] does that by itself.
func (s ProjectAPIKeys) List(ctx context.Context, projectID string, p api.ProjectAPIKeyListParams) (*api.List[api.ProjectAPIKey], error) {
	q := projectAPIKey.query().page(p.After, p.Limit, 0, maxPage)
	q.choice("owner_project_access", string(p.OwnerProjectAccess),
		string(api.ProjectAccessActive), string(api.ProjectAccessInactive), string(api.ProjectAccessAny))
	return projectAPIKey.list(ctx, s.transport, s.place(projectID), q)
}

// All returns every key from p.After on (list-project-api-keys), page by page and
// lazily. p.Limit is the size of a page, and 100 when nil. An error is the last
// pair. Keys may be deleted during the loop.
func (s ProjectAPIKeys) All(ctx context.Context, projectID string, p api.ProjectAPIKeyListParams) iter.Seq2[api.ProjectAPIKey, error] {
	return projectAPIKey.all(p.After, "", p.Limit, maxPage, func(after string, limit *int) (*api.List[api.ProjectAPIKey], error) {
		p := p
		p.After, p.Limit = after, limit
		return s.List(ctx, projectID, p)
	})
}

// Get returns one key without its value (retrieve-project-api-key). An unknown
// id, and one of another project, is an [*Error] with status 404.
func (s ProjectAPIKeys) Get(ctx context.Context, projectID, id string) (*api.ProjectAPIKey, error) {
	return projectAPIKey.get(ctx, s.transport, s.place(projectID), id)
}

// Create makes a key of a project's member and returns it with its value, which
// is shown this once (keyreeve-create-project-api-key). Only a Keyreeve server
// has the operation: OpenAI makes such keys in its dashboard.
//
// It is sent once. After any error but a [*RequestError] and an [*Error] with a
// 4xx status, the key may exist with a value that nobody knows: look for its
// name with [ProjectAPIKeys.All] and delete it before trying again.
func (s ProjectAPIKeys) Create(ctx context.Context, projectID string, req api.ProjectAPIKeyCreateRequest) (*api.ProjectAPIKeyCreateResponse, error) {
	operation := projectAPIKey.opCreate()
	err := cmp.Or(
		checkID(operation, "user_id", req.UserID),
		checkName(operation, req.Name),
		checkLife(operation, req.ExpiresInSeconds),
	)
	if err != nil {
		return nil, err
	}
	return post(ctx, s.transport, operation, s.place(projectID), &req, func(k *api.ProjectAPIKeyCreateResponse) error {
		return cmp.Or(
			checkProjectAPIKey(&k.ProjectAPIKey),
			checkNewKey(k.ID, k.Value, req.ExpiresInSeconds, k.ExpiresAt),
			demand(k.RedactedValue != k.Value, "redacted_value is the value"),
		)
	})
}

// Delete revokes a key (delete-project-api-key): it is refused when Delete
// returns. An unknown id is an [*Error] with status 404, unless an earlier
// attempt of this call got no answer or a 5xx: then the key is gone either way.
func (s ProjectAPIKeys) Delete(ctx context.Context, projectID, id string) (*api.Deleted, error) {
	return projectAPIKey.remove(ctx, s.transport, s.place(projectID), id)
}

// checkProjectAPIKey demands the members that a caller relies on. The owner's
// access to the project, a late member of the contract, may be absent.
func checkProjectAPIKey(k *api.ProjectAPIKey) error {
	owned := k.Owner.Type == "user" && k.Owner.User != nil && k.Owner.User.ID != "" ||
		k.Owner.Type == "service_account" && k.Owner.ServiceAccount != nil && k.Owner.ServiceAccount.ID != ""
	return cmp.Or(
		checkCommon(k.Object, api.ObjectProjectAPIKey, k.ID, "created_at", k.CreatedAt),
		demand(k.RedactedValue != "", "redacted_value is missing or empty"),
		demand(owned, "owner is missing, or not the one that its type names"),
	)
}
