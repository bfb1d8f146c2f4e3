package sqlstore

import (
	"context"
	"slices"
	"strings"

	"github.com/keyreeve/keyreeve/internal/org"
)

// CountUses implements org.Store. Each statement writes a power of two of rows,
// so that there are few to prepare.
func (s *Store) CountUses(ctx context.Context, day int64, uses []org.KeyUses) error {
	if s.group == nil {
		return errReadOnly
	}
	for uses = summed(uses); len(uses) > 0; {
		n := powerOfTwo(min(len(uses), maxUseRows))
		if n > len(uses) {
			n /= 2
		}
		args := make([]any, 0, 3*n)
		for _, u := range uses[:n] {
			args = append(args, day, u.KeyID, u.Count)
		}
		text := `INSERT INTO key_days (day, key_id, uses) VALUES ` + rows(n, 3) +
			` ON CONFLICT (day, key_id) DO UPDATE SET uses = key_days.uses + excluded.uses`
		if err := s.group.plain(ctx, text, args); err != nil {
			return s.classify(err)
		}
		uses = uses[n:]
	}
	return nil
}

// summed has each key once. They are sorted, so that two replicas that count the
// same keys cannot wait for each other.
func summed(uses []org.KeyUses) (out []org.KeyUses) {
	uses = slices.SortedFunc(slices.Values(uses), func(a, b org.KeyUses) int { return strings.Compare(a.KeyID, b.KeyID) })
	for _, u := range uses {
		if n := len(out); n > 0 && out[n-1].KeyID == u.KeyID {
			out[n-1].Count += u.Count
			continue
		}
		out = append(out, u)
	}
	return out
}

// ForgetUses implements org.Store.
func (s *Store) ForgetUses(ctx context.Context, before int64) error {
	if s.group == nil {
		return errReadOnly
	}
	return s.classify(s.group.plain(ctx, `DELETE FROM key_days WHERE day < $1`, []any{before}))
}

// usesOf looks each day up: the table has its keys by day, so that a new day's
// rows come to lie together and an old one's go together.
const usesOf = `WITH RECURSIVE days (day) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT day + 1 FROM days WHERE day < $2)
SELECT k.day, k.uses FROM days d JOIN key_days k ON k.day = d.day AND k.key_id = $3 ORDER BY k.day`

// UsesOf implements org.Store.
func (s *Store) UsesOf(ctx context.Context, keyID string, first, last int64) ([]org.DayUses, error) {
	rows, err := s.query(ctx, usesOf, first, last, keyID)
	if err != nil {
		return nil, s.classify(err)
	}
	defer rows.Close()
	var out []org.DayUses
	for rows.Next() {
		var d org.DayUses
		if err := rows.Scan(&d.Day, &d.Count); err != nil {
			return nil, s.classify(err)
		}
		out = append(out, d)
	}
	return out, s.classify(rows.Err())
}
