package org

// ProjectRole is a member's role in a project. The text is the wire's.
type ProjectRole string

// The roles in a project. Only a service account can have none.
const (
	ProjectOwner  ProjectRole = "owner"
	ProjectMember ProjectRole = "member"
	ProjectNone   ProjectRole = "none"
)

// ProjectUser is a user's membership in a project.
type ProjectUser struct {
	ProjectID string
	UserID    string
	Name      string // the user's
	Email     string // the user's
	Role      ProjectRole
	AddedAt   int64 // Unix seconds
}

// ProjectUserTx changes memberships.
type ProjectUserTx interface {
	ProjectUser(projectID, userID string) (member ProjectUser, ok bool, err error)
	// InsertProjectUser ignores the name and the email, which are the user's.
	InsertProjectUser(m ProjectUser) error
	// DeleteProjectUser deletes a membership, the keys that the user has in the
	// project and their use times. The caller emits the KeysRemoved that ends
	// the keys.
	DeleteProjectUser(projectID, userID string) error
}
