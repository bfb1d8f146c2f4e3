package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
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
	if cfg.Access != Serve {
		if err := d.mustExist(); err != nil {
			return nil, err
		}
	} else if err := d.create(); err != nil {
		return nil, fmt.Errorf("open %s: %w", d, err)
	}
	if cfg.Access == ReadOnly {
		if err := d.oneName(false); err != nil {
			return nil, fmt.Errorf("open %s: %w", d, err)
		}
		return func() {}, nil
	}
	unlock, err := lockDatabase(d.file)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", d, err)
	}
	if err := d.oneName(true); err != nil {
		unlock()
		return nil, fmt.Errorf("open %s: %w", d, err)
	}
	return unlock, nil
}

// create makes the file if need be, or learns that it may not be written. Its
// mode is 0600, which its companions copy: SQLite would make it readable to
// all.
func (d *sqliteDialect) create() error {
	dir := filepath.Dir(d.file)
	if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return fmt.Errorf("there is no directory %s", dir)
	}
	if err := d.notInterrupted(); err != nil {
		return err
	}
	f, err := os.OpenFile(d.file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return reason(err)
	}
	// A link to a file that was not there yet leads somewhere now.
	if target, err := filepath.EvalSymlinks(d.file); err == nil {
		d.file = target
	}
	return f.Close()
}

// reason drops the path from an error: it stands before it already.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

func (d *sqliteDialect) mustExist() error {
	if _, err := os.Stat(d.file); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open %s: there is no such file", d)
	} else if err != nil {
		return fmt.Errorf("open %s: %w", d, reason(err))
	}
	return nil
}

func (d *sqliteDialect) connect(cfg Config, p pool) (*sql.DB, error) {
	conns, cache := 1, 32
	switch p { // the cache is for each connection; the system caches the file as well
	case readerPool:
		conns, cache = max(maxViews, runtime.NumCPU()), 8
	case searchPool:
		cache = 2
	default: // one connection, and most of the cache
	}
	pragmas := url.Values{"_pragma": {
		"busy_timeout(5000)", // a backup or a reader's checkpoint beside us
		// NORMAL would let a power cut undo an acknowledged revocation.
		"synchronous(FULL)",
		fmt.Sprintf("cache_size(-%d)", cache<<10), // MiB, given in KiB
		"journal_size_limit(67108864)",
	}}
	if cfg.Access == ReadOnly || p == readerPool || p == searchPool {
		pragmas.Add("_pragma", "query_only(1)")
	}
	dsn := (&url.URL{Scheme: "file", Path: d.file, RawQuery: pragmas.Encode()}).String()
	var c driver.Connector = dsnConnector{dsn: dsn, driver: &sqlite.Driver{}}
	if cfg.WrapConnector != nil {
		c = cfg.WrapConnector(c)
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

func (d *sqliteDialect) check(ctx context.Context, db *sql.DB, cfg Config) error {
	var version string
	var tables, ours int
	if err := db.QueryRowContext(ctx, `SELECT sqlite_version(), COUNT(*), COALESCE(SUM(name = '`+schemaTable+`'), 0)
FROM sqlite_schema WHERE type = 'table'`).Scan(&version, &tables, &ours); err != nil {
		return err
	}
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("SQLite calls its version %q: %w", version, err)
	}
	switch {
	case major*1_000_000+minor*1000+patch < oldestSQLite:
		return fmt.Errorf("it has SQLite %s, keyreeve needs 3.51.3 or later", version)
	case tables > 0 && ours == 0:
		return errors.New("it is not a keyreeve database: it has the tables of another program")
	case cfg.Access == ReadOnly:
		return nil
	}
	// The file remembers it, so it is set only once it is known to be ours.
	var mode string
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("its file system does not allow a write-ahead log: the journal mode stays %q", mode)
	}
	return nil
}

func (d *sqliteDialect) migrations() (string, goose.Dialect) {
	return "migrations/sqlite", goose.DialectSQLite3
}

// alone: the file's lock is held already.
func (d *sqliteDialect) alone(_ context.Context, _ *slog.Logger, do func() error) error { return do() }

var numbered = regexp.MustCompile(`\$\d+`)

// statement takes the numbers from $1, $2 and so on where each stands once and
// in order. The driver looks numbered ones up by name, along a list of them
// all: with 64 events in one insert that was 6 % of a create's processor time.
func (d *sqliteDialect) statement(text string) string {
	n, inOrder := 0, true
	plain := numbered.ReplaceAllStringFunc(text, func(parameter string) string {
		n++
		inOrder = inOrder && parameter == "$"+strconv.Itoa(n)
		return "?"
	})
	if !inOrder {
		return text
	}
	return plain
}

// begin takes the write lock at once: a transaction that read first and then
// wrote could be refused half-way.
func (d *sqliteDialect) begin() string { return "BEGIN IMMEDIATE" }

func (d *sqliteDialect) writeTimeout() time.Duration { return 0 }

func (d *sqliteDialect) snapshotIsolation() sql.IsolationLevel { return sql.LevelDefault }

func (d *sqliteDialect) unbound(context.Context, *sql.Tx) error { return nil }

func (d *sqliteDialect) durable(context.Context, *sql.Tx) error { return nil }

func (d *sqliteDialect) shared() bool { return false }

func (d *sqliteDialect) listen(ctx context.Context, _ func(), _ *slog.Logger) { <-ctx.Done() }

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

// conflicted: there is one writer.
func (d *sqliteDialect) conflicted(error) bool { return false }

// answered: SQLite is in this process, so its answer is never lost.
func (d *sqliteDialect) answered(error) bool { return true }

// dsnConnector opens connections of a driver that has only Open.
type dsnConnector struct {
	dsn    string
	driver driver.Driver
}

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c dsnConnector) Driver() driver.Driver                        { return c.driver }
