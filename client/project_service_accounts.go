package client

import (
	"cmp"
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/api"
)

// ProjectServiceAccounts are the operations on the service accounts of projects.
// It is a field of [Client].
type ProjectServiceAccounts struct{ transport *transport }

var serviceAccount = kind[api.ProjectServiceAccount]{
	name: "service account", param: "service_account_id", deleted: api.ObjectProjectServiceAccountDeleted,
	id: func(a *api.ProjectServiceAccount) string { return a.ID },
	check: func(a *api.ProjectServiceAccount) error {
		return cmp.Or(
			checkCommon(a.Object, api.ObjectProjectServiceAccount, a.ID, "created_at", a.CreatedAt),
			demand(a.Role != "", "role is missing or empty"),
		)
	},
}

func (ProjectServiceAccounts) place(projectID string) place {
	return inProject(projectID, "service_accounts")
}

// List returns one page of a project's service accounts
// (list-project-service-accounts). The next page is asked for with After set to
// the id of the last element; [ProjectServiceAccounts.All] does that by itself.
func (s ProjectServiceAccounts) List(ctx context.Context, projectID string, p api.ProjectServiceAccountListParams) (*api.List[api.ProjectServiceAccount], error) {
	return serviceAccount.list(ctx, s.transport, s.place(projectID), serviceAccount.query().page(p.After, p.Limit, 0, maxPage))
}

// All returns every service account from p.After on
// (list-project-service-accounts), page by page and lazily. p.Limit is the size
// of a page, and 100 when nil. An error is the last pair.
func (s ProjectServiceAccounts) All(ctx context.Context, projectID string, p api.ProjectServiceAccountListParams) iter.Seq2[api.ProjectServiceAccount, error] {
	return serviceAccount.all(p.After, "", p.Limit, maxPage, func(after string, limit *int) (*api.List[api.ProjectServiceAccount], error) {
		p := p
		p.After, p.Limit = after, limit
		return s.List(ctx, projectID, p)
	})
}

// Get returns one service account (retrieve-project-service-account). An unknown
// id, and one of another project, is an [*Error] with status 404.
func (s ProjectServiceAccounts) Get(ctx context.Context, projectID, id string) (*api.ProjectServiceAccount, error) {
	return serviceAccount.get(ctx, s.transport, s.place(projectID), id)
}

// Create makes a service account (create-project-service-account), with a key
// whose value is shown this once unless req asks for the account only.
//
// It is sent once. After any error but a [*RequestError] and an [*Error] with a
// 4xx status, the account may exist with a key that nobody knows: look for its
// name with [ProjectServiceAccounts.All] and delete it before trying again.
func (s ProjectServiceAccounts) Create(ctx context.Context, projectID string, req api.ProjectServiceAccountCreateRequest) (*api.ProjectServiceAccountCreateResponse, error) {
	operation := serviceAccount.opCreate()
	alone := req.CreateServiceAccountOnly != nil && *req.CreateServiceAccountOnly
	err := cmp.Or(checkName(operation, req.Name), checkLife(operation, req.ExpiresInSeconds))
	if err == nil && alone && req.ExpiresInSeconds != nil {
		err = &RequestError{operation, "expires_in_seconds", "is of the key, and none is asked for"}
	}
	if err != nil {
		return nil, err
	}
	return post(ctx, s.transport, operation, s.place(projectID), &req, func(a *api.ProjectServiceAccountCreateResponse) error {
		if err := serviceAccount.check(&a.ProjectServiceAccount); err != nil {
			return err
		}
		if alone || a.APIKey == nil {
			return demand(alone == (a.APIKey == nil), "api_key is there though none was asked for, or is missing; delete %s", a.ID)
		}
		return checkServiceAccountKey(a.APIKey, req.ExpiresInSeconds)
	})
}

// Update changes a service account (update-project-service-account) and returns
// it as it is then.
func (s ProjectServiceAccounts) Update(ctx context.Context, projectID, id string, req api.ProjectServiceAccountUpdateRequest) (*api.ProjectServiceAccount, error) {
	operation := serviceAccount.opUpdate()
	err := checkChange(operation, "name", req)
	if req.Name != "" {
		err = checkName(operation, req.Name)
	}
	if req.Role != "" {
		err = cmp.Or(err, checkChoice(operation, "role", req.Role, api.RoleOwner, api.RoleMember))
	}
	if err != nil {
		return nil, err
	}
	return update(ctx, s.transport, serviceAccount, s.place(projectID), id, &req)
}

// Delete removes a service account (delete-project-service-account): its keys are
// refused when it returns. An unknown id is an [*Error] with status 404, unless
// an earlier attempt of this call got no answer or a 5xx: then the account is
// gone either way.
func (s ProjectServiceAccounts) Delete(ctx context.Context, projectID, id string) (*api.Deleted, error) {
	return serviceAccount.remove(ctx, s.transport, s.place(projectID), id)
}

// CreateAPIKey makes another key of a service account
// (CreateanAPIkeyforaserviceaccount) and returns it with its value, which is
// shown this once. What Create says of lost answers holds for it too; the key is
// then among the project's ([ProjectAPIKeys.All]).
func (s ProjectServiceAccounts) CreateAPIKey(ctx context.Context, projectID, id string, req api.ProjectServiceAccountAPIKeyCreateRequest) (*api.ProjectServiceAccountAPIKey, error) {
	const operation = "create service account API key"
	err := checkLife(operation, req.ExpiresInSeconds)
	if req.Name != "" {
		err = cmp.Or(checkName(operation, req.Name), err)
	}
	if err != nil {
		return nil, err
	}
	at := append(s.place(projectID).with(serviceAccount.param, id), segment{text: "/api_keys"})
	return post(ctx, s.transport, operation, at, &req, func(k *api.ProjectServiceAccountAPIKey) error {
		return checkServiceAccountKey(k, req.ExpiresInSeconds)
	})
}

func checkServiceAccountKey(k *api.ProjectServiceAccountAPIKey, asked *int64) error {
	return cmp.Or(
		checkCommon(k.Object, api.ObjectProjectServiceAccountAPIKey, k.ID, "created_at", k.CreatedAt),
		checkNewKey(k.ID, k.Value, asked, k.ExpiresAt),
	)
}
