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
	for _, read := range []func() error{
		func() error { return visitAll(ctx, views[0], scanUser, visit.User, userColumns) },
		func() error {
			return visitAll(ctx, views[0], scanServiceAccount, visit.ServiceAccount, serviceAccountColumns)
		},
		func() error { return visitAll(ctx, views[0], scanProject, visit.Project, projectColumns) },
		func() error { return visitAll(ctx, views[0], scanRateLimit, visit.RateLimit, rateLimitColumns) },
	} {
		if err := read(); err != nil {
			return head, err
		}
	}
	if visit.Key == nil {
		return head, nil
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

// visitAll reads all rows of a query, unless nobody visits them.
func visitAll[T any](ctx context.Context, tx *sql.Tx, scan func(scanner) (T, error), visit func(T) error, query string) error {
	if visit == nil {
		return nil
	}
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return err
		}
		if err := visit(item); err != nil {
			return visitorError{err}
		}
	}
	return rows.Err()
}
