// Package faultsql puts a test between database/sql and a driver, to make a
// database fail, lie or be set up wrongly.
package faultsql

import (
	"context"
	"database/sql/driver"
)

// Hooks are what a test does. A nil one does nothing.
type Hooks struct {
	// Connected is called with each new connection, by which it can run
	// statements.
	Connected func(exec func(statement string) error) error

	// Exec is called in the place of each statement that returns no rows. next
	// runs it.
	Exec func(statement string, next func() (driver.Result, error)) (driver.Result, error)
}

// Wrap returns a function for the WrapConnector fields of the program. The
// driver must be one of context methods, as modernc.org/sqlite is.
func (h Hooks) Wrap(c driver.Connector) driver.Connector {
	if h.Exec == nil {
		h.Exec = func(_ string, next func() (driver.Result, error)) (driver.Result, error) { return next() }
	}
	return connector{c, h}
}

type connector struct {
	driver.Connector
	hooks Hooks
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	cn := conn{inner, c.hooks}
	if c.hooks.Connected == nil {
		return cn, nil
	}
	err = c.hooks.Connected(func(statement string) error {
		_, err := inner.(driver.ExecerContext).ExecContext(ctx, statement, nil)
		return err
	})
	if err != nil {
		_ = inner.Close()
		return nil, err
	}
	return cn, nil
}

type conn struct {
	driver.Conn
	hooks Hooks
}

func (c conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.hooks.Exec(query, func() (driver.Result, error) {
		return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
	})
}

func (c conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	inner, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt{inner, query, c.hooks}, nil
}

type stmt struct {
	driver.Stmt
	query string
	hooks Hooks
}

func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.hooks.Exec(s.query, func() (driver.Result, error) {
		return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	})
}
