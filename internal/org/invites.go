package org

// Invite asks a person to join the organization.
type Invite struct {
	ID          string
	Email       string
	Role        Role
	CreatedAt   int64    // Unix seconds
	ExpiresAt   int64    // Unix seconds
	AcceptedAt  int64    // Unix seconds; 0: not yet
	TokenDigest [32]byte // of the value in the link
	Projects    []InviteProject
}

// InviteProject is a membership that comes with an accepted invite.
type InviteProject struct {
	ID   string
	Role ProjectRole
}
