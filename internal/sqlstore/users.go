package sqlstore

import (
	"context"
	"slices"

	"github.com/keyreeve/keyreeve/internal/org"
)

const (
	userColumns     = `SELECT id, name, email, role, created_at, technical_level, developer_persona FROM users`
	userByID        = userColumns + ` WHERE id = $1`
	userByEmail     = userColumns + ` WHERE lower(email) = $1`
	usersAfter      = userColumns + ` WHERE id > $1 ORDER BY id`
	usersByEmails   = userColumns + ` WHERE id > $1 AND lower(email) IN `
	usersFirstOwner = userColumns + ` WHERE role = 'owner' ORDER BY id LIMIT 1`
)

func scanUser(row scanner) (u org.User, err error) {
	err = row.Scan(&u.ID, &u.Name, &u.Email, &u.Role, &u.CreatedAt, &u.TechnicalLevel, &u.DeveloperPersona)
	return u, err
}

// Users implements org.Store (list-users).
func (s *Store) Users(ctx context.Context, page org.UserPage) ([]org.User, error) {
	if len(page.Emails) == 0 {
		text, after := newestFirst(page.Page, usersAfter)
		return pageOf(ctx, s, scanUser, text, page.Limit, after)
	}
	// As many placeholders as the next power of two has: each number of them is
	// a statement to prepare and to keep.
	n := powerOfTwo(len(page.Emails))
	text, after := newestFirst(page.Page, usersByEmails+placeholders(2, n)+` ORDER BY id`)
	args := []any{after}
	for _, email := range page.Emails {
		args = append(args, foldASCII(email))
	}
	for len(args) < 1+n {
		args = append(args, args[1])
	}
	return pageOf(ctx, s, scanUser, text, page.Limit, args...)
}

// User implements org.Store (retrieve-user).
func (s *Store) User(ctx context.Context, id string) (org.User, bool, error) {
	return oneOf(ctx, s, scanUser, userByID, id)
}

// foldASCII is lower() of both engines as their schemas have it.
func foldASCII(text string) string { return org.FoldASCII(text) }

// Owner remembers what it found until a principal changes: the changes of one
// batch mostly come from few callers, and each read is a round trip on
// PostgreSQL while the head is held.
func (t *tx) Owner(kind org.OwnerType, id string) (org.Owner, bool, error) {
	if owner, ok := t.owners[id]; ok && owner.Type == kind {
		return owner, true, nil
	}
	owner := org.Owner{Type: kind, ID: id}
	var ok bool
	var err error
	if kind == org.OwnerServiceAccount {
		ok, err = t.one([]any{&owner.Name, &owner.CreatedAt}, `SELECT name, created_at FROM service_accounts WHERE id = $1`, id)
	} else {
		ok, err = t.one([]any{&owner.Name, &owner.Email, &owner.Role, &owner.CreatedAt},
			`SELECT name, email, role, created_at FROM users WHERE id = $1`, id)
	}
	if ok {
		if t.owners == nil {
			t.owners = make(map[string]org.Owner)
		}
		t.owners[id] = owner
	}
	return owner, ok, err
}

func (t *tx) User(id string) (org.User, bool, error) { return t.user(userByID, id) }

func (t *tx) UserByEmail(email string) (org.User, bool, error) {
	return t.user(userByEmail, foldASCII(email))
}

func (t *tx) FirstOwner() (org.User, bool, error) { return t.user(usersFirstOwner) }

func (t *tx) user(text string, args ...any) (org.User, bool, error) {
	return txOneOf(t, scanUser, text, args...)
}

func (t *tx) OtherOwner(id string) (bool, error) {
	var other string
	return t.one([]any{&other}, `SELECT id FROM users WHERE role = 'owner' AND id <> $1 LIMIT 1`, id)
}

func (t *tx) InsertUser(u org.User) error {
	return t.exec(`INSERT INTO users (id, name, email, role, created_at, technical_level, developer_persona) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		u.ID, u.Name, u.Email, string(u.Role), u.CreatedAt, u.TechnicalLevel, u.DeveloperPersona)
}

func (t *tx) UpdateUser(u org.User) error {
	delete(t.owners, u.ID)
	return t.exec(`UPDATE users SET role = $1, technical_level = $2, developer_persona = $3 WHERE id = $4`,
		string(u.Role), u.TechnicalLevel, u.DeveloperPersona, u.ID)
}

// AdminKeysOf implements org.Store. Admin keys have no index by owner: it would
// cost each one that is made, and few users are ever deleted.
func (s *Store) AdminKeysOf(ctx context.Context, userID string) (seen org.KeysSeen, err error) {
	head, err := s.Head(ctx) // first: what is committed later has greater ids
	if err != nil {
		return seen, err
	}
	seen.Until = org.PrefixKey + head.LastID.String()
	rows, err := s.query(ctx, `SELECT id FROM api_keys WHERE kind = 1 AND owner_id = $1 ORDER BY id`, userID)
	if err != nil {
		return seen, s.classify(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return seen, s.classify(err)
		}
		seen.IDs = append(seen.IDs, id)
	}
	return seen, s.classify(rows.Err())
}

func (t *tx) DeleteUser(id string, seen org.KeysSeen) error {
	if err := t.deleteKeysOf(id); err != nil {
		return err
	}
	for chunk := range slices.Chunk(seen.IDs, maxDeleteRows) {
		if err := t.deleteAdminKeys(chunk); err != nil {
			return err
		}
	}
	for _, text := range []string{
		`DELETE FROM key_uses WHERE key_id IN (SELECT id FROM api_keys WHERE kind = 1 AND id > $1 AND owner_id = $2)`,
		`DELETE FROM api_keys WHERE kind = 1 AND id > $1 AND owner_id = $2`,
	} {
		if err := t.exec(text, seen.Until, id); err != nil {
			return err
		}
	}
	for _, text := range []string{
		`DELETE FROM project_users WHERE user_id = $1`,
		`DELETE FROM users WHERE id = $1`,
	} {
		if err := t.exec(text, id); err != nil {
			return err
		}
	}
	return nil
}

// maxDeleteRows bounds one statement, see powerOfTwo.
const maxDeleteRows = 512

// deleteAdminKeys deletes at most maxDeleteRows keys.
func (t *tx) deleteAdminKeys(ids []string) error {
	args := make([]any, 0, maxDeleteRows)
	for _, id := range ids {
		args = append(args, id)
	}
	for n := powerOfTwo(len(ids)); len(args) < n; {
		args = append(args, "") // no key has this id
	}
	if err := t.exec(`DELETE FROM key_uses WHERE key_id IN `+placeholders(1, len(args)), args...); err != nil {
		return err
	}
	return t.exec(`DELETE FROM api_keys WHERE kind = 1 AND id IN `+placeholders(1, len(args)), args...)
}

// deleteKeysOf deletes the project keys of a user or service account in all
// projects, and forgets what this transaction knows of keys and of their owner.
func (t *tx) deleteKeysOf(ownerID string) error {
	delete(t.owners, ownerID)
	clear(t.keys)
	if err := t.exec(`DELETE FROM key_uses WHERE key_id IN (SELECT id FROM api_keys WHERE kind <> 1 AND owner_id = $1)`, ownerID); err != nil {
		return err
	}
	return t.exec(`DELETE FROM api_keys WHERE kind <> 1 AND owner_id = $1`, ownerID)
}
