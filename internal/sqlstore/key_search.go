package sqlstore

import (
	"context"
	"strconv"
	"strings"

	"github.com/keyreeve/keyreeve/internal/org"
)

// The keys are picked before what belongs to them is joined. The limit ends the
// inner part, see pageOf: here it stands where @ does.
const (
	searched   = `kind, id, name, digest, redacted, created_at, expires_at, owner_type, owner_id, project_id`
	searchView = `SELECT k.kind, k.id, k.name, k.digest, k.redacted, k.created_at, k.expires_at, k.owner_type, k.owner_id, k.project_id,
COALESCE(u.name, a.name, ''), COALESCE(u.email, ''), COALESCE(u.role, ''), COALESCE(u.created_at, a.created_at, 0),
COALESCE(l.last_used_at, 0), COALESCE(p.archived_at, 0) FROM (`
	searchJoins = `) k LEFT JOIN users u ON u.id = k.owner_id LEFT JOIN service_accounts a ON a.project_id = k.project_id AND a.id = k.owner_id
LEFT JOIN key_uses l ON l.key_id = k.id LEFT JOIN projects p ON p.id = k.project_id `

	// Two statements, since SQLite does not look up a row value by an index on an
	// expression.
	keysNamed = searchView + `SELECT ` + searched + ` FROM api_keys WHERE project_id = $1 AND lower(name) = $2 AND id > $3
ORDER BY id LIMIT @` + searchJoins + `ORDER BY k.id`
	keysNamedAfter = searchView + `SELECT ` + searched + ` FROM api_keys WHERE project_id = $1 AND lower(name) > $2 AND lower(name) < $3
ORDER BY lower(name), id LIMIT @` + searchJoins + `ORDER BY lower(k.name), k.id`

	// What no index finds is looked for among some keys at a time: those from an id
	// down to another. Admin keys are in no project. To say so would lead SQLite to
	// the index of names, and from there to a sort of all.
	matching = ` AND (redacted IN ($3, $4, $5) OR lower(name) LIKE $6 ESCAPE '\' OR owner_id IN
(SELECT id FROM users WHERE lower(name) LIKE $6 ESCAPE '\' OR lower(email) LIKE $6 ESCAPE '\'`
	notPrefixed       = `)) AND NOT lower(name) LIKE $7 ESCAPE '\' ORDER BY id DESC LIMIT @` + searchJoins + `ORDER BY k.id DESC`
	adminKeysMatching = searchView + `SELECT ` + searched + ` FROM api_keys WHERE kind = 1 AND id < $1 AND id >= $2` + matching +
		notPrefixed
	projectKeysMatching = searchView + `SELECT ` + searched + ` FROM api_keys WHERE kind <> 1 AND project_id = $8 AND id < $1 AND id >= $2` + matching +
		` UNION ALL SELECT id FROM service_accounts WHERE project_id = $8 AND lower(name) LIKE $6 ESCAPE '\'` + notPrefixed

	// The last of the keys that one statement looks at, or nothing where those are all.
	adminKeysReach   = `SELECT CASE WHEN COUNT(*) < 50000 THEN '' ELSE MIN(id) END FROM (SELECT id FROM api_keys WHERE kind = 1 AND id < $1 ORDER BY id DESC LIMIT 50000) k`
	projectKeysReach = `SELECT CASE WHEN COUNT(*) < 50000 THEN '' ELSE MIN(id) END FROM
(SELECT id FROM api_keys WHERE kind <> 1 AND project_id = $2 AND id < $1 ORDER BY id DESC LIMIT 50000) k`

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

// KeysMatching implements org.Store, over a connection of its own: however many
// search, the readers of the API have theirs.
func (s *Store) KeysMatching(ctx context.Context, m org.KeyMatch, below string, limit int) (keys []org.KeyView, next string, err error) {
	if below == "" {
		below = behindIDs
	}
	text, reach, project := adminKeysMatching, adminKeysReach, []any(nil)
	if m.ProjectID != "" {
		text, reach, project = projectKeysMatching, projectKeysReach, []any{m.ProjectID}
	}
	if err := s.search.QueryRowContext(ctx, s.dialect.statement(reach), append([]any{below}, project...)...).Scan(&next); err != nil {
		return nil, "", s.classify(err)
	}
	part := likePart(m.Text)
	args := []any{below, next, m.Forms[0], m.Forms[1], m.Forms[2], "%" + part + "%", part + "%"}
	rows, err := s.search.QueryContext(ctx, s.dialect.statement(strings.Replace(text, "@", strconv.Itoa(limit), 1)), append(args, project...)...)
	if err != nil {
		return nil, "", s.classify(err)
	}
	if keys, err = allOf(s, rows, scanView); len(keys) == limit {
		next = keys[limit-1].ID
	}
	return keys, next, err
}

// likePart is a text as LIKE takes it, where ESCAPE '\' follows.
func likePart(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(foldASCII(text))
}

// KeyByID implements org.Store.
func (s *Store) KeyByID(ctx context.Context, id string) (org.KeyView, bool, error) {
	return oneOf(ctx, s, scanView, keyByID, id)
}

func scanView(row scanner) (k org.KeyView, err error) {
	var digest []byte
	if err = row.Scan(&k.Kind, &k.ID, &k.Name, &digest, &k.Redacted, &k.CreatedAt, &k.ExpiresAt, &k.OwnerType, &k.OwnerID, &k.ProjectID,
		&k.Owner.Name, &k.Owner.Email, &k.Owner.Role, &k.Owner.CreatedAt, &k.LastUsedAt, &k.ProjectArchivedAt); err != nil {
		return k, err
	}
	k.Owner.ID, k.Owner.Type = k.OwnerID, k.OwnerType
	k.Digest, err = storedDigest(k.ID, digest)
	return k, err
}
