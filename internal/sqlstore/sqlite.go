package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// oldestSQLite has the fix of the WAL-reset bug, by which a checkpoint that
// met a writer could lose committed transactions.
const oldestSQLite = 3_051_003

type sqliteDialect struct {
	path string // as given, for messages
	file string // absolute, links resolved
}

func newSQLite(path string) (*sqliteDialect, error) {
	if path == "" || path == ":memory:" {
		return nil, fmt.Errorf("database %q: give the path of a file", path)
	}
	file, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("database %q: %w", path, err)
	}
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	return &sqliteDialect{path: path, file: file}, nil
}

func (d *sqliteDialect) String() string { return "sqlite:" + d.path }

func (d *sqliteDialect) prepare(_ context.Context, cfg Config) (func(), error) {
	if cfg.Access == ReadOnly {
		return func() {}, d.mustExist()
	}
	if cfg.Access == Maintain {
		if err := d.mustExist(); err != nil {
			return nil, err
		}
	}
	unlock, err := lockFile(d.file + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", d, err)
	}
	// SQLite would make the file readable to all; its companions copy its mode.
	f, err := os.OpenFile(d.file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		unlock()
		return nil, fmt.Errorf("open %s: %w", d, err)
	}
	return unlock, f.Close()
}

func (d *sqliteDialect) mustExist() error {
	if _, err := os.Stat(d.file); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open %s: there is no such file", d)
	} else if err != nil {
		return fmt.Errorf("open %s: %w", d, err)
	}
	return nil
}

func (d *sqliteDialect) connect(cfg Config, p pool) (*sql.DB, error) {
	pragmas := url.Values{"_pragma": {
		"busy_timeout(5000)", // a backup or a reader's checkpoint beside us
		"journal_mode(WAL)",
		// NORMAL would let a power cut undo an acknowledged revocation.
		"synchronous(FULL)",
		"cache_size(-32768)", // KiB
		"journal_size_limit(67108864)",
	}}
	if cfg.Access == ReadOnly || p == readerPool {
		pragmas.Add("_pragma", "query_only(1)")
	}
	dsn := (&url.URL{Scheme: "file", Path: d.file, RawQuery: pragmas.Encode()}).String()
	var c driver.Connector = dsnConnector{dsn: dsn, driver: &sqlite.Driver{}}
	if cfg.WrapConnector != nil {
		c = cfg.WrapConnector(c)
	}
	db := sql.OpenDB(c)
	conns := 1
	if p == readerPool {
		conns = max(4, runtime.NumCPU())
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

func (d *sqliteDialect) check(ctx context.Context, db *sql.DB) error {
	var version string
	if err := db.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		return err
	}
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("SQLite calls its version %q: %w", version, err)
	}
	if major*1_000_000+minor*1000+patch < oldestSQLite {
		return fmt.Errorf("it has SQLite %s, keyreeve needs 3.51.3 or later", version)
	}
	return nil
}

func (d *sqliteDialect) migrations() (string, goose.Dialect, []goose.ProviderOption) {
	return "migrations/sqlite", goose.DialectSQLite3, nil
}

// begin takes the write lock at once: a transaction that read first and then
// wrote could be refused half-way.
func (d *sqliteDialect) begin() string { return "BEGIN IMMEDIATE" }

func (d *sqliteDialect) writeTimeout() time.Duration { return 0 }

func (d *sqliteDialect) snapshotIsolation() sql.IsolationLevel { return sql.LevelDefault }

func (d *sqliteDialect) unbound(context.Context, *sql.Tx) error { return nil }

func (d *sqliteDialect) isMistake(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE:
		return true
	default:
		return false
	}
}

// commitFailed: SQLite is in this process, so its answer is never lost.
func (d *sqliteDialect) commitFailed(error) bool { return true }

// dsnConnector opens connections of a driver that has only Open.
type dsnConnector struct {
	dsn    string
	driver driver.Driver
}

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c dsnConnector) Driver() driver.Driver                        { return c.driver }
