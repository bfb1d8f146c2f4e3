package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// dialect is all that differs between the engines.
type dialect interface {
	fmt.Stringer

	// prepare checks that the database may be used as cfg.Access says and on
	// SQLite takes the lock that keeps other servers out. unlock gives it back.
	prepare(ctx context.Context, cfg Config) (unlock func(), err error)

	// connect opens a pool for one purpose.
	connect(cfg Config, p pool) (*sql.DB, error)

	// check refuses an engine that is too old, a way to it that does not do, and
	// a database of some other program. db is the writer's pool.
	check(ctx context.Context, db *sql.DB, cfg Config) error

	// migrations is the directory of the engine's DDL and its goose name.
	migrations() (dir string, d goose.Dialect)

	// alone runs do, which changes the schema, while no other process does.
	alone(ctx context.Context, logger *slog.Logger, do func() error) error

	// statement is a text as the engine's driver takes it best.
	statement(text string) string

	// begin is the statement that starts a write.
	begin() string

	// writeTimeout bounds one batch, its COMMIT not included; 0: no bound (a local disk does not hang
	// half-way, and a context costs a goroutine per statement there).
	writeTimeout() time.Duration

	// snapshot is how a transaction sees one state of the whole database, and
	// unbound lifts the time limit of its statements.
	snapshotIsolation() sql.IsolationLevel
	unbound(ctx context.Context, tx *sql.Tx) error

	// durable makes a transaction of the replicas' pool survive a crash.
	durable(ctx context.Context, tx *sql.Tx) error

	// shared reports whether several servers may use one database.
	shared() bool

	// listen calls wake when the log may have moved, until ctx ends.
	listen(ctx context.Context, wake func(), logger *slog.Logger)

	// isMistake tells errors that show a fault of this program (a bad
	// statement, a broken constraint) from trouble with storage.
	isMistake(error) bool

	// conflicted says that the engine undid a transaction in favour of another
	// one: a deadlock, or one that could not be put in order. Run again it may
	// pass.
	conflicted(error) bool

	// answered says that err is the engine's answer to a statement, which then
	// did not take place. Without an answer a COMMIT may have.
	answered(err error) bool
}

// pool is a purpose of connections.
type pool int

const (
	writerPool pool = iota // one connection
	readerPool
	searchPool  // one connection, for reads that take their time
	replicaPool // heartbeats, and who is there
	migratePool // one connection, without limits of time
)

// dialectOf reads the --database flag.
func dialectOf(database string) (dialect, error) {
	switch scheme, rest, found := strings.Cut(database, ":"); {
	case database == "":
		return nil, errors.New("no database was named: give a path, sqlite:PATH or a postgres:// URL")
	case found && (scheme == "postgres" || scheme == "postgresql"):
		return newPostgres(database)
	case found && scheme == "sqlite":
		return newSQLite(rest)
	case keywordDSN.MatchString(database):
		return nil, errors.New("database: give PostgreSQL's address as a postgres:// URL, not as KEY=VALUE words")
	case strings.Contains(database, "://"):
		return nil, fmt.Errorf("database %q: %q is not a kind of database that is supported: give a path, sqlite:PATH or a postgres:// URL",
			scheme+"://…", scheme)
	default:
		return newSQLite(database)
	}
}

// CheckDatabase refuses what Open cannot take for the name of a database.
func CheckDatabase(database string) error {
	_, err := dialectOf(database)
	return err
}

// keywordDSN is libpq's other form of an address. Taken for a path it would
// make a file with a password in its name.
var keywordDSN = regexp.MustCompile(`^\s*[A-Za-z_]+\s*=`)

// schemaTable holds goose's record of migrations. It has a name of its own,
// since goose's default may be another program's.
const schemaTable = "keyreeve_schema"

//go:embed migrations
var migrationFiles embed.FS

// migrate brings the schema up to this program's version, or with less than
// Serve access refuses one that is not there yet. Of several processes that
// start at once, one does it and the others wait.
func migrate(ctx context.Context, d dialect, db *sql.DB, cfg Config) error {
	dir, name := d.migrations()
	files, err := fs.Sub(migrationFiles, dir)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(name, db, files, goose.WithTableName(schemaTable))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	sources, access := provider.ListSources(), cfg.Access
	newest := sources[len(sources)-1].Version

	// GetDBVersion would make goose's table, which a reader must not do.
	var current int64
	err = db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM `+schemaTable+` WHERE is_applied`).Scan(&current)
	switch {
	case err != nil && access != Serve:
		return fmt.Errorf("it is not a keyreeve database, or was never served: %w", err)
	case err != nil && !d.isMistake(err): // there is no such table: it is new
		return fmt.Errorf("read schema version: %w", err)
	case current > newest:
		return fmt.Errorf("its schema is version %d, this keyreeve knows versions up to %d: run the newer keyreeve that it was last served with", current, newest)
	case current == newest:
		return nil
	case access != Serve:
		return fmt.Errorf("its schema is version %d, this keyreeve needs version %d: start the server once to migrate it", current, newest)
	}
	return d.alone(ctx, cfg.Logger, func() error {
		if err := upgrade(ctx, d, name, files, cfg); err != nil {
			return fmt.Errorf("migrate schema from version %d to %d: %w", current, newest, err)
		}
		return nil
	})
}

// upgrade runs the migrations that are missing, over a connection that may take
// its time: a new index of a large table takes longer than a change may.
func upgrade(ctx context.Context, d dialect, name goose.Dialect, files fs.FS, cfg Config) error {
	db, err := d.connect(cfg, migratePool)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing is lost with it
	provider, err := goose.NewProvider(name, db, files, goose.WithTableName(schemaTable))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
