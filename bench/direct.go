package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// direct writes the rows of creates straight into a SQLite file: no HTTP, no
// keys to mint, no hashes, no index. It is what the server could reach if all
// of that cost nothing.
type direct struct {
	server *sql.DB // the file of the server, read only
	db     *sql.DB
	conn   *sql.Conn
	key    *sql.Stmt
	events *sql.Stmt
	head   *sql.Stmt

	eventRows int // of one insert; divides directBatch

	lastKey      string // up to where rows of the server were taken
	lastRevision int64
}

// directBatch is how many rows share a transaction, and a sync.
const directBatch = 64

const (
	keyColumns   = `kind, id, name, digest, redacted, created_at, expires_at, owner_type, owner_id, project_id`
	eventColumns = `revision, id, type, at, actor_id, resource_id, project_id, record, hash`
)

// newDirect makes a file with the tables of the server's, their indexes, and the
// settings that the server gives its connection.
func newDirect(serverFile, file string, eventRows int) (d *direct, err error) {
	d = &direct{eventRows: eventRows}
	if d.server, err = sql.Open("sqlite", "file:"+serverFile+"?mode=ro"); err != nil {
		return nil, err
	}
	pragmas := url.Values{"_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-32768)", "journal_size_limit(67108864)",
	}}
	if d.db, err = sql.Open("sqlite", "file:"+file+"?"+pragmas.Encode()); err != nil {
		return nil, err
	}
	if d.conn, err = d.db.Conn(context.Background()); err != nil {
		return nil, err
	}
	// The tables before their indexes. A primary key's index has no text.
	rows, err := d.server.Query(`SELECT sql FROM sqlite_schema WHERE tbl_name IN ('api_keys', 'events', 'log_head')
		AND sql IS NOT NULL ORDER BY type DESC`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if err := d.exec(text); err != nil {
			return nil, err
		}
	}
	if err := d.exec(`INSERT INTO log_head (id, revision, hash, last_id) VALUES (1, 0, zeroblob(32), '')`); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&d.key, `INSERT INTO api_keys (` + keyColumns + `) VALUES ` + placeholders(1, 10)},
		{&d.events, `INSERT INTO events (` + eventColumns + `) VALUES ` + placeholders(eventRows, 9)},
		{&d.head, `UPDATE log_head SET revision = $1, hash = $2, last_id = $3 WHERE id = 1`},
	} {
		if *s.stmt, err = d.conn.PrepareContext(context.Background(), s.text); err != nil {
			return nil, err
		}
	}
	return d, rows.Err()
}

func (d *direct) exec(text string) error {
	_, err := d.conn.ExecContext(context.Background(), text)
	return err
}

func (d *direct) close() {
	_ = d.conn.Close()
	_ = d.db.Close()
	_ = d.server.Close()
}

// insert copies what the server wrote since the last call and returns how many
// keys a second that took. Reading them is not counted.
func (d *direct) insert() (rate float64, err error) {
	keys, err := d.take(`SELECT `+keyColumns+` FROM api_keys WHERE kind = 1 AND id > $1 ORDER BY id`, d.lastKey, 10)
	if err != nil {
		return 0, err
	}
	events, err := d.take(`SELECT `+eventColumns+` FROM events WHERE revision > $1 AND type = 'api_key.created' ORDER BY revision`, d.lastRevision, 9)
	if err != nil {
		return 0, err
	}
	n := min(len(keys), len(events)) / directBatch * directBatch
	if n == 0 {
		return 0, fmt.Errorf("the server wrote %d keys and %d events: too few to compare with", len(keys), len(events))
	}
	began := time.Now()
	for i := 0; i < n; i += directBatch {
		if err := d.transaction(keys[i:i+directBatch], events[i:i+directBatch]); err != nil {
			return 0, err
		}
	}
	took := time.Since(began)
	d.lastKey, d.lastRevision = keys[len(keys)-1][1].(string), events[len(events)-1][0].(int64)
	return float64(n) / took.Seconds(), nil
}

func (d *direct) take(query string, after any, columns int) (out [][]any, err error) {
	rows, err := d.server.Query(query, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		row, dest := make([]any, columns), make([]any, columns)
		for i := range row {
			dest[i] = &row[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

func (d *direct) transaction(keys, events [][]any) error {
	ctx := context.Background()
	if err := d.exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	for _, key := range keys {
		if _, err := d.key.ExecContext(ctx, key...); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(events, d.eventRows) {
		if _, err := d.events.ExecContext(ctx, slices.Concat(some...)...); err != nil {
			return err
		}
	}
	last := events[len(events)-1]
	if _, err := d.head.ExecContext(ctx, last[0], last[8], last[1]); err != nil {
		return err
	}
	return d.exec(`COMMIT`)
}

// placeholders returns those of n rows.
func placeholders(n, columns int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", columns), ", ") + ")"
	return strings.TrimSuffix(strings.Repeat(row+", ", n), ", ")
}
