package verify

import (
	"fmt"

	"github.com/keyreeve/keyreeve/internal/token"
)

// OwnerType says what kind of owner a key has.
type OwnerType uint8

// The types of owner.
const (
	OwnerUser           OwnerType = 1
	OwnerServiceAccount OwnerType = 2
)

// String returns the type's name in the contract: "user", "service_account".
func (t OwnerType) String() string {
	switch t {
	case OwnerUser:
		return "user"
	case OwnerServiceAccount:
		return "service_account"
	}
	return "unknown"
}

// Effect is what an event of the log does to the index: [KeyAdded],
// [KeyRemoved], [KeysRemoved], [OwnerChanged], [ProjectChanged] or
// [LimitChanged].
type Effect interface{ check() error }

// KeyAdded makes a key live. For a digest that is live already it replaces what
// was known, so it also tells of a changed expiry.
type KeyAdded struct {
	ID        string // "key_" and a ULID
	Digest    token.Digest
	Kind      token.Kind
	OwnerType OwnerType
	OwnerID   string
	ProjectID string // "" for an admin key
	ExpiresAt int64  // Unix seconds, 0 for never; later than 2106 counts as 2106
	LastUsed  int64  // Unix seconds, 0 for never; a later time known here wins
}

// KeyRemoved ends a key. To remove what is not there does nothing.
type KeyRemoved struct{ Digest token.Digest }

// KeysRemoved ends all keys that an owner has in a project, those that are there
// when it is applied. It walks through the whole index, unlike the others.
type KeysRemoved struct {
	OwnerType OwnerType
	OwnerID   string
	ProjectID string
}

// OwnerChanged tells the role of an owner, and whether it was removed: the keys
// of a removed owner are refused, and [Index.Sweep] takes them out later. An
// owner of whom nothing was told has no role and is not removed.
type OwnerChanged struct {
	Type    OwnerType
	ID      string
	Role    string
	Removed bool
}

// ProjectChanged tells whether a project is archived: its keys are refused
// while it is.
type ProjectChanged struct {
	ID       string
	Archived bool
}

// LimitChanged tells how often the keys of a project may be used with a model.
// A number below 0 stands for the model's default.
type LimitChanged struct {
	ProjectID         string
	Model             string
	RequestsPerMinute int64
	RequestsPerDay    int64
}

func (e KeyAdded) check() error {
	if _, err := parseKeyID(e.ID); err != nil {
		return err
	}
	if OnlyKind(e.Kind) == 0 { // an invite's token is no key, whatever its form
		return fmt.Errorf("key %s has no such kind: %d", e.ID, e.Kind)
	}
	return checkOwner(e.OwnerType, e.OwnerID)
}

func (KeyRemoved) check() error { return nil }

func (e KeysRemoved) check() error {
	if e.ProjectID == "" { // it would be the owner's admin keys
		return fmt.Errorf("keys of %s to end in a project without an id", e.OwnerID)
	}
	return checkOwner(e.OwnerType, e.OwnerID)
}

func (e LimitChanged) check() error {
	if e.ProjectID == "" || e.Model == "" {
		return fmt.Errorf("a rate limit of project %q for model %q", e.ProjectID, e.Model)
	}
	return nil
}

func (e OwnerChanged) check() error { return checkOwner(e.Type, e.ID) }

// Number 0 of the projects is "none", which nobody can archive.
func (e ProjectChanged) check() error {
	if e.ID == "" {
		return fmt.Errorf("a project without an id")
	}
	return nil
}

func checkOwner(t OwnerType, id string) error {
	if t != OwnerUser && t != OwnerServiceAccount || id == "" {
		return fmt.Errorf("no such owner: %s %q", t, id)
	}
	return nil
}
