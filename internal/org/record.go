package org

import (
	"crypto/sha256"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// StoredEvent is an event with its place in the log. Record holds all of it;
// the other fields repeat parts of the record so that a list can be filtered.
type StoredEvent struct {
	Revision  int64
	ID        string
	Type      EventType
	At        int64 // Unix seconds
	ActorID   string
	Resource  string
	ProjectID string
	Record    []byte   // canonical JSON; the hash is over these very bytes
	Hash      [32]byte // of the previous hash and Record
	Effects   []Effect
}

// chainDomain separates the log's hashes from all other uses of SHA-256, and
// versions the way they are made.
const chainDomain = "keyreeve log v1\n"

// ChainHash is the hash of a record that follows prev. The first event follows
// 32 zero bytes.
func ChainHash(prev [32]byte, record []byte) [32]byte {
	h := sha256.New()
	h.Write([]byte(chainDomain))
	h.Write(prev[:])
	h.Write(record)
	return [32]byte(h.Sum(nil))
}

// record is the JSON form of an event in the log. Members may be added; none
// is ever renamed, and stored records are never rewritten.
type record struct {
	Revision int64          `json:"revision"`
	ID       string         `json:"id"`
	Type     EventType      `json:"type"`
	At       int64          `json:"at"`
	Actor    recordActor    `json:"actor"`
	Resource string         `json:"resource,omitzero"`
	Project  string         `json:"project,omitzero"`
	Data     map[string]any `json:"data,omitzero"`
	Effects  []recordEffect `json:"effects,omitzero"`
}

type recordActor struct {
	Type      ActorType `json:"type"`
	KeyID     string    `json:"key_id,omitzero"`
	OpenID    bool      `json:"openid,omitzero"`
	OwnerType OwnerType `json:"owner_type,omitzero"`
	OwnerID   string    `json:"owner_id,omitzero"`
	Email     string    `json:"email,omitzero"`
	IP        string    `json:"ip,omitzero"`
	UserAgent string    `json:"user_agent,omitzero"`
}

// Seal gives an event its place in the log after the head and returns it with
// the head that follows.
func Seal(head Head, e Event, id string, at int64) (StoredEvent, Head, error) {
	effects, err := encodeEffects(e.Effects)
	if err != nil {
		return StoredEvent{}, Head{}, err
	}
	rec := record{
		Revision: head.Revision + 1, ID: id, Type: e.Type, At: at,
		Actor: recordActor{
			Type: e.Actor.Type, KeyID: e.Actor.KeyID, OpenID: e.Actor.OpenID,
			OwnerType: e.Actor.OwnerType, OwnerID: e.Actor.OwnerID, Email: e.Actor.Email,
			IP: e.Actor.Origin.IP, UserAgent: e.Actor.Origin.UserAgent,
		},
		Resource: e.Resource, Project: e.ProjectID, Data: e.Data, Effects: effects,
	}
	text, err := json.Marshal(rec, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return StoredEvent{}, Head{}, fmt.Errorf("encode event %s: %w", e.Type, err)
	}
	stored := rec.stored(text)
	stored.Effects = e.Effects
	stored.Hash = ChainHash(head.Hash, text)
	return stored, Head{Revision: stored.Revision, Hash: stored.Hash, LastID: head.LastID}, nil
}

// DecodeRecord reads a stored record. The hash is not set: it is of the chain.
func DecodeRecord(text []byte) (StoredEvent, error) {
	var rec record
	if err := json.Unmarshal(text, &rec); err != nil {
		return StoredEvent{}, fmt.Errorf("decode event: %w", err)
	}
	stored := rec.stored(text)
	for _, e := range rec.Effects {
		effect, err := e.decode()
		if err != nil {
			return StoredEvent{}, fmt.Errorf("decode event %s: %w", rec.ID, err)
		}
		stored.Effects = append(stored.Effects, effect)
	}
	return stored, nil
}

func (r record) stored(text []byte) StoredEvent {
	actor := r.Actor.OwnerID
	if actor == "" {
		actor = r.Actor.KeyID
	}
	return StoredEvent{
		Revision: r.Revision, ID: r.ID, Type: r.Type, At: r.At,
		ActorID: actor, Resource: r.Resource, ProjectID: r.Project, Record: text,
	}
}
