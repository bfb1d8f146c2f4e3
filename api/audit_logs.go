package api

// AuditLog is one event of the audit log, newest first in lists. What happened
// stands in the member of [AuditLogPayload] that Type names; the others are nil.
//
// What was done on the server's host is an AuditOrganizationUpdated without an
// actor, whose changes_requested.description is one of the HostActions. Those
// events have names of their own in the server's log. They are not listed under
// them, because a client with a closed list of the contract's event types would
// fail on the whole page; they are not left out either, because an auditor looks
// for just these.
type AuditLog struct {
	ID          string           `json:"id"` // event_…
	Type        AuditEventType   `json:"type"`
	EffectiveAt int64            `json:"effective_at"`
	Project     *AuditLogProject `json:"project,omitzero"`
	Actor       *AuditLogActor   `json:"actor"` // null: somebody with a shell on the host
	AuditLogPayload
}

// AuditLogProject is the project in which an event happened.
type AuditLogProject struct {
	ID   string `json:"id,omitzero"`
	Name string `json:"name,omitzero"`
}

// AuditLogActor is who made a change: the one of Session and APIKey that Type
// names.
type AuditLogActor struct {
	Type    string                `json:"type,omitzero"` // session or api_key
	Session *AuditLogActorSession `json:"session,omitzero"`
	APIKey  *AuditLogActorAPIKey  `json:"api_key,omitzero"`
}

// AuditLogActorSession is a user who signed in. UserAgent is Keyreeve's
// addition.
type AuditLogActorSession struct {
	User      *AuditLogActorUser `json:"user,omitzero"`
	IPAddress string             `json:"ip_address,omitzero"`
	UserAgent string             `json:"user_agent,omitzero"`
}

// AuditLogActorAPIKey is an admin key and whom it acted for. IPAddress and
// UserAgent are Keyreeve's additions.
type AuditLogActorAPIKey struct {
	ID             string                       `json:"id,omitzero"`   // key_…
	Type           string                       `json:"type,omitzero"` // user or service_account
	User           *AuditLogActorUser           `json:"user,omitzero"`
	ServiceAccount *AuditLogActorServiceAccount `json:"service_account,omitzero"`
	IPAddress      string                       `json:"ip_address,omitzero"`
	UserAgent      string                       `json:"user_agent,omitzero"`
}

// AuditLogActorUser is a user who made a change.
type AuditLogActorUser struct {
	ID    string `json:"id,omitzero"` // user_…
	Email string `json:"email,omitzero"`
}

// AuditLogActorServiceAccount is a service account that made a change.
type AuditLogActorServiceAccount struct {
	ID string `json:"id,omitzero"` // sa_…
}

// AuditLogListParams are the query parameters of list-audit-logs. A filter that
// is empty lets everything pass; an event must pass all filters, and match one
// element of each. The zero value asks for the newest events with the default
// size.
type AuditLogListParams struct {
	EffectiveAt AuditLogTimes
	ProjectIDs  []string
	EventTypes  []AuditEventType
	ActorIDs    []string // ids of users, service accounts or keys
	ActorEmails []string
	ResourceIDs []string // ids of what was changed
	After       string   // id of the last element of the page before: older events
	Before      string   // id of the first element of the page after: newer events
	Limit       *int     // 1 to 100; nil: 20
}

// AuditLogTimes bound when an event happened, in Unix seconds. A nil bound is
// none.
type AuditLogTimes struct {
	GT, GTE, LT, LTE *int64
}

// AuditEventType names what happened.
type AuditEventType string

// The event types that Keyreeve writes. OpenAI has others.
const (
	AuditAPIKeyCreated         AuditEventType = "api_key.created"
	AuditAPIKeyUpdated         AuditEventType = "api_key.updated"
	AuditAPIKeyDeleted         AuditEventType = "api_key.deleted"
	AuditInviteSent            AuditEventType = "invite.sent"
	AuditInviteAccepted        AuditEventType = "invite.accepted"
	AuditInviteDeleted         AuditEventType = "invite.deleted"
	AuditOrganizationUpdated   AuditEventType = "organization.updated"
	AuditProjectCreated        AuditEventType = "project.created"
	AuditProjectUpdated        AuditEventType = "project.updated"
	AuditProjectArchived       AuditEventType = "project.archived"
	AuditRateLimitUpdated      AuditEventType = "rate_limit.updated"
	AuditRoleAssignmentCreated AuditEventType = "role.assignment.created"
	AuditRoleAssignmentDeleted AuditEventType = "role.assignment.deleted"
	AuditServiceAccountCreated AuditEventType = "service_account.created"
	AuditServiceAccountUpdated AuditEventType = "service_account.updated"
	AuditServiceAccountDeleted AuditEventType = "service_account.deleted"
	AuditUserAdded             AuditEventType = "user.added"
	AuditUserUpdated           AuditEventType = "user.updated"
	AuditUserDeleted           AuditEventType = "user.deleted"
)

// HostActions: the descriptions of what was done on the server's host.
const (
	HostBootstrapped = "keyreeve.bootstrapped" // the organization was made at the first start
	HostRecovered    = "keyreeve.recovered"    // keyreeve recover made an admin key
	HostTrimmed      = "keyreeve.trimmed"      // events older than the retention were dropped
	HostRestored     = "keyreeve.restored"     // the database was put back to a backup
)
