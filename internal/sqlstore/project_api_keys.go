package sqlstore

import (
	"context"

	"github.com/keyreeve/keyreeve/internal/org"
)

// As with admin keys the page is cut out before owners and uses are joined to
// it. The owner is a user, whose role is that of its membership, or a service
// account.
const (
	projectKeyColumns = `SELECT k.id, k.project_id, k.kind, k.name, k.redacted, k.digest, k.created_at, k.expires_at, COALESCE(l.last_used_at, 0),
k.owner_type, k.owner_id, COALESCE(u.name, a.name, ''), COALESCE(u.email, ''), COALESCE(m.role, a.role, ''), COALESCE(u.created_at, a.created_at, 0) FROM `
	projectKeyPage  = `id, project_id, kind, name, redacted, digest, created_at, expires_at, owner_type, owner_id`
	projectKeyJoins = ` k LEFT JOIN users u ON u.id = k.owner_id LEFT JOIN project_users m ON m.project_id = k.project_id AND m.user_id = k.owner_id
LEFT JOIN service_accounts a ON a.project_id = k.project_id AND a.id = k.owner_id LEFT JOIN key_uses l ON l.key_id = k.id `

	projectKeysAfter = projectKeyColumns + `(SELECT ` + projectKeyPage + ` FROM api_keys WHERE kind <> 1 AND project_id = $1 AND id > $2 ORDER BY id LIMIT @)` +
		projectKeyJoins + `ORDER BY k.id`
	projectKeysBefore = projectKeyColumns + `(SELECT ` + projectKeyPage + ` FROM api_keys WHERE kind <> 1 AND project_id = $1 AND id < $2 ORDER BY id DESC LIMIT @)` +
		projectKeyJoins + `ORDER BY k.id DESC`
	projectKeyByID = projectKeyColumns + `api_keys` + projectKeyJoins + `WHERE k.kind <> 1 AND k.project_id = $1 AND k.id = $2`
)

func scanProjectKey(row scanner) (key org.ProjectAPIKey, err error) {
	var digest []byte
	o := &key.Owner
	if err = row.Scan(&key.ID, &key.ProjectID, &key.Kind, &key.Name, &key.Redacted, &digest, &key.CreatedAt, &key.ExpiresAt, &key.LastUsedAt,
		&o.Type, &o.ID, &o.Name, &o.Email, &o.Role, &o.CreatedAt); err != nil {
		return key, err
	}
	key.Digest, err = storedDigest(key.ID, digest)
	return key, err
}

// ProjectAPIKeys implements org.Store (list-project-api-keys).
func (s *Store) ProjectAPIKeys(ctx context.Context, projectID string, page org.Page) ([]org.ProjectAPIKey, error) {
	text, after := projectKeysAfter, page.After
	if page.Descending {
		text = projectKeysBefore
		if after == "" {
			after = "~" // sorts behind every id
		}
	}
	return limitedTo(ctx, s, scanProjectKey, text, page.Limit, projectID, after)
}

// ProjectAPIKey implements org.Store (retrieve-project-api-key).
func (s *Store) ProjectAPIKey(ctx context.Context, projectID, id string) (org.ProjectAPIKey, bool, error) {
	return oneOf(ctx, s, scanProjectKey, projectKeyByID, projectID, id)
}
