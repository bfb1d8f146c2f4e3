package sqlstore

import (
	"context"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Session implements org.Store.
func (s *Store) Session(ctx context.Context, digest [32]byte) (org.Session, bool, error) {
	return oneOf(ctx, s, scanSession, `SELECT digest, key_digest, user_id, created_at, seen_at FROM sessions WHERE digest = $1`, digest[:])
}

func scanSession(row scanner) (session org.Session, err error) {
	var digest, key []byte
	err = row.Scan(&digest, &key, &session.UserID, &session.CreatedAt, &session.SeenAt)
	if err == nil && (len(digest) != len(session.Digest) || len(key) != len(session.KeyDigest)) {
		return session, fmt.Errorf("a session has digests of %d and %d bytes", len(digest), len(key))
	}
	copy(session.Digest[:], digest)
	copy(session.KeyDigest[:], key)
	return session, err
}

// TouchSession implements org.Store.
func (s *Store) TouchSession(ctx context.Context, digest [32]byte, at int64) error {
	if s.group == nil {
		return errReadOnly
	}
	return s.classify(s.group.plain(ctx, `UPDATE sessions SET seen_at = $1 WHERE digest = $2 AND seen_at < $1`, []any{at, digest[:]}))
}

func (t *tx) InsertSession(s org.Session) error {
	return t.exec(`INSERT INTO sessions (digest, key_digest, user_id, created_at, seen_at) VALUES ($1, $2, $3, $4, $5)`,
		s.Digest[:], s.KeyDigest[:], s.UserID, s.CreatedAt, s.SeenAt)
}

func (t *tx) DeleteSession(digest [32]byte) error {
	return t.exec(`DELETE FROM sessions WHERE digest = $1`, digest[:])
}

func (t *tx) SweepSessions(before int64) error {
	if err := t.exec(`DELETE FROM spent_forms WHERE spent_at < $1`, before); err != nil {
		return err
	}
	return t.exec(`DELETE FROM sessions WHERE created_at < $1`, before)
}

func (t *tx) FormSpent(form [32]byte) (bool, error) {
	var at int64
	return t.one([]any{&at}, `SELECT spent_at FROM spent_forms WHERE digest = $1`, form[:])
}

func (t *tx) SpendForm(form [32]byte, at int64) error {
	return t.exec(`INSERT INTO spent_forms (digest, spent_at) VALUES ($1, $2)`, form[:], at)
}
