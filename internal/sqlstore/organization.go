package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/keyreeve/keyreeve/internal/org"
)

const organizationRow = `SELECT id, created_at FROM organization`

// Organization implements org.Store.
func (s *Store) Organization(ctx context.Context) (org.Organization, error) {
	var o org.Organization
	err := s.queryRow(ctx, organizationRow).Scan(&o.ID, &o.CreatedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return o, &org.Refusal{Kind: org.NotFound, Message: "the database has no organization yet"}
	}
	return o, s.classify(err)
}

func (t *tx) Organization() (org.Organization, bool, error) {
	var o org.Organization
	ok, err := t.one([]any{&o.ID, &o.CreatedAt}, organizationRow)
	return o, ok, err
}

func (t *tx) InsertOrganization(o org.Organization) error {
	return t.exec(`INSERT INTO organization (id, created_at) VALUES ($1, $2)`, o.ID, o.CreatedAt)
}
