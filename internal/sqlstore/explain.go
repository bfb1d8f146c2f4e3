package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"

	"github.com/keyreeve/keyreeve/internal/org"
)

var _ org.KeyFinder = (*Store)(nil)

// KeyByDigest implements org.KeyFinder. There is no index on digests, see
// docs/decisions/0004-keys-table.md: it reads the whole table.
func (s *Store) KeyByDigest(ctx context.Context, digest [32]byte) (org.KeyView, bool, error) {
	var k org.KeyView
	err := s.queryRow(ctx, `SELECT k.kind, k.id, k.name, k.redacted, k.created_at, k.expires_at, k.owner_type, k.owner_id, k.project_id,
COALESCE(u.name, a.name, ''), COALESCE(u.email, ''), COALESCE(u.role, ''), COALESCE(u.created_at, a.created_at, 0),
COALESCE(l.last_used_at, 0), CASE WHEN COALESCE(p.archived_at, 0) = 0 THEN 0 ELSE 1 END
FROM api_keys k LEFT JOIN users u ON u.id = k.owner_id LEFT JOIN service_accounts a ON a.id = k.owner_id LEFT JOIN key_uses l ON l.key_id = k.id LEFT JOIN projects p ON p.id = k.project_id
WHERE k.digest = $1`, digest[:]).Scan(&k.Kind, &k.ID, &k.Name, &k.Redacted, &k.CreatedAt, &k.ExpiresAt, &k.OwnerType, &k.OwnerID, &k.ProjectID,
		&k.Owner.Name, &k.Owner.Email, &k.Owner.Role, &k.Owner.CreatedAt, &k.LastUsedAt, &k.ProjectArchived)
	if errors.Is(err, sql.ErrNoRows) {
		return org.KeyView{}, false, nil
	}
	k.Digest, k.Owner.ID, k.Owner.Type = digest, k.OwnerID, k.OwnerType
	return k, err == nil, s.classify(err)
}

// Removal implements org.KeyFinder: the newest event whose effect removed the
// key. It reads the whole log.
func (s *Store) Removal(ctx context.Context, digest [32]byte) (org.StoredEvent, bool, error) {
	var e org.StoredEvent
	err := s.queryRow(ctx, `SELECT revision, id, type, at, actor_id, resource_id FROM events
WHERE record LIKE $1 ORDER BY revision DESC LIMIT 1`, `%"key_removed":{"digest":"`+hex.EncodeToString(digest[:])+`"}%`).
		Scan(&e.Revision, &e.ID, &e.Type, &e.At, &e.ActorID, &e.Resource)
	if errors.Is(err, sql.ErrNoRows) {
		return org.StoredEvent{}, false, nil
	}
	return e, err == nil, s.classify(err)
}
