package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/keyreeve/keyreeve/internal/fleet"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// Replicas is the fleet's table: a fleet.Store. It has connections of its own,
// so that heartbeats do not wait behind lists.
type Replicas struct {
	db      *sql.DB
	dialect dialect
}

var _ fleet.Store = (*Replicas)(nil)

// Replicas returns the replicas of the database.
func (s *Store) Replicas() *Replicas { return &Replicas{s.replicas, s.dialect} }

// ManyReplicas reports whether the database may have several servers at once.
func (s *Store) ManyReplicas() bool { return s.dialect.shared() }

// Listen calls wake whenever the log may have moved, until ctx ends. It may miss
// some: who needs all reads the log as well.
func (s *Store) Listen(ctx context.Context, wake func()) { s.dialect.listen(ctx, wake, s.logger) }

func (r *Replicas) fail(what string, err error) error {
	if err == nil {
		return nil
	}
	return classify(r.dialect, fmt.Errorf("%s: %w", what, err))
}

// Terms implements fleet.Store.
func (r *Replicas) Terms(ctx context.Context) (verify.Terms, error) {
	terms, err := scanTerms(r.db.QueryRowContext(ctx, `SELECT lease_ms, grace_ms FROM fleet WHERE id = 1`))
	return terms, r.fail("read the fleet's settings", err)
}

// lockTerms makes joining and changing the terms wait for each other.
const lockTerms = `UPDATE fleet SET lease_ms = lease_ms WHERE id = 1 RETURNING lease_ms, grace_ms`

func scanTerms(row scanner) (verify.Terms, error) {
	var lease, grace int64
	err := row.Scan(&lease, &grace)
	return verify.Terms{Lease: time.Duration(lease) * time.Millisecond, Grace: time.Duration(grace) * time.Millisecond}, err
}

// Agree implements fleet.Store.
func (r *Replicas) Agree(ctx context.Context, want verify.Terms) (agreed verify.Terms, err error) {
	err = r.durably(ctx, func(tx *sql.Tx) error {
		if agreed, err = scanTerms(tx.QueryRowContext(ctx, lockTerms)); err != nil || agreed == want {
			return err
		}
		agreed, err = scanTerms(tx.QueryRowContext(ctx, `UPDATE fleet SET
lease_ms = CASE WHEN EXISTS (SELECT 1 FROM replicas) THEN lease_ms ELSE $1 END,
grace_ms = CASE WHEN EXISTS (SELECT 1 FROM replicas) THEN grace_ms ELSE $2 END
WHERE id = 1 RETURNING lease_ms, grace_ms`, want.Lease.Milliseconds(), want.Grace.Milliseconds()))
		return err
	})
	return agreed, r.fail("agree on the fleet's settings", err)
}

// Join implements fleet.Store.
func (r *Replicas) Join(ctx context.Context, self fleet.Replica, terms verify.Terms) error {
	err := r.durably(ctx, func(tx *sql.Tx) error {
		agreed, err := scanTerms(tx.QueryRowContext(ctx, lockTerms))
		if err != nil {
			return err
		}
		if agreed != terms {
			return fleet.ErrTerms
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO replicas (id, address, version, started_at, seen_at, applied, beat) VALUES ($1, $2, $3, $4, $5, 0, 0)`,
			self.ID, self.Address, self.Version, self.StartedAt, self.StartedAt)
		return err
	})
	if errors.Is(err, fleet.ErrTerms) {
		return err
	}
	return r.fail("write this replica's row", err)
}

// durably runs fn in a transaction that survives a crash of the database, which
// heartbeats need not: a row that was forgotten would be waited for by nobody.
func (r *Replicas) durably(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := r.dialect.durable(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := fn(tx); err != nil {
		_ = tx.Rollback() // err says more
		return err
	}
	return tx.Commit()
}

// Beat implements fleet.Store. Its subqueries see the log as of the statement,
// which began after the heartbeat was sent.
func (r *Replicas) Beat(ctx context.Context, id string, applied verify.Position, now int64) (head verify.Position, known bool, err error) {
	var hash []byte
	err = r.db.QueryRowContext(ctx, `UPDATE replicas SET seen_at = $1, beat = beat + 1,
applied = CASE WHEN EXISTS (SELECT 1 FROM events WHERE revision = $2 AND hash = $3) THEN $2 ELSE applied END WHERE id = $4
RETURNING (SELECT revision FROM log_head WHERE id = 1), (SELECT hash FROM log_head WHERE id = 1)`,
		now, applied.Revision, applied.Hash[:], id).Scan(&head.Revision, &hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return head, false, nil
	case err != nil:
		return head, false, r.fail("write a heartbeat", err)
	case len(hash) != len(head.Hash):
		return head, false, fmt.Errorf("the head of the log is damaged: a hash of %d bytes", len(hash))
	}
	head.Hash = [32]byte(hash)
	return head, true, nil
}

// Rows implements fleet.Store.
func (r *Replicas) Rows(ctx context.Context) (all []fleet.Row, err error) {
	rows, err := r.db.QueryContext(ctx, `SELECT id, address, version, started_at, seen_at, applied, beat FROM replicas ORDER BY id`)
	if err != nil {
		return nil, r.fail("read the replicas", err)
	}
	defer rows.Close()
	for rows.Next() {
		var row fleet.Row
		if err := rows.Scan(&row.ID, &row.Address, &row.Version, &row.StartedAt, &row.SeenAt, &row.Applied, &row.Beat); err != nil {
			return nil, r.fail("read the replicas", err)
		}
		all = append(all, row)
	}
	return all, r.fail("read the replicas", rows.Err())
}

// Remove implements fleet.Store.
func (r *Replicas) Remove(ctx context.Context, id string, beat int64) (bool, error) {
	result, err := r.db.ExecContext(ctx, `DELETE FROM replicas WHERE id = $1 AND beat = $2`, id, beat)
	if err != nil {
		return false, r.fail("remove a replica's row", err)
	}
	n, err := result.RowsAffected()
	return n > 0, r.fail("remove a replica's row", err)
}
