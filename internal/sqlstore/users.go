package sqlstore

import (
	"fmt"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Owner remembers what it found, as nothing changes a user yet: the changes of
// one batch mostly come from few callers, and each read is a round trip on
// PostgreSQL while the head is held.
func (t *tx) Owner(kind org.OwnerType, id string) (org.Owner, bool, error) {
	if owner, ok := t.owners[id]; ok {
		return owner, true, nil
	}
	if kind != org.OwnerUser {
		return org.Owner{}, false, fmt.Errorf("a key is owned by %q, which this version does not know", kind)
	}
	owner := org.Owner{Type: kind, ID: id}
	ok, err := t.one([]any{&owner.Name, &owner.Email, &owner.Role, &owner.CreatedAt},
		`SELECT name, email, role, created_at FROM users WHERE id = $1`, id)
	if ok {
		if t.owners == nil {
			t.owners = make(map[string]org.Owner)
		}
		t.owners[id] = owner
	}
	return owner, ok, err
}

func (t *tx) FirstOwner() (org.User, bool, error) {
	u := org.User{Role: org.RoleOwner}
	ok, err := t.one([]any{&u.ID, &u.Name, &u.Email, &u.CreatedAt},
		`SELECT id, name, email, created_at FROM users WHERE role = 'owner' ORDER BY id LIMIT 1`)
	return u, ok, err
}

func (t *tx) InsertUser(u org.User) error {
	return t.exec(`INSERT INTO users (id, name, email, role, created_at) VALUES ($1, $2, $3, $4, $5)`,
		u.ID, u.Name, u.Email, string(u.Role), u.CreatedAt)
}
