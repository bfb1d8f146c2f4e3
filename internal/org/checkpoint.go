package org

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
)

// Checkpoint is where a log begins whose older events were dropped: the
// position of the last of them, and a sum of what they left. Its signature is by
// a key that is not in the database.
type Checkpoint struct {
	Organization string
	Revision     int64
	Hash         [32]byte
	State        StateSum
	PublicKey    ed25519.PublicKey
	Signature    []byte
}

// message is what is signed: the state by its digest.
func (c Checkpoint) message() []byte {
	m := []byte("keyreeve audit checkpoint v1\n" + c.Organization + "\n")
	m = binary.BigEndian.AppendUint64(m, uint64(c.Revision))
	m = append(m, c.Hash[:]...)
	state := sha256.Sum256(c.State.Bytes())
	return append(m, state[:]...)
}

// Sign signs with an Ed25519 key.
func (c *Checkpoint) Sign(key ed25519.PrivateKey) {
	c.PublicKey = key.Public().(ed25519.PublicKey)
	c.Signature = ed25519.Sign(key, c.message())
}

// Verify checks the signature, and where a key is given that it is this key's.
func (c Checkpoint) Verify(trusted ed25519.PublicKey) error {
	broken := func(problem string) error { return &ChainError{Revision: c.Revision, Problem: problem} }
	switch {
	case len(c.PublicKey) != ed25519.PublicKeySize || !ed25519.Verify(c.PublicKey, c.message(), c.Signature):
		return broken("the checkpoint at which the log begins does not match its signature")
	case trusted != nil && !trusted.Equal(c.PublicKey):
		return broken("the checkpoint at which the log begins is signed by another key, " + KeyFingerprint(c.PublicKey))
	}
	return nil
}

// KeyFingerprint is the SHA-256 of a public key, as people compare it.
func KeyFingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return "SHA256:" + hex.EncodeToString(sum[:])
}

// StateSum is a sum over a set of texts that can be added and taken away one by
// one, in any order: LtHash, with 1024 numbers of 16 bits. To find another set
// of the same sum is as hard as breaking SHA-256 (Bellare and Micciancio 1997;
// Lewi and others 2019).
type StateSum [1024]uint16

// Add puts a text into the set.
func (s *StateSum) Add(text []byte) { s.combine(text, 1) }

// Remove takes a text that is in the set out of it.
func (s *StateSum) Remove(text []byte) { s.combine(text, 0xffff) }

func (s *StateSum) combine(text []byte, factor uint16) {
	inner := sha256.Sum256(text)
	var block [sha256.Size + 2]byte
	copy(block[2:], inner[:])
	for i := 0; i < len(s); i += sha256.Size / 2 {
		binary.BigEndian.PutUint16(block[:], uint16(i))
		out := sha256.Sum256(block[:])
		for j := range sha256.Size / 2 {
			s[i+j] += factor * binary.BigEndian.Uint16(out[2*j:])
		}
	}
}

// Bytes is the form in which a sum is stored.
func (s *StateSum) Bytes() []byte {
	out := make([]byte, 0, 2*len(s))
	for _, n := range s {
		out = binary.BigEndian.AppendUint16(out, n)
	}
	return out
}

// ParseStateSum reads a stored sum.
func ParseStateSum(b []byte) (s StateSum, err error) {
	if len(b) != 2*len(s) {
		return s, fmt.Errorf("a sum of %d bytes, expected %d", len(b), 2*len(s))
	}
	for i := range s {
		s[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return s, nil
}

// EncodeEffect returns the JSON form of an effect, as records have it.
func EncodeEffect(e Effect) ([]byte, error) {
	encoded, err := encodeEffects([]Effect{e})
	if err != nil {
		return nil, err
	}
	return json.Marshal(encoded[0], json.Deterministic(true))
}

// DecodeEffect reads what EncodeEffect wrote.
func DecodeEffect(text []byte) (Effect, error) {
	var e recordEffect
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, fmt.Errorf("decode effect: %w", err)
	}
	return e.decode()
}

// TrimTx drops old events.
type TrimTx interface {
	// TrimLog drops some of the events before a Unix second, with a checkpoint
	// that sign completes in their place, and says how many; 0 where there is
	// nothing to drop. A log that is broken is not dropped.
	TrimLog(before int64, sign func(*Checkpoint)) (c Checkpoint, dropped int, err error)
}

// errNothingToTrim ends an Update that has nothing to do.
var errNothingToTrim = errors.New("no event is old enough")

// TrimAudit drops events before a Unix second, some hundred at a time, and
// leaves an event that says so. It reports whether there may be more to drop.
func (s *Service) TrimAudit(ctx context.Context, before int64, key ed25519.PrivateKey) (more bool, err error) {
	_, err = s.store.Update(ctx, func(tx Tx) error {
		c, dropped, err := tx.TrimLog(before, func(c *Checkpoint) { c.Sign(key) })
		if err != nil {
			return err
		}
		if dropped == 0 {
			return errNothingToTrim
		}
		tx.Emit(Event{Type: EventTrimmed, Actor: Actor{Type: ActorHost}, Data: map[string]any{
			"through": Head{Revision: c.Revision, Hash: c.Hash}.String(), "events": dropped, "key": KeyFingerprint(c.PublicKey),
		}})
		return nil
	})
	if errors.Is(err, errNothingToTrim) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("drop old events of the log: %w", err)
	}
	return true, nil
}
