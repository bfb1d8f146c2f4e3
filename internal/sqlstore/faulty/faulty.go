// Package faulty puts faults between database/sql and a driver. It is for
// tests: set sqlstore.Config.WrapConnector to a Hook's Wrap.
package faulty

import (
	"context"
	"database/sql/driver"
	"strings"
)

// Call is one call of a driver.
type Call struct {
	Kind Kind
	Text string // of the statement; empty for Connect
}

// Kind says what is called.
type Kind int

// The calls that a hook sees.
const (
	Connect Kind = iota + 1
	Prepare
	Exec
	Query
)

// IsCommit says whether the call ends a transaction so that it stands.
func (c Call) IsCommit() bool { return c.Kind == Exec && strings.EqualFold(c.Text, "COMMIT") }

// Hook is called in place of each call of the driver. do makes the call; a
// hook may fail before it, after it or instead of it, or be slow. It is called
// from several goroutines.
type Hook func(ctx context.Context, call Call, do func() error) error

// Wrap returns a connector all of whose calls go through the hook.
func (h Hook) Wrap(c driver.Connector) driver.Connector { return connector{c, h} }

type connector struct {
	driver.Connector
	hook Hook
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	var inner driver.Conn
	err := c.hook(ctx, Call{Kind: Connect}, func() (err error) {
		inner, err = c.Connector.Connect(ctx)
		return err
	})
	if err != nil {
		if inner != nil {
			_ = inner.Close()
		}
		return nil, err
	}
	return conn{inner, c.hook}, nil
}

// conn has every optional interface; where the driver lacks one it does what
// database/sql does without it.
type conn struct {
	driver.Conn
	hook Hook
}

func (c conn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	var inner driver.Stmt
	err := c.hook(ctx, Call{Prepare, text}, func() (err error) {
		if p, ok := c.Conn.(driver.ConnPrepareContext); ok {
			inner, err = p.PrepareContext(ctx, text)
		} else {
			inner, err = c.Prepare(text)
		}
		return err
	})
	if err != nil {
		if inner != nil {
			_ = inner.Close()
		}
		return nil, err
	}
	return stmt{inner, c.hook, text}, nil
}

func (c conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}

func (c conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	inner, ok := c.Conn.(driver.ExecerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	return exec(ctx, c.hook, text, func() (driver.Result, error) { return inner.ExecContext(ctx, text, args) })
}

func (c conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	inner, ok := c.Conn.(driver.QueryerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	return query(ctx, c.hook, text, func() (driver.Rows, error) { return inner.QueryContext(ctx, text, args) })
}

func (c conn) Ping(ctx context.Context) error {
	if inner, ok := c.Conn.(driver.Pinger); ok {
		return inner.Ping(ctx)
	}
	return nil
}

func (c conn) ResetSession(ctx context.Context) error {
	if inner, ok := c.Conn.(driver.SessionResetter); ok {
		return inner.ResetSession(ctx)
	}
	return nil
}

func (c conn) IsValid() bool {
	if inner, ok := c.Conn.(driver.Validator); ok {
		return inner.IsValid()
	}
	return true
}

func (c conn) CheckNamedValue(v *driver.NamedValue) error { return checkNamedValue(c.Conn, v) }

type stmt struct {
	driver.Stmt
	hook Hook
	text string
}

func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return exec(ctx, s.hook, s.text, func() (driver.Result, error) {
		return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	})
}

func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return query(ctx, s.hook, s.text, func() (driver.Rows, error) {
		return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	})
}

func (s stmt) CheckNamedValue(v *driver.NamedValue) error { return checkNamedValue(s.Stmt, v) }

func exec(ctx context.Context, hook Hook, text string, do func() (driver.Result, error)) (result driver.Result, err error) {
	err = hook(ctx, Call{Exec, text}, func() (err error) {
		result, err = do()
		return err
	})
	if err == nil && result == nil { // the hook pretends that it was done
		result = driver.RowsAffected(0)
	}
	return result, err
}

func query(ctx context.Context, hook Hook, text string, do func() (driver.Rows, error)) (rows driver.Rows, err error) {
	err = hook(ctx, Call{Query, text}, func() (err error) {
		rows, err = do()
		return err
	})
	if err != nil && rows != nil {
		_ = rows.Close()
		rows = nil
	}
	return rows, err
}

func checkNamedValue(inner any, v *driver.NamedValue) error {
	if c, ok := inner.(driver.NamedValueChecker); ok {
		return c.CheckNamedValue(v)
	}
	return driver.ErrSkip
}
