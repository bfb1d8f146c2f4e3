package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/keyreeve/keyreeve/internal/org"
)

// A million keys are read at start, so this is made to be quick: several
// connections read ranges of ids, names and redacted forms stay behind, and a
// range comes as one row, since on SQLite a million rows alone take half a
// second, and each column of them 0.1 s.

// keyRange is the keys with ids from, inclusive, to to, exclusive.
type keyRange struct{ from, to string }

// afterAll sorts behind every id.
const afterAll = "~"

// A range has at most so many keys of each kind, and as many of one: they are
// counted, since ids say nothing of how many keys lie between them. The first
// ranges are small, so that a few keys too are more than one reader's.
const (
	firstRange = 256
	fullRange  = 4096
)

// rangeEnd is the id at which the range ends that begins at another, or no id
// where less than a range is left.
const rangeEnd = `SELECT MIN(last) FROM (
SELECT (SELECT CASE COUNT(*) WHEN $2 THEN MAX(id) END
FROM (SELECT id FROM api_keys k WHERE k.kind = v.kind AND k.id >= $1 ORDER BY id LIMIT $2) AS counted) AS last
FROM (SELECT 1 AS kind UNION ALL SELECT 2 UNION ALL SELECT 3) AS v) AS ends`

// keyRanges cuts all keys into ranges, one after another, for readers that work
// at the same time.
type keyRanges struct {
	mu   sync.Mutex
	from string // where the next one begins
	size int    // of the one before, in keys of a kind
}

// next returns the next range, which tx finds the end of, and false if there
// are no more.
func (r *keyRanges) next(ctx context.Context, tx *sql.Tx) (cut keyRange, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.from == afterAll {
		return cut, false, nil
	}
	r.size = min(max(firstRange, 2*r.size), fullRange)
	var end sql.NullString
	if err := tx.QueryRowContext(ctx, rangeEnd, r.from, r.size+1).Scan(&end); err != nil {
		return cut, false, err
	}
	cut = keyRange{r.from, cmp.Or(end.String, afterAll)}
	r.from = cut.to
	return cut, true, nil
}

// snapshotKeys reads the ranges through all views at once.
func snapshotKeys(ctx context.Context, views []*sql.Tx, visit org.SnapshotVisitor) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var ranges keyRanges
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
			if err := k.readAll(ctx, &ranges); err != nil {
				cancel(err) // only the first one is kept
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
	keys   []org.SnapshotKey          // of one range
	common map[string]org.SnapshotKey // by what many keys have in common
}

// maxCommon bounds what is remembered of owners gone by.
const maxCommon = 4096

func newKeyReader(tx *sql.Tx, emit func([]org.SnapshotKey) error) *keyReader {
	return &keyReader{tx: tx, emit: emit, common: make(map[string]org.SnapshotKey)}
}

func (r *keyReader) readAll(ctx context.Context, ranges *keyRanges) error {
	for {
		within, ok, err := ranges.next(ctx, r.tx)
		if err != nil || !ok {
			return err
		}
		if err := r.read(ctx, within); err != nil {
			return err
		}
	}
}

// keysWithin are the keys of a range, one after another, their digests in the
// same order, and how many digests are not of the one length.
const keysWithin = `SELECT COUNT(CASE WHEN length(digest) <> 32 THEN 1 END), string_agg(digest, ''),
string_agg(id || ' ' || expires_at || ' ' || kind || ' ' || owner_type || ' ' || owner_id || ' ' || project_id, ',')
FROM api_keys WHERE kind IN (1, 2, 3) AND id >= $1 AND id < $2`

func (r *keyReader) read(ctx context.Context, within keyRange) error {
	if err := r.uses.read(ctx, r.tx, within); err != nil {
		return err
	}
	var damaged int
	var digests, keys sql.NullString
	if err := r.tx.QueryRowContext(ctx, keysWithin, within.from, within.to).Scan(&damaged, &digests, &keys); err != nil {
		return err
	}
	if damaged > 0 {
		return fmt.Errorf("the digests of %d keys are damaged", damaged)
	}
	r.keys = r.keys[:0]
	rest := digests.String
	for text := range list(keys.String) {
		k, err := r.parse(text)
		if err != nil || len(rest) < len(k.Digest) {
			return fmt.Errorf("a key is damaged: %q", text)
		}
		rest = rest[copy(k.Digest[:], rest):]
		r.keys = append(r.keys, k)
	}
	if rest != "" {
		return fmt.Errorf("there are %d bytes of digests more than keys", len(rest))
	}
	return r.emit(r.keys)
}

// list yields the elements of what string_agg put together.
func list(text string) iter.Seq[string] {
	if text == "" {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(text, ",")
}

// parse reads a key but for its digest. The result has parts of the text.
func (r *keyReader) parse(text string) (org.SnapshotKey, error) {
	id, rest, _ := strings.Cut(text, " ")
	expires, common, _ := strings.Cut(rest, " ")
	k, err := r.owned(common)
	if err != nil {
		return k, err
	}
	k.ID, k.LastUsedAt = id, r.uses.of(id)
	k.ExpiresAt, err = strconv.ParseInt(expires, 10, 64)
	return k, err
}

// owned returns a key with what it has in common with others.
func (r *keyReader) owned(text string) (org.SnapshotKey, error) {
	if k, ok := r.common[text]; ok {
		return k, nil
	}
	text = strings.Clone(text) // it is part of something large
	k, err := parseCommon(text)
	if err != nil {
		return k, err
	}
	if len(r.common) == maxCommon {
		clear(r.common)
	}
	r.common[text] = k
	return k, nil
}

// parseCommon reads a kind, an owner and a project, none of which holds a
// space.
func parseCommon(text string) (k org.SnapshotKey, err error) {
	parts := strings.Split(text, " ")
	if len(parts) != 4 {
		return k, fmt.Errorf("its kind, owner and project are %q", text)
	}
	if _, err := fmt.Sscan(parts[0], &k.Kind); err != nil {
		return k, fmt.Errorf("its kind is %q", parts[0])
	}
	k.OwnerType, k.OwnerID, k.ProjectID = org.OwnerType(parts[1]), parts[2], parts[3]
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
	id string
	at int64
}

const usesWithin = `SELECT string_agg(key_id || ' ' || last_used_at, ',') FROM key_uses WHERE key_id >= $1 AND key_id < $2`

func (u *useTimes) read(ctx context.Context, tx *sql.Tx, within keyRange) error {
	u.sorted, u.next = u.sorted[:0], 0
	var uses sql.NullString
	if err := tx.QueryRowContext(ctx, usesWithin, within.from, within.to).Scan(&uses); err != nil {
		return err
	}
	for text := range list(uses.String) {
		id, at, _ := strings.Cut(text, " ")
		seconds, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return fmt.Errorf("a use is damaged: %q", text)
		}
		u.sorted = append(u.sorted, useTime{id, seconds})
	}
	slices.SortFunc(u.sorted, compareUses)
	return nil
}

func compareUses(a, b useTime) int { return strings.Compare(a.id, b.id) }

// of returns when a key was last used, or 0.
func (u *useTimes) of(id string) int64 {
	if u.next == len(u.sorted) || u.sorted[u.next].id != id {
		i, found := slices.BinarySearchFunc(u.sorted, useTime{id: id}, compareUses)
		u.next = i
		if !found {
			return 0
		}
	}
	u.next++
	return u.sorted[u.next-1].at
}
