package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// writerConn is the writer's connection with its prepared statements. It is
// opened when needed and again after it was discarded. One goroutine uses it.
//
// Transactions are begun and ended by statements, not through sql.Tx: that
// hands a connection back to the pool when its COMMIT fails, although the
// engine may still be inside the transaction.
type writerConn struct {
	db      *sql.DB
	dialect dialect
	conn    *sql.Conn
	stmts   map[string]*sql.Stmt
}

func newWriterConn(db *sql.DB, d dialect) *writerConn { return &writerConn{db: db, dialect: d} }

// open says whether there is a connection, which may have broken meanwhile.
func (c *writerConn) open() bool { return c.conn != nil }

func (c *writerConn) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if c.conn == nil {
		conn, err := c.db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		c.conn, c.stmts = conn, make(map[string]*sql.Stmt)
	}
	if stmt, ok := c.stmts[text]; ok {
		return stmt, nil
	}
	stmt, err := c.conn.PrepareContext(ctx, c.dialect.statement(text))
	if err != nil {
		return nil, err
	}
	c.stmts[text] = stmt
	return stmt, nil
}

func (c *writerConn) exec(ctx context.Context, text string, args ...any) error {
	stmt, err := c.prepare(ctx, text)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(ctx, args...)
	return err
}

func (c *writerConn) queryRow(ctx context.Context, text string, args ...any) scanner {
	stmt, err := c.prepare(ctx, text)
	if err != nil {
		return failedRow{err}
	}
	return stmt.QueryRowContext(ctx, args...)
}

// discard closes the connection for good, whatever it was doing.
func (c *writerConn) discard() {
	if c.conn == nil {
		return
	}
	c.closeStmts()
	_ = c.conn.Raw(func(any) error { return driver.ErrBadConn })
	c.close()
}

func (c *writerConn) close() {
	if c.conn == nil {
		return
	}
	c.closeStmts()
	_ = c.conn.Close()
	c.conn = nil
}

// closeStmts comes before the connection's end: database/sql does not know
// these statements, and a driver may not survive what outlives its connection.
func (c *writerConn) closeStmts() {
	for _, stmt := range c.stmts {
		_ = stmt.Close()
	}
	c.stmts = nil
}
