package org

import "context"

// User is a person of the organization.
type User struct {
	ID               string
	Name             string
	Email            string // unique without the case of ASCII letters
	Role             Role
	CreatedAt        int64 // Unix seconds
	TechnicalLevel   string
	DeveloperPersona string
}

// UserPage asks for part of the users, in id order.
type UserPage struct {
	Page
	Emails []string // only users with one of these; empty: all
}

// UserStore reads users.
type UserStore interface {
	Users(ctx context.Context, page UserPage) ([]User, error)
	User(ctx context.Context, id string) (user User, ok bool, err error)
}

// UserTx changes users.
type UserTx interface {
	User(id string) (user User, ok bool, err error)
	// UserByEmail compares without the case of ASCII letters.
	UserByEmail(email string) (user User, ok bool, err error)
	// FirstOwner returns the user with the role owner that was made first.
	FirstOwner() (user User, ok bool, err error)
	// OtherOwner says whether a user other than id has the role owner.
	OtherOwner(id string) (bool, error)

	InsertUser(u User) error
	// UpdateUser writes what may change of a user: role, technical level and
	// developer persona.
	UpdateUser(u User) error
	// DeleteUser deletes a user, its memberships, its keys of all kinds and
	// their use times. The caller emits the OwnerSet that ends the keys.
	DeleteUser(id string) error
}
