package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/org"
)

var _ org.KeyFinder = (*Store)(nil)

// KeyByDigest implements org.KeyFinder. There is no index on digests, see
// docs/decisions/0004-keys-table.md: it reads the whole table.
func (s *Store) KeyByDigest(ctx context.Context, digest [32]byte) (org.KeyView, bool, error) {
	var k org.KeyView
	err := s.queryRow(ctx, `SELECT k.kind, k.id, k.name, k.redacted, k.created_at, k.expires_at, k.owner_type, k.owner_id, k.project_id,
COALESCE(u.name, a.name, ''), COALESCE(u.email, ''), COALESCE(u.role, ''), COALESCE(u.created_at, a.created_at, 0),
COALESCE(l.last_used_at, 0), COALESCE(p.archived_at, 0)
FROM api_keys k LEFT JOIN users u ON u.id = k.owner_id LEFT JOIN service_accounts a ON a.project_id = k.project_id AND a.id = k.owner_id LEFT JOIN key_uses l ON l.key_id = k.id LEFT JOIN projects p ON p.id = k.project_id
WHERE k.digest = $1`, digest[:]).Scan(&k.Kind, &k.ID, &k.Name, &k.Redacted, &k.CreatedAt, &k.ExpiresAt, &k.OwnerType, &k.OwnerID, &k.ProjectID,
		&k.Owner.Name, &k.Owner.Email, &k.Owner.Role, &k.Owner.CreatedAt, &k.LastUsedAt, &k.ProjectArchivedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return org.KeyView{}, false, nil
	}
	k.Digest, k.Owner.ID, k.Owner.Type = digest, k.OwnerID, k.OwnerType
	return k, err == nil, s.classify(err)
}

// KeyEnd implements org.KeyFinder. It reads the log up to three times. Quotes in
// a name are escaped in a record, so no name is taken for an effect.
func (s *Store) KeyEnd(ctx context.Context, digest [32]byte) (org.KeyEnd, bool, error) {
	text := hex.EncodeToString(digest[:])
	e, ok, err := s.eventLike(ctx, 0, `%"key_removed":{"digest":"`+text+`"}%`)
	if ok || err != nil {
		return org.KeyEnd{KeyID: e.Resource, Event: e}, ok, err
	}
	added, ok, err := s.eventLike(ctx, 0, `%"digest":"`+text+`"%`)
	if !ok || err != nil {
		return org.KeyEnd{}, false, err
	}
	key, err := s.addedKey(ctx, added.Revision, digest)
	if err != nil {
		return org.KeyEnd{}, false, err
	}
	for _, pattern := range []string{
		fmt.Sprintf(`%%"keys_removed":{"owner_type":%q,"owner_id":%q,"project_id":%q}%%`, key.OwnerType, key.OwnerID, key.ProjectID),
		fmt.Sprintf(`%%"owner_set":{"type":%q,"id":%q,%%"removed":true}%%`, key.OwnerType, key.OwnerID),
	} {
		if e, ok, err = s.eventLike(ctx, added.Revision, pattern); ok || err != nil {
			break
		}
	}
	return org.KeyEnd{KeyID: key.ID, Event: e}, ok, err
}

// ProjectEnd implements org.KeyFinder.
func (s *Store) ProjectEnd(ctx context.Context, projectID string) (org.StoredEvent, bool, error) {
	return oneOf(ctx, s, scanEvent, eventsBriefly+` WHERE resource_id = $1 AND type = $2 ORDER BY revision LIMIT 1`, projectID, string(org.EventProjectArchived))
}

// eventLike returns the first event after a revision whose record is like a
// pattern, without the record.
func (s *Store) eventLike(ctx context.Context, after int64, pattern string) (org.StoredEvent, bool, error) {
	return oneOf(ctx, s, scanEvent, eventsBriefly+` WHERE revision > $1 AND record LIKE $2 ORDER BY revision LIMIT 1`, after, pattern)
}

const eventsBriefly = `SELECT revision, id, type, at, actor_id, resource_id, project_id FROM events`

// scanEvent reads an event without its record.
func scanEvent(row scanner) (e org.StoredEvent, err error) {
	err = row.Scan(&e.Revision, &e.ID, &e.Type, &e.At, &e.ActorID, &e.Resource, &e.ProjectID)
	return e, err
}

// addedKey returns the key that an event added.
func (s *Store) addedKey(ctx context.Context, revision int64, digest [32]byte) (key org.KeyAdded, err error) {
	var record string
	if err := s.queryRow(ctx, `SELECT record FROM events WHERE revision = $1`, revision).Scan(&record); err != nil {
		return key, s.classify(err)
	}
	e, err := org.DecodeRecord([]byte(record))
	if err != nil {
		return key, err
	}
	for _, effect := range e.Effects {
		if added, ok := effect.(org.KeyAdded); ok && added.Digest == digest {
			return added, nil
		}
	}
	return key, fmt.Errorf("event %s names a digest, but adds no such key", e.ID)
}
