package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"sync"

	"github.com/oklog/ulid/v2"

	"github.com/keyreeve/keyreeve/internal/org"
)

// A million keys are read at start, so this is made to be quick: several
// connections read a range of ids each, names and redacted forms stay behind,
// and what many keys have in common is one column, since on SQLite each column
// of a million rows takes 0.1 s.

// keyRange is the keys with ids from, inclusive, to to, exclusive.
type keyRange struct{ from, to string }

// afterAll sorts behind every id.
const afterAll = "~"

const (
	fewKeys = 2000 // are read in one range
	ranges  = 64   // otherwise: many, since keys are not spread evenly
)

// keyEnds is the first and the last id. SQLite looks both up only where each is
// asked for alone.
const keyEnds = `SELECT MIN(low), MAX(high) FROM (
SELECT (SELECT MIN(id) FROM api_keys k WHERE k.kind = v.kind) AS low, (SELECT MAX(id) FROM api_keys k WHERE k.kind = v.kind) AS high
FROM (SELECT 1 AS kind UNION ALL SELECT 2 UNION ALL SELECT 3) AS v) AS ends`

// keyRanges divides the ids that there are evenly.
func keyRanges(ctx context.Context, tx *sql.Tx) ([]keyRange, error) {
	var few int
	var first, last string
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 AS one FROM api_keys LIMIT $1) AS counted`, fewKeys).Scan(&few); err != nil {
		return nil, err
	}
	if few < fewKeys {
		return []keyRange{{"", afterAll}}, nil
	}
	if err := tx.QueryRowContext(ctx, keyEnds).Scan(&first, &last); err != nil {
		return nil, err
	}
	low, okLow := org.ParseID(org.PrefixKey, first)
	high, okHigh := org.ParseID(org.PrefixKey, last)
	if !okLow || !okHigh {
		return []keyRange{{"", afterAll}}, nil
	}
	return divide(low, high, ranges), nil
}

func divide(low, high ulid.ULID, n int64) []keyRange {
	start := new(big.Int).SetBytes(low[:])
	width := new(big.Int).Sub(new(big.Int).SetBytes(high[:]), start)
	out := make([]keyRange, 0, n)
	from := ""
	for i := int64(1); i < n; i++ {
		offset := new(big.Int).Mul(width, big.NewInt(i))
		offset.Div(offset, big.NewInt(n))
		var at ulid.ULID
		offset.Add(offset, start).FillBytes(at[:])
		to := org.PrefixKey + at.String()
		out = append(out, keyRange{from, to})
		from = to
	}
	return append(out, keyRange{from, afterAll})
}

// snapshotKeys reads the ranges through all views at once.
func snapshotKeys(ctx context.Context, views []*sql.Tx, visit org.SnapshotVisitor) error {
	all, err := keyRanges(ctx, views[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan keyRange, len(all))
	for _, r := range all {
		todo <- r
	}
	close(todo)
	var visiting sync.Mutex
	var readers sync.WaitGroup
	for _, tx := range views {
		readers.Go(func() {
			k := newKeyReader(tx, func(keys []org.SnapshotKey) error {
				visiting.Lock()
				defer visiting.Unlock()
				for _, key := range keys {
					if err := visit.Key(key); err != nil {
						return visitorError{err}
					}
				}
				return nil
			})
			for r := range todo {
				if err := k.read(ctx, r); err != nil {
					cancel(err) // only the first one is kept
					return
				}
			}
		})
	}
	readers.Wait()
	return context.Cause(ctx)
}

// keyReader reads ranges of keys through one connection.
type keyReader struct {
	tx     *sql.Tx
	emit   func([]org.SnapshotKey) error
	uses   useTimes
	keys   []org.SnapshotKey          // not yet emitted
	common map[string]org.SnapshotKey // by the last column
}

const (
	emitted   = 256  // keys at a time
	maxCommon = 4096 // bounds what is remembered of owners gone by
)

func newKeyReader(tx *sql.Tx, emit func([]org.SnapshotKey) error) *keyReader {
	return &keyReader{tx: tx, emit: emit, keys: make([]org.SnapshotKey, 0, emitted), common: make(map[string]org.SnapshotKey)}
}

func (r *keyReader) read(ctx context.Context, within keyRange) error {
	if err := r.uses.read(ctx, r.tx, within); err != nil {
		return err
	}
	var text, digest sql.RawBytes
	dest := []any{&text, &digest}
	if err := each(ctx, r.tx, func(rows *sql.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		id, rest, _ := bytes.Cut(text, space)
		expires, common, _ := bytes.Cut(rest, space)
		k, err := r.owned(common)
		if err == nil {
			k.ExpiresAt, err = parseInt(expires)
		}
		if err != nil || len(digest) != len(k.Digest) {
			return fmt.Errorf("a key is damaged: %q, a digest of %d bytes", text, len(digest))
		}
		k.ID, k.Digest, k.LastUsedAt = string(id), [32]byte(digest), r.uses.of(id)
		if r.keys = append(r.keys, k); len(r.keys) == emitted {
			return r.flush()
		}
		return nil
	}, `SELECT id || ' ' || expires_at || ' ' || kind || ' ' || owner_type || ' ' || owner_id || ' ' || project_id, digest
FROM api_keys WHERE kind IN (1, 2, 3) AND id >= $1 AND id < $2`, within.from, within.to); err != nil {
		return err
	}
	return r.flush()
}

var space = []byte(" ")

// parseInt reads a number without a string of its own, as strconv would want.
func parseInt(text []byte) (int64, error) {
	return strconv.ParseInt(string(text), 10, 64) // does not allocate: the text does not escape
}

func (r *keyReader) flush() error {
	err := r.emit(r.keys)
	r.keys = r.keys[:0]
	return err
}

// owned returns a key with what its last column says.
func (r *keyReader) owned(text []byte) (org.SnapshotKey, error) {
	if k, ok := r.common[string(text)]; ok {
		return k, nil
	}
	k, err := parseCommon(text)
	if err != nil {
		return k, err
	}
	if len(r.common) == maxCommon {
		clear(r.common)
	}
	r.common[string(text)] = k
	return k, nil
}

// parseCommon reads a kind, an owner and a project, none of which holds a
// space.
func parseCommon(text []byte) (k org.SnapshotKey, err error) {
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

// useTimes finds use times of a range by key id. Joining them in SQL takes four
// times as long: SQLite looks each key up, and PostgreSQL's hash table does not
// fit into its work_mem.
type useTimes struct {
	sorted []useTime
	next   int // keys mostly come in the order of their ids
}

type useTime struct {
	id [maxIDLength]byte // filled up with zeros
	at int64
}

const maxIDLength = len(org.PrefixKey) + ulid.EncodedSize

func (u *useTimes) read(ctx context.Context, tx *sql.Tx, within keyRange) error {
	u.sorted, u.next = u.sorted[:0], 0
	var text sql.RawBytes
	dest := []any{&text}
	err := each(ctx, tx, func(rows *sql.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		id, at, _ := bytes.Cut(text, space)
		var use useTime
		var err error
		if use.at, err = parseInt(at); err != nil || len(id) > maxIDLength {
			return fmt.Errorf("a use is damaged: %q", text)
		}
		copy(use.id[:], id)
		u.sorted = append(u.sorted, use)
		return nil
	}, `SELECT key_id || ' ' || last_used_at FROM key_uses WHERE key_id >= $1 AND key_id < $2`, within.from, within.to)
	slices.SortFunc(u.sorted, func(a, b useTime) int { return bytes.Compare(a.id[:], b.id[:]) })
	return err
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
