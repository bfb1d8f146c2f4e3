package api

// ObjectUserDeleted is the object of the answer to delete-user.
const ObjectUserDeleted = "organization.user.deleted"

// Roles. A user of the organization is an owner or a reader, a member of a
// project an owner or a member, and a service account has none where it has no
// part in its project any more.
const (
	RoleOwner  = "owner"
	RoleReader = "reader"
	RoleMember = "member"
	RoleNone   = "none"
)

// User is a person of the organization. Keyreeve always sends the first six
// members; the others are read where OpenAI sends them.
type User struct {
	Object  string  `json:"object"` // ObjectUser
	ID      string  `json:"id"`     // user_…
	Name    *string `json:"name"`
	Email   *string `json:"email"`
	Role    *string `json:"role"` // RoleOwner or RoleReader
	AddedAt int64   `json:"added_at"`

	IsDefault                      bool          `json:"is_default,omitzero"`
	Created                        int64         `json:"created,omitzero"`
	User                           *UserProfile  `json:"user,omitzero"`
	IsServiceAccount               bool          `json:"is_service_account,omitzero"`
	IsScaleTierAuthorizedPurchaser *bool         `json:"is_scale_tier_authorized_purchaser,omitzero"`
	IsSCIMManaged                  bool          `json:"is_scim_managed,omitzero"`
	APIKeyLastUsedAt               *int64        `json:"api_key_last_used_at,omitzero"`
	TechnicalLevel                 *string       `json:"technical_level,omitzero"`
	DeveloperPersona               *string       `json:"developer_persona,omitzero"`
	Projects                       *UserProjects `json:"projects,omitzero"`
}

// UserProfile is the account behind a [User], which may belong to several
// organizations.
type UserProfile struct {
	Object   string  `json:"object"` // user
	ID       string  `json:"id"`
	Email    *string `json:"email,omitzero"`
	Name     *string `json:"name,omitzero"`
	Picture  *string `json:"picture,omitzero"`
	Enabled  *bool   `json:"enabled,omitzero"`
	Banned   *bool   `json:"banned,omitzero"`
	BannedAt *int64  `json:"banned_at,omitzero"`
}

// UserProjects are the projects that a [User] is a member of.
type UserProjects struct {
	Object string        `json:"object"` // ObjectList
	Data   []UserProject `json:"data"`
}

// UserProject is one membership of a [User].
type UserProject struct {
	ID   *string `json:"id,omitzero"`
	Name *string `json:"name,omitzero"`
	Role *string `json:"role,omitzero"` // RoleOwner or RoleMember
}

// UserListParams are the query parameters of list-users. The zero value asks
// for the first page with the default size.
type UserListParams struct {
	After  string   // id of the last element of the page before
	Limit  *int     // 1 to 100; nil: 20
	Emails []string // only the users with one of these addresses; empty: all
}

// UserUpdateRequest is the body of modify-user. What is nil stays as it is.
// Keyreeve has no custom roles, and refuses RoleID.
type UserUpdateRequest struct {
	Role             *string `json:"role,omitzero"` // RoleOwner or RoleReader
	RoleID           *string `json:"role_id,omitzero"`
	TechnicalLevel   *string `json:"technical_level,omitzero"`
	DeveloperPersona *string `json:"developer_persona,omitzero"`
}
