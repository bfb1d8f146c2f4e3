package sqlstore

import (
	"context"
	"strings"

	"github.com/keyreeve/keyreeve/internal/org"
)

// The keys are picked before what belongs to them is joined. The limit ends the
// inner part, see pageOf: here it stands where @ does.
const (
	searched   = `kind, id, name, digest, redacted, created_at, expires_at, owner_type, owner_id, project_id`
	searchView = `SELECT k.kind, k.id, k.name, k.digest, k.redacted, k.created_at, k.expires_at, k.owner_type, k.owner_id, k.project_id,
COALESCE(u.name, a.name, ''), COALESCE(u.email, ''), COALESCE(u.role, ''), COALESCE(u.created_at, a.created_at, 0),
COALESCE(l.last_used_at, 0), CASE WHEN COALESCE(p.archived_at, 0) = 0 THEN 0 ELSE 1 END FROM (`
	searchJoins = `) k LEFT JOIN users u ON u.id = k.owner_id LEFT JOIN service_accounts a ON a.project_id = k.project_id AND a.id = k.owner_id
LEFT JOIN key_uses l ON l.key_id = k.id LEFT JOIN projects p ON p.id = k.project_id `

	// Two statements, since SQLite does not look up a row value by an index on an
	// expression.
	keysNamed = searchView + `SELECT ` + searched + ` FROM api_keys WHERE project_id = $1 AND lower(name) = $2 AND id > $3
ORDER BY id LIMIT @` + searchJoins + `ORDER BY k.id`
	keysNamedAfter = searchView + `SELECT ` + searched + ` FROM api_keys WHERE project_id = $1 AND lower(name) > $2 AND lower(name) < $3
ORDER BY lower(name), id LIMIT @` + searchJoins + `ORDER BY lower(k.name), k.id`

	// Admin keys are in no project. To say so would lead SQLite to the index of
	// names, and from there to a sort of all.
	adminKeysByRedacted = searchView + `SELECT ` + searched + ` FROM api_keys WHERE kind = 1 AND redacted IN ($1, $2, $3)
ORDER BY id DESC LIMIT @` + searchJoins + `ORDER BY k.id DESC`
	projectKeysByRedacted = searchView + `SELECT ` + searched + ` FROM api_keys WHERE kind <> 1 AND project_id = $1 AND redacted IN ($2, $3, $4)
ORDER BY id DESC LIMIT @` + searchJoins + `ORDER BY k.id DESC`
	adminKeysByOwner = searchView + `SELECT ` + searched + ` FROM api_keys WHERE kind = 1 AND owner_id IN
(SELECT id FROM users WHERE lower(name) LIKE $1 ESCAPE '\' OR lower(email) LIKE $1 ESCAPE '\') ORDER BY id DESC LIMIT @` + searchJoins + `ORDER BY k.id DESC`
	projectKeysByOwner = searchView + `SELECT ` + searched + ` FROM api_keys WHERE kind <> 1 AND project_id = $1 AND owner_id IN
(SELECT id FROM users WHERE lower(name) LIKE $2 ESCAPE '\' OR lower(email) LIKE $2 ESCAPE '\'
UNION ALL SELECT id FROM service_accounts WHERE project_id = $1 AND lower(name) LIKE $2 ESCAPE '\') ORDER BY id DESC LIMIT @` + searchJoins + `ORDER BY k.id DESC`
	keyByID = searchView + `SELECT ` + searched + ` FROM api_keys WHERE kind IN (1, 2, 3) AND id = $1` + searchJoins
)

// last sorts behind every text.
const last = "\U0010FFFF"

// KeysByName implements org.Store.
func (s *Store) KeysByName(ctx context.Context, projectID, prefix string, after org.KeyPlace, limit int) ([]org.KeyView, error) {
	prefix = foldASCII(prefix)
	from := max(prefix, foldASCII(after.Name))
	keys, err := limitedTo(ctx, s, scanView, keysNamed, limit, projectID, from, after.ID)
	if err != nil || len(keys) == limit {
		return keys, err
	}
	more, err := limitedTo(ctx, s, scanView, keysNamedAfter, limit-len(keys), projectID, from, prefix+last)
	return append(keys, more...), err
}

// KeysByRedacted implements org.Store. It reads the keys of the project, or all
// admin keys, until it has enough.
func (s *Store) KeysByRedacted(ctx context.Context, projectID string, forms [3]string, limit int) ([]org.KeyView, error) {
	if projectID == "" {
		return limitedTo(ctx, s, scanView, adminKeysByRedacted, limit, forms[0], forms[1], forms[2])
	}
	return limitedTo(ctx, s, scanView, projectKeysByRedacted, limit, projectID, forms[0], forms[1], forms[2])
}

// KeysByOwner implements org.Store. For admin keys it reads as KeysByRedacted does.
func (s *Store) KeysByOwner(ctx context.Context, projectID, part string, limit int) ([]org.KeyView, error) {
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(foldASCII(part)) + "%"
	if projectID == "" {
		return limitedTo(ctx, s, scanView, adminKeysByOwner, limit, pattern)
	}
	return limitedTo(ctx, s, scanView, projectKeysByOwner, limit, projectID, pattern)
}

// KeyByID implements org.Store.
func (s *Store) KeyByID(ctx context.Context, id string) (org.KeyView, bool, error) {
	return oneOf(ctx, s, scanView, keyByID, id)
}

func scanView(row scanner) (k org.KeyView, err error) {
	var digest []byte
	if err = row.Scan(&k.Kind, &k.ID, &k.Name, &digest, &k.Redacted, &k.CreatedAt, &k.ExpiresAt, &k.OwnerType, &k.OwnerID, &k.ProjectID,
		&k.Owner.Name, &k.Owner.Email, &k.Owner.Role, &k.Owner.CreatedAt, &k.LastUsedAt, &k.ProjectArchived); err != nil {
		return k, err
	}
	k.Owner.ID, k.Owner.Type = k.OwnerID, k.OwnerType
	k.Digest, err = storedDigest(k.ID, digest)
	return k, err
}
