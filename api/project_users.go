package api

// Object names of this resource.
const (
	ObjectProjectUser        = "organization.project.user"
	ObjectProjectUserDeleted = "organization.project.user.deleted"
)

// ProjectUser is a user of the organization as a member of a project.
type ProjectUser struct {
	Object  string  `json:"object"` // ObjectProjectUser
	ID      string  `json:"id"`     // user_…
	Name    *string `json:"name"`
	Email   *string `json:"email"`
	Role    string  `json:"role"` // RoleOwner or RoleMember
	AddedAt int64   `json:"added_at"`
}

// ProjectUserCreateRequest is the body of create-project-user. It names the
// user by one of UserID and Email.
type ProjectUserCreateRequest struct {
	UserID *string `json:"user_id,omitzero"`
	Email  *string `json:"email,omitzero"`
	Role   string  `json:"role"` // RoleOwner or RoleMember
}

// ProjectUserUpdateRequest is the body of modify-project-user.
type ProjectUserUpdateRequest struct {
	Role *string `json:"role,omitzero"` // RoleOwner or RoleMember
}

// ProjectUserListParams are the query parameters of list-project-users. The
// zero value asks for the first page with the default size.
type ProjectUserListParams struct {
	After string // id of the last element of the page before
	Limit *int   // 0 to 100; nil: 20
}
