package api

// Object names of this resource.
const (
	ObjectInvite        = "organization.invite"
	ObjectInviteDeleted = "organization.invite.deleted"
)

// The values of Invite.Status.
const (
	InviteAccepted = "accepted"
	InviteExpired  = "expired"
	InvitePending  = "pending"
)

// Invite asks a person to join the organization, for seven days.
type Invite struct {
	Object     string          `json:"object"` // ObjectInvite
	ID         string          `json:"id"`     // invite_…
	Email      string          `json:"email"`
	Role       string          `json:"role"`   // RoleOwner or RoleReader
	Status     string          `json:"status"` // InvitePending, …
	CreatedAt  int64           `json:"created_at"`
	ExpiresAt  *int64          `json:"expires_at"`
	AcceptedAt *int64          `json:"accepted_at"` // null: not accepted
	Projects   []InviteProject `json:"projects"`    // never null
}

// InviteProject is a project that the person joins along with the organization.
type InviteProject struct {
	ID   string `json:"id"`   // proj_…
	Role string `json:"role"` // RoleOwner or RoleMember
}

// InviteCreateResponse is a new invite (inviteUser). Its token, which is
// Keyreeve's addition, is shown in this response and nowhere else: whoever has
// it may accept the invite, once.
type InviteCreateResponse struct {
	Invite
	Token string `json:"token"` // empty from OpenAI, which sends it by mail
}

// InviteCreateRequest is the body of inviteUser.
type InviteCreateRequest struct {
	Email    string          `json:"email"`
	Role     string          `json:"role"` // RoleOwner or RoleReader
	Projects []InviteProject `json:"projects,omitzero"`
}

// InviteListParams are the query parameters of list-invites. The zero value
// asks for the first page with the default size.
type InviteListParams struct {
	After string // id of the last element of the page before
	Limit *int   // 0 to 100; nil: 20
}

// InviteAcceptRequest is the body of keyreeve-accept-invite, Keyreeve's own
// operation. The token is the permission: the request carries no key.
type InviteAcceptRequest struct {
	Token            string `json:"token"`
	Name             string `json:"name"`                         // of the new user, 1 to 256 characters
	ExpiresInSeconds *int64 `json:"expires_in_seconds,omitempty"` // of the first key: 1 to MaxExpiresInSeconds; nil: never expires
}

// InviteAcceptResponse is the new user, with a first admin key of the user's own,
// whose value is shown in this response and nowhere else.
type InviteAcceptResponse struct {
	User
	AdminAPIKey AdminAPIKeyCreateResponse `json:"admin_api_key"`
}
