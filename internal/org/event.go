package org

// EventType names a change. Where OpenAI's audit log has a name it is theirs;
// the others begin with keyreeve.
type EventType string

// The events of the log.
const (
	EventAPIKeyCreated         EventType = "api_key.created"
	EventAPIKeyUpdated         EventType = "api_key.updated"
	EventAPIKeyDeleted         EventType = "api_key.deleted"
	EventUserAdded             EventType = "user.added" // to the organization, or to the project of the event
	EventUserUpdated           EventType = "user.updated"
	EventUserDeleted           EventType = "user.deleted"
	EventInviteSent            EventType = "invite.sent"
	EventInviteAccepted        EventType = "invite.accepted"
	EventInviteDeleted         EventType = "invite.deleted"
	EventProjectCreated        EventType = "project.created"
	EventProjectUpdated        EventType = "project.updated"
	EventProjectArchived       EventType = "project.archived"
	EventServiceAccountCreated EventType = "service_account.created"
	EventServiceAccountUpdated EventType = "service_account.updated"
	EventServiceAccountDeleted EventType = "service_account.deleted"
	EventRateLimitUpdated      EventType = "rate_limit.updated"
	EventLoginSucceeded        EventType = "login.succeeded"
	EventLogoutSucceeded       EventType = "logout.succeeded"
	EventBootstrapped          EventType = "keyreeve.bootstrapped"
	EventRecovered             EventType = "keyreeve.recovered"
	EventTrimmed               EventType = "keyreeve.trimmed" // old events were dropped
	EventRestored              EventType = "keyreeve.restored"
)

// ActorType says by what an actor was known.
type ActorType string

// The kinds of actor.
const (
	ActorAPIKey  ActorType = "api_key"
	ActorSession ActorType = "session" // somebody signed in to the console, or without a key: who accepts an invite
	ActorHost    ActorType = "host"    // somebody with a shell on the machine
)

// Actor is who made a change.
type Actor struct {
	Type      ActorType
	KeyID     string // of ActorAPIKey, and of ActorSession the key that it was made by
	OpenID    bool   // of ActorSession: the user signed in by OpenID Connect, without a key
	OwnerType OwnerType
	OwnerID   string
	Email     string
	Origin    Origin
}

// Event is one change, as a closure emits it. The store gives it its id, its
// revision and its place in the chain.
type Event struct {
	Type      EventType
	Actor     Actor
	Resource  string // id of what changed
	ProjectID string // project it belongs to, or empty
	Data      map[string]any
	Effects   []Effect
}

// Effect is what an event does to the verification index: one of the types
// below.
type Effect interface {
	// ends says whether the effect can end the validity of a key, or take from
	// what it may do. The change is then answered when that is so everywhere; a
	// new type of effect does not compile before it was thought of.
	ends() bool
}

// Ends reports whether a change with these events can end the validity of a key.
// One without any rests on those before it, which may have.
func Ends(events []Event) bool {
	for _, e := range events {
		for _, effect := range e.Effects {
			if effect.ends() {
				return true
			}
		}
	}
	return len(events) == 0
}

// KeyAdded puts a new key into the index. A change of a key that is there is
// another effect, since it may end it earlier.
type KeyAdded struct {
	ID        string
	Kind      KeyKind
	Digest    [32]byte
	OwnerType OwnerType
	OwnerID   string
	ProjectID string
	ExpiresAt int64
}

// KeyRemoved takes a key out of the index.
type KeyRemoved struct{ Digest [32]byte }

// KeysRemoved takes all keys out of the index that an owner has in a project at
// this revision: the cascade of a membership that ends. Keys made later stay.
type KeysRemoved struct {
	OwnerType OwnerType
	OwnerID   string
	ProjectID string
}

// OwnerSet adds or changes the principal that keys act for. A service account
// has no role here: its own is one in its project, and administers nothing.
type OwnerSet struct {
	Type    OwnerType
	ID      string
	Role    Role
	Removed bool // all its keys have ended; its id is never used again
}

// ProjectSet adds or changes a project.
type ProjectSet struct {
	ID       string
	Archived bool // its keys are refused
}

// LimitSet sets how often the keys of a project may be used with a model.
type LimitSet struct {
	ProjectID         string
	Model             string
	RequestsPerMinute int64 // DefaultLimit: as the catalogue says
	RequestsPerDay    int64 // the same
}

func (KeyAdded) ends() bool     { return false }
func (KeyRemoved) ends() bool   { return true }
func (KeysRemoved) ends() bool  { return true }
func (OwnerSet) ends() bool     { return true } // removed, or with a lesser role
func (e ProjectSet) ends() bool { return e.Archived }
func (LimitSet) ends() bool     { return true } // it may be lower

// actor describes the caller for the log.
func (c Caller) actor(owner Owner) Actor {
	known := ActorAPIKey
	if c.Session {
		known = ActorSession
	}
	return Actor{
		Type: known, KeyID: c.KeyID, OpenID: c.WithoutKey(),
		OwnerType: c.OwnerType, OwnerID: c.OwnerID, Email: owner.Email,
		Origin: c.Origin,
	}
}
