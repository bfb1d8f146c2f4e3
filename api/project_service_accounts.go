package api

// Object names of this resource.
const (
	ObjectProjectServiceAccount        = "organization.project.service_account"
	ObjectProjectServiceAccountAPIKey  = "organization.project.service_account.api_key"
	ObjectProjectServiceAccountDeleted = "organization.project.service_account.deleted"
)

// ProjectServiceAccount is a program's identity in a project. It owns keys as a
// user does, and they end with it.
type ProjectServiceAccount struct {
	Object    string `json:"object"` // ObjectProjectServiceAccount
	ID        string `json:"id"`     // sa_…
	Name      string `json:"name"`
	Role      string `json:"role"` // RoleOwner, RoleMember or RoleNone
	CreatedAt int64  `json:"created_at"`
}

// ProjectServiceAccountCreateResponse is a new service account with its key,
// whose value is shown in this response and nowhere else. APIKey is nil where
// the account alone was asked for.
type ProjectServiceAccountCreateResponse struct {
	ProjectServiceAccount
	APIKey *ProjectServiceAccountAPIKey `json:"api_key"`
}

// ProjectServiceAccountAPIKey is a new key of a service account with its value.
// As a [ProjectAPIKey] it can be listed, read without its value, and deleted.
// ExpiresAt is Keyreeve's addition.
type ProjectServiceAccountAPIKey struct {
	Object    string `json:"object"` // ObjectProjectServiceAccountAPIKey
	Value     string `json:"value"`
	Name      string `json:"name"`
	CreatedAt int64  `json:"created_at"`
	ID        string `json:"id"`         // key_…
	ExpiresAt *int64 `json:"expires_at"` // null: never
}

// ProjectServiceAccountCreateRequest is the body of
// create-project-service-account. ExpiresInSeconds, which is Keyreeve's
// addition, is of the key.
type ProjectServiceAccountCreateRequest struct {
	Name                     string `json:"name"`
	CreateServiceAccountOnly *bool  `json:"create_service_account_only,omitzero"` // true: without a key
	ExpiresInSeconds         *int64 `json:"expires_in_seconds,omitzero"`          // 1 to MaxExpiresInSeconds; nil: never
}

// ProjectServiceAccountUpdateRequest is the body of
// update-project-service-account. What is empty stays as it is.
type ProjectServiceAccountUpdateRequest struct {
	Name string `json:"name,omitzero"`
	Role string `json:"role,omitzero"` // RoleOwner or RoleMember
}

// ProjectServiceAccountAPIKeyCreateRequest is the body of
// CreateanAPIkeyforaserviceaccount, which may be left out. ExpiresInSeconds is
// Keyreeve's addition.
type ProjectServiceAccountAPIKeyCreateRequest struct {
	Name             string   `json:"name,omitzero"`
	Scopes           []string `json:"scopes,omitzero"`
	ExpiresInSeconds *int64   `json:"expires_in_seconds,omitzero"` // 1 to MaxExpiresInSeconds; nil: never
}

// ProjectServiceAccountListParams are the query parameters of
// list-project-service-accounts. The zero value asks for the first page with
// the default size.
type ProjectServiceAccountListParams struct {
	After string // id of the last element of the page before
	Limit *int   // 0 to 100; nil: 20
}
