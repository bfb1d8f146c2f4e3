package api

// Object names of this resource.
const (
	ObjectProjectAPIKey        = "organization.project.api_key"
	ObjectProjectAPIKeyDeleted = "organization.project.api_key.deleted"
)

// ProjectAccess says whether a key's owner has a part in the key's project.
type ProjectAccess string

// The values of ProjectAccess. The last is for lists only.
const (
	ProjectAccessActive   ProjectAccess = "active"
	ProjectAccessInactive ProjectAccess = "inactive"
	ProjectAccessAny      ProjectAccess = "any"
)

// ProjectAPIKey is a key for model traffic without its value. ExpiresAt is
// Keyreeve's addition.
type ProjectAPIKey struct {
	Object             string             `json:"object"`         // ObjectProjectAPIKey
	RedactedValue      string             `json:"redacted_value"` // sk-proj...xyz, sk-svcacct...xyz
	Name               string             `json:"name"`
	CreatedAt          int64              `json:"created_at"`
	LastUsedAt         *int64             `json:"last_used_at"` // null: not used yet
	ID                 string             `json:"id"`           // key_…
	OwnerProjectAccess ProjectAccess      `json:"owner_project_access"`
	Owner              ProjectAPIKeyOwner `json:"owner"`
	ExpiresAt          *int64             `json:"expires_at"` // null: never
}

// ProjectAPIKeyOwner is whom a project's key acts for: the one of User and
// ServiceAccount that Type names.
type ProjectAPIKeyOwner struct {
	Type           string                            `json:"type"` // user or service_account
	User           *ProjectAPIKeyOwnerUser           `json:"user,omitzero"`
	ServiceAccount *ProjectAPIKeyOwnerServiceAccount `json:"service_account,omitzero"`
}

// ProjectAPIKeyOwnerUser is a member of the key's project.
type ProjectAPIKeyOwnerUser struct {
	ID        string `json:"id"` // user_…
	Email     string `json:"email"`
	Name      string `json:"name"`
	CreatedAt int64  `json:"created_at"`
	Role      string `json:"role"` // in the project: RoleOwner or RoleMember
}

// ProjectAPIKeyOwnerServiceAccount is a service account of the key's project.
type ProjectAPIKeyOwnerServiceAccount struct {
	ID        string `json:"id"` // sa_…
	Name      string `json:"name"`
	CreatedAt int64  `json:"created_at"`
	Role      string `json:"role"` // in the project: RoleOwner or RoleMember
}

// ProjectAPIKeyCreateResponse is a new key of a project's member with its
// value, which is shown in this response and nowhere else
// (keyreeve-create-project-api-key).
type ProjectAPIKeyCreateResponse struct {
	ProjectAPIKey
	Value string `json:"value"`
}

// ProjectAPIKeyCreateRequest is the body of keyreeve-create-project-api-key,
// Keyreeve's own operation: OpenAI makes such keys in its dashboard alone.
type ProjectAPIKeyCreateRequest struct {
	UserID           string `json:"user_id"` // a member of the project
	Name             string `json:"name"`
	ExpiresInSeconds *int64 `json:"expires_in_seconds,omitzero"` // 1 to MaxExpiresInSeconds; nil: never
}

// ProjectAPIKeyListParams are the query parameters of list-project-api-keys.
// The zero value asks for the first page with the default size.
type ProjectAPIKeyListParams struct {
	After              string        // id of the last element of the page before
	Limit              *int          // 0 to 100; nil: 20
	OwnerProjectAccess ProjectAccess // empty: the server's default
}
