package sqlstore

import "context"

// RecordTime implements org.Store.
func (s *Store) RecordTime(ctx context.Context, millis int64) error {
	if s.group == nil {
		return errReadOnly
	}
	return s.classify(s.group.plain(ctx, `UPDATE clock SET millis = $1 WHERE id = 1 AND millis < $1`, []any{millis}))
}

// RecordedTime implements org.Store.
func (s *Store) RecordedTime(ctx context.Context) (millis int64, err error) {
	err = s.queryRow(ctx, `SELECT millis FROM clock WHERE id = 1`).Scan(&millis)
	return millis, s.classify(err)
}
