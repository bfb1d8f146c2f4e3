package org

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// recordEffect holds one effect: the member that is not null says which.
type recordEffect struct {
	KeyAdded    *recordKeyAdded    `json:"key_added,omitzero"`
	KeyRemoved  *recordKeyRemoved  `json:"key_removed,omitzero"`
	KeysRemoved *recordKeysRemoved `json:"keys_removed,omitzero"`
	OwnerSet    *recordOwnerSet    `json:"owner_set,omitzero"`
	ProjectSet  *recordProjectSet  `json:"project_set,omitzero"`
	LimitSet    *recordLimitSet    `json:"limit_set,omitzero"`
}

type recordKeyAdded struct {
	ID        string    `json:"id"`
	Kind      KeyKind   `json:"kind"`
	Digest    string    `json:"digest"`
	OwnerType OwnerType `json:"owner_type"`
	OwnerID   string    `json:"owner_id"`
	ProjectID string    `json:"project_id,omitzero"`
	ExpiresAt int64     `json:"expires_at,omitzero"`
}

type recordKeyRemoved struct {
	Digest string `json:"digest"`
}

type recordKeysRemoved struct {
	OwnerType OwnerType `json:"owner_type"`
	OwnerID   string    `json:"owner_id"`
	ProjectID string    `json:"project_id"`
}

type recordOwnerSet struct {
	Type    OwnerType `json:"type"`
	ID      string    `json:"id"`
	Role    Role      `json:"role"`
	Removed bool      `json:"removed,omitzero"`
}

type recordProjectSet struct {
	ID       string `json:"id"`
	Archived bool   `json:"archived,omitzero"`
}

type recordLimitSet struct {
	ProjectID         string `json:"project_id"`
	Model             string `json:"model"`
	RequestsPerMinute int64  `json:"requests_per_minute"`
	RequestsPerDay    int64  `json:"requests_per_day"`
}

func encodeEffects(effects []Effect) ([]recordEffect, error) {
	var out []recordEffect
	for _, e := range effects {
		switch e := e.(type) {
		case KeyAdded:
			out = append(out, recordEffect{KeyAdded: &recordKeyAdded{
				ID: e.ID, Kind: e.Kind, Digest: hex.EncodeToString(e.Digest[:]),
				OwnerType: e.OwnerType, OwnerID: e.OwnerID, ProjectID: e.ProjectID, ExpiresAt: e.ExpiresAt,
			}})
		case KeyRemoved:
			out = append(out, recordEffect{KeyRemoved: &recordKeyRemoved{Digest: hex.EncodeToString(e.Digest[:])}})
		case KeysRemoved:
			r := recordKeysRemoved(e)
			out = append(out, recordEffect{KeysRemoved: &r})
		case OwnerSet:
			out = append(out, recordEffect{OwnerSet: &recordOwnerSet{Type: e.Type, ID: e.ID, Role: e.Role, Removed: e.Removed}})
		case ProjectSet:
			out = append(out, recordEffect{ProjectSet: &recordProjectSet{ID: e.ID, Archived: e.Archived}})
		case LimitSet:
			l := recordLimitSet(e)
			out = append(out, recordEffect{LimitSet: &l})
		default:
			return nil, fmt.Errorf("encode effect: unknown type %T", e)
		}
	}
	return out, nil
}

func (e recordEffect) decode() (Effect, error) {
	var effects []Effect
	if a := e.KeyAdded; a != nil {
		digest, err := decodeDigest(a.Digest)
		if err != nil {
			return nil, err
		}
		effects = append(effects, KeyAdded{
			ID: a.ID, Kind: a.Kind, Digest: digest,
			OwnerType: a.OwnerType, OwnerID: a.OwnerID, ProjectID: a.ProjectID, ExpiresAt: a.ExpiresAt,
		})
	}
	if r := e.KeyRemoved; r != nil {
		digest, err := decodeDigest(r.Digest)
		if err != nil {
			return nil, err
		}
		effects = append(effects, KeyRemoved{Digest: digest})
	}
	if r := e.KeysRemoved; r != nil {
		effects = append(effects, KeysRemoved(*r))
	}
	if o := e.OwnerSet; o != nil {
		effects = append(effects, OwnerSet{Type: o.Type, ID: o.ID, Role: o.Role, Removed: o.Removed})
	}
	if p := e.ProjectSet; p != nil {
		effects = append(effects, ProjectSet{ID: p.ID, Archived: p.Archived})
	}
	if l := e.LimitSet; l != nil {
		effects = append(effects, LimitSet(*l))
	}
	if len(effects) != 1 {
		// An effect this version does not know must not be skipped: the index
		// would be wrong without saying so.
		return nil, errors.New("an effect of a kind that this version does not know: upgrade keyreeve")
	}
	return effects[0], nil
}

func decodeDigest(text string) (d [32]byte, err error) {
	n, err := hex.Decode(d[:], []byte(text[:min(len(text), 2*len(d))]))
	if err != nil || n != len(d) || len(text) != 2*len(d) {
		return d, fmt.Errorf("a digest of %d hexadecimal characters, expected %d", len(text), 2*len(d))
	}
	return d, nil
}
