package org

// EventType names a change. Where OpenAI's audit log has a name it is theirs;
// the others begin with keyreeve.
type EventType string

// The events of the log.
const (
	EventAPIKeyCreated  EventType = "api_key.created"
	EventAPIKeyDeleted  EventType = "api_key.deleted"
	EventUserAdded      EventType = "user.added"
	EventProjectCreated EventType = "project.created"
	EventBootstrapped   EventType = "keyreeve.bootstrapped"
	EventRecovered      EventType = "keyreeve.recovered"
	EventRestored       EventType = "keyreeve.restored"
)

// ActorType says by what an actor was known.
type ActorType string

// The kinds of actor.
const (
	ActorAPIKey ActorType = "api_key"
	ActorHost   ActorType = "host" // somebody with a shell on the machine
)

// Actor is who made a change.
type Actor struct {
	Type      ActorType
	KeyID     string // of ActorAPIKey
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
type Effect interface{ effect() }

// KeyAdded puts a key into the index.
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

// OwnerSet adds or changes the principal that keys act for.
type OwnerSet struct {
	Type    OwnerType
	ID      string
	Role    Role
	Removed bool // its keys are refused
}

// ProjectSet adds or changes a project.
type ProjectSet struct {
	ID       string
	Archived bool // its keys are refused
}

func (KeyAdded) effect()   {}
func (KeyRemoved) effect() {}
func (OwnerSet) effect()   {}
func (ProjectSet) effect() {}

// actor describes the caller for the log.
func (c Caller) actor(owner Owner) Actor {
	return Actor{
		Type: ActorAPIKey, KeyID: c.KeyID,
		OwnerType: c.OwnerType, OwnerID: c.OwnerID, Email: owner.Email,
		Origin: c.Origin,
	}
}
