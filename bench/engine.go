package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx
	_ "modernc.org/sqlite"             // driver sqlite

	"github.com/keyreeve/keyreeve/internal/pgtest"
)

// The engines, as -engines names them.
const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

// engine is a kind of database to measure.
type engine struct {
	name    string
	title   string
	version string
	newURL  func(name string) string // names a new, empty database for --database
	close   func()
}

func (b *bench) engine(name string) (e *engine, err error) {
	switch name {
	case sqlite:
		e = &engine{
			name: name, title: "SQLite", close: func() {},
			newURL: func(name string) string { return filepath.Join(b.dir, name+".db") },
		}
	case postgres:
		if e, err = startPostgres(); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("-engines: %q is neither %s nor %s", name, sqlite, postgres)
	}
	db, err := e.open(e.newURL("version"))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	query := map[string]string{sqlite: `SELECT sqlite_version()`, postgres: `SHOW server_version`}[name]
	if err := db.QueryRow(query).Scan(&e.version); err != nil {
		return nil, err
	}
	b.report.fact(e.title, e.version)
	return e, nil
}

// open connects to a database beside its server.
func (e *engine) open(url string) (*sql.DB, error) {
	driver := map[string]string{sqlite: "sqlite", postgres: "pgx"}[e.name]
	db, err := sql.Open(driver, url)
	if err == nil {
		db.SetMaxOpenConns(1) // so that a setting of the session holds
	}
	return db, err
}

// startPostgres runs a PostgreSQL of this program's own, with the settings of
// a new installation: commits are synced to disk.
func startPostgres() (e *engine, err error) {
	t := &fixture{}
	defer func() {
		if failure, ok := recover().(fixtureFailure); ok {
			err = fmt.Errorf("%s", failure)
		}
	}()
	server := pgtest.Start(t, pgtest.Options{Durable: true})
	return &engine{
		name: postgres, title: "PostgreSQL", close: t.end,
		newURL: func(string) string { return server.DSN(t) },
	}, nil
}

// fixture lets package pgtest serve a program that is no test.
type fixture struct {
	testing.TB // nil: only the methods below are called

	cleanups []func()
}

type fixtureFailure string

func (*fixture) Helper()            {}
func (f *fixture) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }
func (*fixture) Fatalf(format string, args ...any) {
	panic(fixtureFailure(strings.TrimSpace(fmt.Sprintf(format, args...))))
}
func (f *fixture) Skipf(format string, args ...any) { f.Fatalf(format, args...) }

func (f *fixture) end() {
	for _, c := range f.cleanups {
		c()
	}
}
