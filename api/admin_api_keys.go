package api

// The values of the object members of this resource.
const (
	ObjectAdminAPIKey        = "organization.admin_api_key"
	ObjectAdminAPIKeyDeleted = "organization.admin_api_key.deleted"
	ObjectUser               = "organization.user"
	ObjectServiceAccount     = "organization.service_account"
)

// MaxExpiresInSeconds is the longest life a key may be given at its creation:
// 365 days. Without one it never expires.
const MaxExpiresInSeconds = 31_536_000

// AdminAPIKey is an organization admin API key without its value.
type AdminAPIKey struct {
	Object        string           `json:"object"` // ObjectAdminAPIKey
	ID            string           `json:"id"`     // key_…
	Name          *string          `json:"name"`
	RedactedValue string           `json:"redacted_value"` // sk-admin...xyz
	CreatedAt     int64            `json:"created_at"`
	ExpiresAt     *int64           `json:"expires_at"`   // null: never
	LastUsedAt    *int64           `json:"last_used_at"` // null: not used yet
	Owner         AdminAPIKeyOwner `json:"owner"`
}

// AdminAPIKeyOwner is the user or service account that a key acts for.
type AdminAPIKeyOwner struct {
	Type      string `json:"type"`   // user or service_account
	Object    string `json:"object"` // ObjectUser or ObjectServiceAccount
	ID        string `json:"id"`     // user_… or sa_…
	Name      string `json:"name"`
	CreatedAt int64  `json:"created_at"`
	Role      string `json:"role"` // owner or reader
}

// AdminAPIKeyCreateResponse is a new key with its value, which is shown in
// this response and nowhere else (admin-api-keys-create).
type AdminAPIKeyCreateResponse struct {
	AdminAPIKey
	Value string `json:"value"`
}

// AdminAPIKeyCreateRequest is the body of admin-api-keys-create.
type AdminAPIKeyCreateRequest struct {
	Name             string `json:"name"`
	ExpiresInSeconds *int64 `json:"expires_in_seconds,omitempty"` // 1 to MaxExpiresInSeconds; nil: never expires
}

// AdminAPIKeyListParams are the query parameters of admin-api-keys-list. The
// zero value asks for the first page, oldest first, with the default size.
type AdminAPIKeyListParams struct {
	After string // id of the last element of the page before
	Order Order  // ascending when empty
	Limit *int   // 0 to 100; nil: 20
}

// AdminAPIKeyDeleted confirms admin-api-keys-delete.
type AdminAPIKeyDeleted struct {
	ID      string `json:"id"`
	Object  string `json:"object"` // ObjectAdminAPIKeyDeleted
	Deleted bool   `json:"deleted"`
}
