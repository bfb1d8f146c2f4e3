package sqlstore

import (
	"context"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/org"
)

// The page is cut out before owners and uses are joined to it, so that no
// engine can think of joining first. Admin keys, of kind 1, belong to users.
const (
	adminKeyColumns = `SELECT k.id, k.name, k.redacted, k.digest, k.created_at, k.expires_at, COALESCE(l.last_used_at, 0),
k.owner_type, k.owner_id, COALESCE(u.name, ''), COALESCE(u.email, ''), COALESCE(u.role, ''), COALESCE(u.created_at, 0) FROM `
	adminKeyPage  = `id, name, redacted, digest, created_at, expires_at, owner_type, owner_id`
	adminKeyJoins = ` k LEFT JOIN users u ON u.id = k.owner_id LEFT JOIN key_uses l ON l.key_id = k.id `

	adminKeysAscending = adminKeyColumns + `(SELECT ` + adminKeyPage + ` FROM api_keys WHERE kind = 1 AND id > $1 ORDER BY id LIMIT @)` +
		adminKeyJoins + `ORDER BY k.id`
	adminKeysDescending = adminKeyColumns + `(SELECT ` + adminKeyPage + ` FROM api_keys WHERE kind = 1 AND id < $1 ORDER BY id DESC LIMIT @)` +
		adminKeyJoins + `ORDER BY k.id DESC`
	adminKeyByID = adminKeyColumns + `api_keys` + adminKeyJoins + `WHERE k.kind = 1 AND k.id = $1`
)

// AdminAPIKeys implements org.Store (admin-api-keys-list).
func (s *Store) AdminAPIKeys(ctx context.Context, page org.Page) ([]org.AdminAPIKey, error) {
	text, after := adminKeysAscending, page.After
	if page.Descending {
		text = adminKeysDescending
		if after == "" {
			after = "~" // sorts behind every id
		}
	}
	return limitedTo(ctx, s, scanAdminKey, text, page.Limit, after)
}

// AdminAPIKey implements org.Store (admin-api-keys-get).
func (s *Store) AdminAPIKey(ctx context.Context, id string) (org.AdminAPIKey, bool, error) {
	return oneOf(ctx, s, scanAdminKey, adminKeyByID, id)
}

func scanAdminKey(row scanner) (key org.AdminAPIKey, err error) {
	var digest []byte
	o := &key.Owner
	if err = row.Scan(&key.ID, &key.Name, &key.Redacted, &digest, &key.CreatedAt, &key.ExpiresAt, &key.LastUsedAt,
		&o.Type, &o.ID, &o.Name, &o.Email, &o.Role, &o.CreatedAt); err != nil {
		return key, err
	}
	key.Digest, err = storedDigest(key.ID, digest)
	return key, err
}

// storedDigest is the digest that a row has of a key.
func storedDigest(keyID string, stored []byte) (digest [32]byte, err error) {
	if copy(digest[:], stored) != len(digest) || len(stored) != len(digest) {
		return digest, fmt.Errorf("key %s has a digest of %d bytes", keyID, len(stored))
	}
	return digest, nil
}

// Key remembers what it read, as Owner does: each change looks at its caller's
// key.
func (t *tx) Key(kind org.KeyKind, id string) (org.Key, bool, error) {
	if key, ok := t.keys[id]; ok && key.Kind == kind {
		return key, true, nil
	}
	key := org.Key{ID: id, Kind: kind}
	var digest []byte
	ok, err := t.one([]any{&key.Name, &digest, &key.Redacted, &key.CreatedAt, &key.ExpiresAt, &key.OwnerType, &key.OwnerID, &key.ProjectID},
		`SELECT name, digest, redacted, created_at, expires_at, owner_type, owner_id, project_id FROM api_keys WHERE kind = $1 AND id = $2`,
		int(kind), id)
	copy(key.Digest[:], digest)
	if ok {
		if t.keys == nil {
			t.keys = make(map[string]org.Key)
		}
		t.keys[id] = key
	}
	return key, ok, err
}

func (t *tx) OtherUsableAdminKey(id string, now int64) (bool, error) {
	var other string
	return t.one([]any{&other}, `SELECT k.id FROM api_keys k JOIN users u ON u.id = k.owner_id
WHERE k.kind = 1 AND k.id <> $1 AND (k.expires_at = 0 OR k.expires_at > $2) AND u.role = 'owner' LIMIT 1`, id, now)
}

func (t *tx) UsableAdminKeyWithout(userID string, now int64) (bool, error) {
	var other string
	return t.one([]any{&other}, `SELECT k.id FROM api_keys k JOIN users u ON u.id = k.owner_id
WHERE k.kind = 1 AND k.owner_id <> $1 AND (k.expires_at = 0 OR k.expires_at > $2) AND u.role = 'owner' LIMIT 1`, userID, now)
}

func (t *tx) InsertKey(k org.Key) error {
	return t.exec(`INSERT INTO api_keys (kind, id, name, digest, redacted, created_at, expires_at, owner_type, owner_id, project_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		int(k.Kind), k.ID, k.Name, k.Digest[:], k.Redacted, k.CreatedAt, k.ExpiresAt, string(k.OwnerType), k.OwnerID, k.ProjectID)
}

func (t *tx) DeleteKey(kind org.KeyKind, id string) error {
	delete(t.keys, id)
	if err := t.exec(`DELETE FROM api_keys WHERE kind = $1 AND id = $2`, int(kind), id); err != nil {
		return err
	}
	return t.exec(`DELETE FROM key_uses WHERE key_id = $1`, id)
}
