package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

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
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{Isolation: s.dialect.snapshotIsolation(), ReadOnly: true})
	if err != nil {
		return org.Head{}, err
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	if err := s.dialect.unbound(ctx, tx); err != nil {
		return org.Head{}, err
	}
	head, err := scanHead(tx.QueryRowContext(ctx, headRow))
	if err != nil {
		return head, err
	}
	for _, read := range []func(context.Context, *sql.Tx, org.SnapshotVisitor) error{
		snapshotUsers, snapshotProjects, snapshotKeys,
	} {
		if err := read(ctx, tx, visit); err != nil {
			return head, err
		}
	}
	return head, nil
}

func snapshotUsers(ctx context.Context, tx *sql.Tx, visit org.SnapshotVisitor) error {
	return each(ctx, tx, `SELECT id, name, email, role, created_at FROM users`, func(rows *sql.Rows) error {
		var u org.User
		if err := rows.Scan(&u.ID, &u.Name, &u.Email, &u.Role, &u.CreatedAt); err != nil {
			return err
		}
		return visited(visit.User(u))
	})
}

func snapshotProjects(ctx context.Context, tx *sql.Tx, visit org.SnapshotVisitor) error {
	return each(ctx, tx, `SELECT id, name, is_default, created_at, archived_at FROM projects`, func(rows *sql.Rows) error {
		var p org.Project
		if err := rows.Scan(&p.ID, &p.Name, &p.Default, &p.CreatedAt, &p.ArchivedAt); err != nil {
			return err
		}
		return visited(visit.Project(p))
	})
}

// snapshotKeyRows leaves names and redacted forms behind and gives what many
// keys have in common as one column: a million keys are read at start, and on
// SQLite each column of them takes 0.1 s.
const snapshotKeyRows = `SELECT id, digest, expires_at, kind || ' ' || owner_type || ' ' || owner_id || ' ' || project_id FROM api_keys`

// maxShared bounds what snapshotKeys remembers of keys gone by.
const maxShared = 4096

func snapshotKeys(ctx context.Context, tx *sql.Tx, visit org.SnapshotVisitor) error {
	uses, err := readUses(ctx, tx)
	if err != nil {
		return err
	}
	var id, digest, common sql.RawBytes
	var expires int64
	dest := []any{&id, &digest, &expires, &common}
	shared := make(map[string]org.SnapshotKey)
	return each(ctx, tx, snapshotKeyRows, func(rows *sql.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		k, ok := shared[string(common)]
		if !ok {
			if k, err = parseShared(common); err != nil {
				return fmt.Errorf("key %s: %w", id, err)
			}
			if len(shared) == maxShared {
				clear(shared)
			}
			shared[string(common)] = k
		}
		if len(digest) != len(k.Digest) {
			return fmt.Errorf("key %s has a digest of %d bytes", id, len(digest))
		}
		k.ID, k.Digest, k.ExpiresAt, k.LastUsedAt = string(id), [32]byte(digest), expires, uses.of(id)
		return visited(visit.Key(k))
	})
}

// parseShared reads the last column of snapshotKeyRows. None of its parts
// holds a space.
func parseShared(text []byte) (k org.SnapshotKey, err error) {
	parts := bytes.Split(text, []byte(" "))
	if len(parts) != 4 {
		return k, fmt.Errorf("its kind, owner and project are %q", text)
	}
	if _, err := fmt.Sscan(string(parts[0]), &k.Kind); err != nil {
		return k, fmt.Errorf("its kind is %q", parts[0])
	}
	k.OwnerType, k.OwnerID, k.ProjectID = org.OwnerType(parts[1]), string(parts[2]), string(parts[3])
	return k, nil
}

// useTimes finds use times by key id. Joining them in SQL takes four times as
// long: SQLite looks each key up, and PostgreSQL's hash table does not fit
// into its work_mem.
type useTimes struct {
	sorted []useTime
	next   int // keys mostly come in the order of their ids
}

type useTime struct {
	id [maxIDLength]byte // filled up with zeros
	at int64
}

const maxIDLength = len(org.PrefixKey) + 26

func readUses(ctx context.Context, tx *sql.Tx) (*useTimes, error) {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM key_uses`).Scan(&n); err != nil {
		return nil, err
	}
	u := &useTimes{sorted: make([]useTime, 0, n)}
	var id sql.RawBytes
	var at int64
	dest := []any{&id, &at}
	err := each(ctx, tx, `SELECT key_id, last_used_at FROM key_uses`, func(rows *sql.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if len(id) > maxIDLength {
			return fmt.Errorf("a use of a key with an id of %d bytes", len(id))
		}
		use := useTime{at: at}
		copy(use.id[:], id)
		u.sorted = append(u.sorted, use)
		return nil
	})
	slices.SortFunc(u.sorted, func(a, b useTime) int { return bytes.Compare(a.id[:], b.id[:]) })
	return u, err
}

// of returns when a key was last used, or 0.
func (u *useTimes) of(id []byte) int64 {
	var want [maxIDLength]byte
	copy(want[:], id)
	if u.next == len(u.sorted) || u.sorted[u.next].id != want {
		i, found := slices.BinarySearchFunc(u.sorted, want[:], func(use useTime, id []byte) int { return bytes.Compare(use.id[:], id) })
		u.next = i
		if !found {
			return 0
		}
	}
	u.next++
	return u.sorted[u.next-1].at
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
