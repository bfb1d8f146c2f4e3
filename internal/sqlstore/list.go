package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/keyreeve/keyreeve/internal/org"
)

// pageOf reads at most limit rows. The limit becomes a part of the text, a
// statement for each: PostgreSQL takes an unknown one for a tenth of the table,
// and would plan every page anew.
func pageOf[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), text string, limit int, args ...any) ([]T, error) {
	return limitedTo(ctx, s, scan, text+` LIMIT @`, limit, args...)
}

// limitedTo is pageOf for a text that has @ where the limit belongs.
func limitedTo[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), text string, limit int, args ...any) ([]T, error) {
	rows, err := s.query(ctx, strings.Replace(text, "@", strconv.Itoa(limit), 1), args...)
	if err != nil {
		return nil, s.classify(err)
	}
	return allOf(s, rows, scan)
}

// allOf reads the rows of a query to their end.
func allOf[T any](s *Store, rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var page []T
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, s.classify(err)
		}
		page = append(page, item)
	}
	return page, s.classify(rows.Err())
}

// behindIDs sorts behind every id.
const behindIDs = "~"

// newestFirst turns a list that begins after an id around.
func newestFirst(page org.Page, text string) (string, string) {
	if !page.Descending {
		return text, page.After
	}
	after := page.After
	if after == "" {
		after = behindIDs
	}
	return strings.Replace(text, "id > $", "id < $", 1) + ` DESC`, after
}

// oneOf reads one row of a query that has at most one. No row is not an error.
func oneOf[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), text string, args ...any) (item T, ok bool, err error) {
	item, err = scan(s.queryRow(ctx, text, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return item, false, nil
	}
	return item, err == nil, s.classify(err)
}

// txOneOf is oneOf within a transaction.
func txOneOf[T any](t *tx, scan func(scanner) (T, error), text string, args ...any) (item T, ok bool, err error) {
	item, err = scan(t.group.conn.queryRow(t.ctx, text, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return item, false, nil
	}
	return item, err == nil, t.fail(err)
}

// placeholders returns ($2, $3, $4) for 2 and 3.
func placeholders(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return "(" + b.String() + ")"
}
