package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Snapshot implements org.Store.
func (s *Store) Snapshot(ctx context.Context, visit org.SnapshotVisitor) (org.Head, error) {
	head, err := s.snapshot(ctx, visit)
	if err != nil {
		err = s.classify(fmt.Errorf("read a snapshot: %w", err))
	}
	return head, err
}

func (s *Store) snapshot(ctx context.Context, visit org.SnapshotVisitor) (org.Head, error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{Isolation: s.dialect.snapshotIsolation(), ReadOnly: true})
	if err != nil {
		return org.Head{}, err
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	if err := s.dialect.unbound(ctx, tx); err != nil {
		return org.Head{}, err
	}
	head, err := scanHead(tx.QueryRowContext(ctx, `SELECT revision, hash, last_id FROM log_head WHERE id = 1`))
	if err != nil {
		return head, err
	}
	err = each(ctx, tx, `SELECT id, name, email, role, created_at FROM users`, func(rows *sql.Rows) error {
		var u org.User
		if err := rows.Scan(&u.ID, &u.Name, &u.Email, &u.Role, &u.CreatedAt); err != nil {
			return err
		}
		return visit.User(u)
	})
	if err != nil {
		return head, err
	}
	err = each(ctx, tx, `SELECT id, name, created_at, archived_at FROM projects`, func(rows *sql.Rows) error {
		var p org.Project
		if err := rows.Scan(&p.ID, &p.Name, &p.CreatedAt, &p.ArchivedAt); err != nil {
			return err
		}
		return visit.Project(p)
	})
	if err != nil {
		return head, err
	}
	// Names and redacted forms stay behind: a million keys are read at start.
	var digest sql.RawBytes
	err = each(ctx, tx, `SELECT k.id, k.kind, k.digest, k.owner_type, k.owner_id, k.project_id, k.expires_at, COALESCE(l.last_used_at, 0)
FROM api_keys k LEFT JOIN key_uses l ON l.key_id = k.id`, func(rows *sql.Rows) error {
		var k org.SnapshotKey
		if err := rows.Scan(&k.ID, &k.Kind, &digest, &k.OwnerType, &k.OwnerID, &k.ProjectID, &k.ExpiresAt, &k.LastUsedAt); err != nil {
			return err
		}
		if len(digest) != len(k.Digest) {
			return fmt.Errorf("key %s has a digest of %d bytes", k.ID, len(digest))
		}
		copy(k.Digest[:], digest)
		return visit.Key(k)
	})
	return head, err
}

func each(ctx context.Context, tx *sql.Tx, query string, row func(*sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
