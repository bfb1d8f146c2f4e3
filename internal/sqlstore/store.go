// Package sqlstore keeps an organization in a SQL database: SQLite in this
// process, or PostgreSQL. One implementation serves both; what differs stands
// in the dialect.
//
// All changes go through one writer that holds the head of the log while it
// runs them, and that commits those of concurrent callers together (group.go).
// Reads have a pool of their own.
package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Config says which database to open and how.
type Config struct {
	// Database is a path, sqlite:PATH, or a postgres:// URL.
	Database string

	// Access is what the caller is going to do. The zero value is Serve.
	Access Access

	// OnCommit is given the events of each commit in log order, before the
	// Update that made them returns. May be nil.
	OnCommit func([]org.StoredEvent)

	// Now and Random default to the wall clock and crypto/rand.
	Now    func() time.Time
	Random io.Reader

	// Logger receives what no caller is told. Defaults to discarding.
	Logger *slog.Logger

	// WrapConnector lets a test put faults between the store and its database.
	// May be nil.
	WrapConnector func(driver.Connector) driver.Connector
}

// Access is what a process does with a database.
type Access int

// The ways to open a database.
const (
	Serve    Access = iota // create and migrate it, and on SQLite be its only server
	Maintain               // change an existing one; on SQLite one that no server holds
	ReadOnly               // look at an existing one, beside a server or not
)

// Store is an org.Store over SQL. Close it when done.
type Store struct {
	dialect  dialect
	write    *sql.DB
	read     *sql.DB
	search   *sql.DB // one connection, for what reads up to all keys
	replicas *sql.DB
	group    *group
	logger   *slog.Logger
	stmts    sync.Map // query text → *sql.Stmt of read
	unlock   func()
}

var _ org.Store = (*Store)(nil)

// Open opens the database that cfg names. Its errors are one line for a person
// at a terminal, and never hold a password.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	d, err := dialectOf(cfg.Database)
	if err != nil {
		return nil, err
	}
	unlock, err := d.prepare(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{dialect: d, logger: cfg.Logger, unlock: unlock}
	if err := s.open(ctx, cfg); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, cfg Config) error {
	var err error
	if s.write, err = s.dialect.connect(cfg, writerPool); err != nil {
		return err
	}
	if s.read, err = s.dialect.connect(cfg, readerPool); err != nil {
		return err
	}
	if s.search, err = s.dialect.connect(cfg, searchPool); err != nil {
		return err
	}
	if s.replicas, err = s.dialect.connect(cfg, replicaPool); err != nil {
		return err
	}
	if err := s.dialect.check(ctx, s.write, cfg); err != nil {
		return fmt.Errorf("open %s: %w", s.dialect, err)
	}
	if err := migrate(ctx, s.dialect, s.write, cfg); err != nil {
		return fmt.Errorf("open %s: %w", s.dialect, err)
	}
	if cfg.Access == ReadOnly {
		return nil
	}
	s.group = newGroup(s.write, s.dialect, cfg)
	if cfg.Access == Serve {
		if at, err := s.auditHead(ctx); err == nil && at.last-at.indexed > blockSize {
			s.group.indexBacklog()
		}
	}
	go s.group.run()
	return nil
}

// Close waits for the updates under way, then closes the database and gives
// up its lock.
func (s *Store) Close() error {
	var errs []error
	if s.group != nil {
		s.group.close()
	}
	for _, db := range []*sql.DB{s.replicas, s.search, s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.unlock != nil {
		s.unlock()
	}
	return errors.Join(errs...)
}

// String names the database without any password.
func (s *Store) String() string { return s.dialect.String() }

var errReadOnly = errors.New("the database was opened for reading only")

// Update implements org.Store.
func (s *Store) Update(ctx context.Context, fn func(org.Tx) error) (org.Commit, error) {
	if s.group == nil {
		return org.Commit{}, errReadOnly
	}
	return s.group.update(ctx, fn)
}

// Ping says whether the database can be read.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.classify(s.queryRow(ctx, `SELECT id FROM log_head WHERE id = 1`).Scan(&one))
}

// query runs a read with a statement that is prepared once.
func (s *Store) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := s.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (s *Store) queryRow(ctx context.Context, text string, args ...any) scanner {
	stmt, err := s.prepared(ctx, text)
	if err != nil {
		return failedRow{err}
	}
	return stmt.QueryRowContext(ctx, args...)
}

func (s *Store) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt, ok := s.stmts.Load(text); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := s.read.PrepareContext(ctx, s.dialect.statement(text))
	if err != nil {
		return nil, err
	}
	if other, loaded := s.stmts.LoadOrStore(text, stmt); loaded {
		_ = stmt.Close()
		return other.(*sql.Stmt), nil
	}
	return stmt, nil
}

// scanner is a row, or the reason there is none.
type scanner interface{ Scan(dest ...any) error }

type failedRow struct{ err error }

func (f failedRow) Scan(...any) error { return f.err }

// classify marks an error as storage trouble unless it shows a mistake of this
// program or is the caller giving up.
func (s *Store) classify(err error) error { return classify(s.dialect, err) }

func classify(d dialect, err error) error {
	switch {
	case err == nil, errors.Is(err, org.ErrUnavailable), errors.Is(err, org.ErrUncertain):
		return err
	case errors.Is(err, context.Canceled), d.isMistake(err):
		return err
	default:
		return fmt.Errorf("%w: %w", org.ErrUnavailable, err)
	}
}
