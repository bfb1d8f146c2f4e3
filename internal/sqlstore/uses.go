package sqlstore

import (
	"context"
	"slices"
	"strings"

	"github.com/keyreeve/keyreeve/internal/org"
)

// maxUseRows bounds one statement of RecordUses.
const maxUseRows = 500

// RecordUses implements org.Store. Use times are not part of the log.
func (s *Store) RecordUses(ctx context.Context, uses []org.Use) error {
	// One order everywhere, so that two replicas cannot wait for each other.
	uses = slices.SortedFunc(slices.Values(uses), func(a, b org.Use) int { return strings.Compare(a.KeyID, b.KeyID) })
	for chunk := range slices.Chunk(uses, maxUseRows) {
		args := make([]any, 0, 2*len(chunk))
		for _, u := range chunk {
			args = append(args, u.KeyID, u.At)
		}
		if err := s.recordUses(ctx, args); err != nil {
			return s.classify(err)
		}
	}
	return nil
}

// recordUses goes through the writer, beside the log and not in it.
func (s *Store) recordUses(ctx context.Context, args []any) error {
	if s.group == nil {
		return errReadOnly
	}
	return s.group.plain(ctx, recordUsesText(len(args)/2), args)
}

// recordUsesText writes only keys that still exist: a use that comes late must
// not leave a row for a deleted one behind.
func recordUsesText(n int) string {
	return `INSERT INTO key_uses (key_id, last_used_at)
SELECT k.id, v.at FROM (SELECT CAST(column1 AS TEXT) AS id, CAST(column2 AS BIGINT) AS at FROM (VALUES ` + rows(n, 2) + `) AS given) AS v
JOIN api_keys k ON k.kind IN (1, 2, 3) AND k.id = v.id WHERE true
ON CONFLICT (key_id) DO UPDATE SET last_used_at = excluded.last_used_at WHERE key_uses.last_used_at < excluded.last_used_at`
}
