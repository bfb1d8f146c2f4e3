package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/keyreeve/keyreeve/internal/org"
)

// maxUseRows bounds one statement of RecordUses. It is a power of two, see
// powerOfTwo.
const maxUseRows = 512

// RecordUses implements org.Store. Use times are not part of the log.
func (s *Store) RecordUses(ctx context.Context, uses []org.Use) error {
	if s.group == nil {
		return errReadOnly
	}
	for chunk := range slices.Chunk(latestUses(uses), maxUseRows) {
		args := make([]any, 0, 2*powerOfTwo(len(chunk)))
		for _, u := range chunk {
			args = append(args, u.KeyID, u.At)
		}
		for len(args) < cap(args) {
			args = append(args, "", 0) // no key has this id
		}
		// Through the writer, beside the log and not in it.
		if err := s.group.plain(ctx, recordUsesTexts[len(args)/2], args); err != nil {
			return s.classify(err)
		}
	}
	return nil
}

// latestUses returns the last use of each key. They are sorted, so that two
// replicas that record the same keys cannot wait for each other.
func latestUses(uses []org.Use) []org.Use {
	uses = slices.SortedFunc(slices.Values(uses), func(a, b org.Use) int {
		return cmp.Or(strings.Compare(a.KeyID, b.KeyID), cmp.Compare(b.At, a.At))
	})
	return slices.CompactFunc(uses, func(a, b org.Use) bool { return a.KeyID == b.KeyID })
}

// powerOfTwo rounds a number of rows up to a power of two: each number of rows is
// a statement of its own to prepare and to keep.
func powerOfTwo(n int) int {
	rows := 1
	for rows < n {
		rows *= 2
	}
	return rows
}

// recordUsesTexts holds the statement for each number of rows. It writes only
// keys that still exist: a use that comes late must not leave a row for a
// deleted one behind. The first row's casts give the columns their types.
//
// CROSS JOIN tells SQLite in which order to look: left to itself it walks all
// keys for each statement, which takes 270 ms at a million of them and not 10.
var recordUsesTexts = func() map[int]string {
	texts := make(map[int]string)
	for n := 1; n <= maxUseRows; n *= 2 {
		given := strings.Replace(rows(n, 2), "($1, $2)", "(CAST($1 AS TEXT), CAST($2 AS BIGINT))", 1)
		texts[n] = `WITH given (key_id, at) AS (VALUES ` + given + `), kinds (kind) AS (VALUES (1), (2), (3))
INSERT INTO key_uses (key_id, last_used_at)
SELECT k.id, g.at FROM given g CROSS JOIN kinds CROSS JOIN api_keys k WHERE k.kind = kinds.kind AND k.id = g.key_id
ON CONFLICT (key_id) DO UPDATE SET last_used_at = excluded.last_used_at WHERE key_uses.last_used_at < excluded.last_used_at`
	}
	return texts
}()
