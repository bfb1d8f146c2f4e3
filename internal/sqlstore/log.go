package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"

	"github.com/oklog/ulid/v2"

	"github.com/keyreeve/keyreeve/internal/org"
)

// writeLog appends the transaction's events in one statement and moves the
// head.
func (t *tx) writeLog() ([]org.StoredEvent, error) {
	head, sealed := t.head, make([]org.StoredEvent, 0, len(t.events))
	fresh := make([]audited, 0, len(t.events))
	args := make([]any, 0, len(t.events)*eventColumns)
	for _, p := range t.events {
		e, next, err := org.Seal(head, p.event, p.id.String(), t.Now())
		if err != nil {
			return nil, &spoiledError{err}
		}
		head, sealed = next, append(sealed, e)
		fresh = append(fresh, auditedOf(e.Revision, e.Type, p.event.Actor, e.ProjectID))
		args = append(args, e.Revision, e.ID, string(e.Type), e.At, e.ActorID, e.Resource, e.ProjectID, string(e.Record), e.Hash[:])
	}
	for rest := args; len(rest) > 0; {
		n := min(len(rest)/eventColumns, maxEventRows)
		if err := t.group.conn.exec(t.ctx, insertEvents(n), rest[:n*eventColumns]...); err != nil {
			return nil, err
		}
		rest = rest[n*eventColumns:]
	}
	indexed, err := t.index(fresh, head)
	if err != nil {
		return nil, err
	}
	err = t.group.conn.exec(t.ctx, `UPDATE log_head SET revision = $1, hash = $2, last_id = $3, indexed = $4 WHERE id = 1`,
		head.Revision, head.Hash[:], t.last.String(), indexed)
	return sealed, err
}

const (
	eventColumns = 9
	maxEventRows = maxBatch
)

// insertEventTexts holds the statement for each number of rows, so that each
// is prepared once.
var insertEventTexts = func() (texts [maxEventRows + 1]string) {
	for n := range texts {
		texts[n] = `INSERT INTO events (revision, id, type, at, actor_id, resource_id, project_id, record, hash) VALUES ` + rows(n, eventColumns)
	}
	return texts
}()

func insertEvents(n int) string { return insertEventTexts[n] }

// rows returns placeholders for n rows: ($1, $2), ($3, $4).
func rows(n, columns int) string {
	var b strings.Builder
	for i := range n * columns {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteString(")")
	return b.String()
}

const headRow = `SELECT revision, hash, last_id FROM log_head WHERE id = 1`

// scanHead reads a head and what follows it in the row.
func scanHead(row scanner, more ...any) (org.Head, error) {
	var head org.Head
	var hash []byte
	var last string
	if err := row.Scan(append([]any{&head.Revision, &hash, &last}, more...)...); err != nil {
		return org.Head{}, fmt.Errorf("read the head of the log: %w", err)
	}
	id, err := ulid.ParseStrict(last)
	if err != nil || len(hash) != len(head.Hash) {
		return org.Head{}, fmt.Errorf("the head of the log is damaged: last_id %q, a hash of %d bytes", last, len(hash))
	}
	head.LastID, head.Hash = id, [32]byte(hash)
	return head, nil
}

// Head implements org.Store.
func (s *Store) Head(ctx context.Context) (org.Head, error) {
	head, err := scanHead(s.queryRow(ctx, headRow))
	return head, s.classify(err)
}

// eventPage is how many events are read at a time, so that a long reader holds
// no transaction open.
const eventPage = 500

// Events implements org.Store. The events have their columns, record and hash;
// effects are left to org.DecodeRecord, since a damaged record must still be
// read to be named.
func (s *Store) Events(ctx context.Context, after int64) iter.Seq2[org.StoredEvent, error] {
	return func(yield func(org.StoredEvent, error) bool) {
		for {
			page, err := s.eventPage(ctx, after)
			if err != nil {
				yield(org.StoredEvent{}, s.classify(fmt.Errorf("read the log after revision %d: %w", after, err)))
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
				after = e.Revision
			}
			if len(page) < eventPage {
				return
			}
		}
	}
}

func (s *Store) eventPage(ctx context.Context, after int64) ([]org.StoredEvent, error) {
	rows, err := s.query(ctx, `SELECT revision, id, type, at, actor_id, resource_id, project_id, record, hash
FROM events WHERE revision > $1 ORDER BY revision LIMIT $2`, after, eventPage)
	if err != nil {
		return nil, err
	}
	return scanEvents(rows)
}

func scanEvents(rows *sql.Rows) ([]org.StoredEvent, error) {
	defer rows.Close()
	var page []org.StoredEvent
	for rows.Next() {
		var e org.StoredEvent
		var text string
		var hash []byte
		if err := rows.Scan(&e.Revision, &e.ID, &e.Type, &e.At, &e.ActorID, &e.Resource, &e.ProjectID, &text, &hash); err != nil {
			return nil, err
		}
		e.Record = []byte(text)
		if len(hash) == len(e.Hash) { // any other length matches nothing
			copy(e.Hash[:], hash)
		}
		page = append(page, e)
	}
	return page, rows.Err()
}
