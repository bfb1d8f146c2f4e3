package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Snapshot implements org.Store.
func (s *Store) Snapshot(ctx context.Context, visit org.SnapshotVisitor) (org.Head, error) {
	head, err := s.snapshot(ctx, visit)
	var refused visitorError
	switch {
	case err == nil:
		return head, nil
	case errors.As(err, &refused):
		return head, refused.error
	default:
		return head, s.classify(fmt.Errorf("read a snapshot: %w", err))
	}
}

// visitorError is not storage's.
type visitorError struct{ error }

func visited(err error) error {
	if err != nil {
		return visitorError{err}
	}
	return nil
}

func (s *Store) snapshot(ctx context.Context, visit org.SnapshotVisitor) (org.Head, error) {
	views, head, err := s.views(ctx, maxViews)
	defer func() {
		for _, v := range views {
			_ = v.Rollback() // it only read
		}
	}()
	if err != nil {
		return head, err
	}
	if err := snapshotUsers(ctx, views[0], visit); err != nil {
		return head, err
	}
	if err := snapshotProjects(ctx, views[0], visit); err != nil {
		return head, err
	}
	return head, snapshotKeys(ctx, views, visit)
}

// maxViews is how many connections read a snapshot.
const maxViews = 4

// views opens transactions that all see the state of one head: one, and as many
// others as turn out to see the same. Nothing of a snapshot but use times
// changes without the head.
func (s *Store) views(ctx context.Context, most int) (views []*sql.Tx, head org.Head, err error) {
	for len(views) < min(most, runtime.GOMAXPROCS(0)) {
		tx, err := s.read.BeginTx(ctx, &sql.TxOptions{Isolation: s.dialect.snapshotIsolation(), ReadOnly: true})
		if err != nil {
			return views, head, err
		}
		views = append(views, tx)
		if err := s.dialect.unbound(ctx, tx); err != nil {
			return views, head, err
		}
		seen, err := scanHead(tx.QueryRowContext(ctx, headRow))
		if err != nil {
			return views, head, err
		}
		if len(views) == 1 {
			head = seen
		}
		if seen != head {
			return views[:len(views)-1], head, tx.Rollback()
		}
	}
	return views, head, nil
}

func snapshotUsers(ctx context.Context, tx *sql.Tx, visit org.SnapshotVisitor) error {
	return each(ctx, tx, func(rows *sql.Rows) error {
		var u org.User
		if err := rows.Scan(&u.ID, &u.Name, &u.Email, &u.Role, &u.CreatedAt); err != nil {
			return err
		}
		return visited(visit.User(u))
	}, `SELECT id, name, email, role, created_at FROM users`)
}

func snapshotProjects(ctx context.Context, tx *sql.Tx, visit org.SnapshotVisitor) error {
	return each(ctx, tx, func(rows *sql.Rows) error {
		var p org.Project
		if err := rows.Scan(&p.ID, &p.Name, &p.Default, &p.CreatedAt, &p.ArchivedAt); err != nil {
			return err
		}
		return visited(visit.Project(p))
	}, `SELECT id, name, is_default, created_at, archived_at FROM projects`)
}

// each calls row for each row of a query.
func each(ctx context.Context, tx *sql.Tx, row func(*sql.Rows) error, query string, args ...any) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
