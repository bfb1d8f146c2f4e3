package org

// ServiceAccount is a principal of a project that is no person.
type ServiceAccount struct {
	ID        string
	ProjectID string
	Name      string
	Role      ProjectRole
	CreatedAt int64 // Unix seconds
}

// ServiceAccountTx changes service accounts.
type ServiceAccountTx interface {
	// ServiceAccount looks within one project: the account of another is none.
	ServiceAccount(projectID, id string) (account ServiceAccount, ok bool, err error)
	InsertServiceAccount(a ServiceAccount) error
	// DeleteServiceAccount deletes an account, its keys and their use times. The
	// caller emits the OwnerSet that ends the keys.
	DeleteServiceAccount(projectID, id string) error
}
