package org

import "fmt"

// OwnerType says what kind of principal a key acts for. The text is the wire's.
type OwnerType string

// The principals that own keys.
const (
	OwnerUser           OwnerType = "user"
	OwnerServiceAccount OwnerType = "service_account"
)

// Role is a user's role in the organization. The text is the wire's.
type Role string

// The roles: an owner may do all, a reader may read.
const (
	RoleOwner  Role = "owner"
	RoleReader Role = "reader"
)

// Permission is what an operation asks of its caller. The text is the scope
// that a refusal names.
type Permission string

// The permissions of the administration routes.
const (
	ManagementRead  Permission = "api.management.read"
	ManagementWrite Permission = "api.management.write"
)

// scopes are what the admin keys of a user with the role may do.
func (r Role) scopes() []string {
	if r == RoleOwner {
		return []string{string(ManagementRead), string(ManagementWrite)}
	}
	return []string{string(ManagementRead)}
}

// Origin is where a request came from, for the audit log.
type Origin struct {
	IP        string // address of the client, behind trusted proxies the one they name
	UserAgent string
}

// Caller is who asks: the key that was presented and the principal it acts
// for. It is an argument of every Service method, never ambient.
type Caller struct {
	Admin     bool   // it may administer: the key is an organization admin key, or there is none
	KeyID     string // empty: a user who signed in to the console without a key
	OwnerType OwnerType
	OwnerID   string
	Role      Role
	Origin    Origin

	Session bool     // it came by a session of the console
	Form    [32]byte // a change with the same form is made once; zero: none
}

// WithoutKey says that the caller is a user who signed in by another authority
// than a key.
func (c Caller) WithoutKey() bool { return c.Session && c.KeyID == "" && c.OwnerType == OwnerUser }

// Require refuses a caller that lacks the permission.
func (c Caller) Require(p Permission) error {
	if c.Admin && (c.Role == RoleOwner || (c.Role == RoleReader && p == ManagementRead)) {
		return nil
	}
	return &Refusal{
		Kind: Forbidden,
		Message: fmt.Sprintf("You have insufficient permissions for this operation. Missing scopes: %s. "+
			"Use an organization admin key (sk-admin-…) whose owner has the role that allows it.", p),
	}
}
