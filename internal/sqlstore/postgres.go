package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// oldestPostgres is the oldest release that the tests run against.
const oldestPostgres = 150_000

type postgresDialect struct {
	config *pgx.ConnConfig
	name   string // without the password
}

func newPostgres(dsn string) (*postgresDialect, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// pgx redacts the password of what it echoes, but only where it could
		// tell which part that is.
		return nil, errors.New("database: the postgres:// URL is malformed: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 2 * time.Second
	}
	host, _ := os.Hostname()
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = fmt.Sprintf("%s %s:%d", filepath.Base(os.Args[0]), host, os.Getpid())
	}
	host = net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	name := (&url.URL{Scheme: "postgres", User: url.User(config.User), Host: host, Path: "/" + config.Database}).String()
	if strings.HasPrefix(config.Host, "/") {
		name = fmt.Sprintf("postgres://%s@/%s?host=%s", config.User, config.Database, config.Host)
	}
	return &postgresDialect{config: config, name: name}, nil
}

func (d *postgresDialect) String() string { return d.name }

// prepare has nothing to do: any number of servers work on one database.
func (d *postgresDialect) prepare(context.Context, Config) (func(), error) {
	return func() {}, nil
}

func (d *postgresDialect) connect(cfg Config, p pool) (*sql.DB, error) {
	config := d.config.Copy()
	conns := 8
	config.RuntimeParams["statement_timeout"] = "5000"
	// Every read of ours follows an index and stops early. A table that grows
	// fast has no statistics for a minute, and by its first guess the planner
	// would gather all keys in a bitmap and sort them for each page.
	config.RuntimeParams["enable_bitmapscan"] = "off"
	switch p {
	case readerPool:
	case replicaPool:
		conns = 3 // a heartbeat, the rows for commits that wait, and one more
		config.RuntimeParams["statement_timeout"] = "2000"
		config.RuntimeParams["lock_timeout"] = "1000"
		config.RuntimeParams["idle_in_transaction_session_timeout"] = "500"
		// A heartbeat that a crash undoes is only late. Rows are made durably.
		config.RuntimeParams["synchronous_commit"] = "off"
	case writerPool:
		conns = 2 // the writer, and migrations
		// A writer that stopped while it holds the log's head must not hold it
		// for all.
		config.RuntimeParams["statement_timeout"] = "2000"
		config.RuntimeParams["lock_timeout"] = "1000"
		config.RuntimeParams["idle_in_transaction_session_timeout"] = "500"
	}
	if cfg.Access == ReadOnly {
		config.RuntimeParams["default_transaction_read_only"] = "on"
	}
	var c driver.Connector = stdlib.GetConnector(*config)
	if cfg.WrapConnector != nil {
		c = cfg.WrapConnector(c)
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

func (d *postgresDialect) check(ctx context.Context, db *sql.DB, _ Access) error {
	var version int
	if err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int`).Scan(&version); err != nil {
		return describeConnectError(err)
	}
	if version < oldestPostgres {
		return fmt.Errorf("it is PostgreSQL %d, keyreeve needs 15 or later", version/10_000)
	}
	return nil
}

func (d *postgresDialect) migrations() (string, goose.Dialect) {
	return "migrations/postgres", goose.DialectPostgres
}

func (d *postgresDialect) statement(text string) string { return text }

func (d *postgresDialect) begin() string { return "BEGIN ISOLATION LEVEL READ COMMITTED" }

func (d *postgresDialect) writeTimeout() time.Duration { return 3 * time.Second }

func (d *postgresDialect) snapshotIsolation() sql.IsolationLevel { return sql.LevelRepeatableRead }

func (d *postgresDialect) unbound(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `SET LOCAL statement_timeout = 0`)
	return err
}

func (d *postgresDialect) durable(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `SET LOCAL synchronous_commit = on`)
	return err
}

func (d *postgresDialect) shared() bool { return true }

func (d *postgresDialect) isMistake(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) || len(e.Code) != 5 {
		return false
	}
	switch e.Code[:2] {
	case "22", "23", "42": // data exception, integrity constraint, syntax or access rule
		return e.Code != "42501" // insufficient privilege is the operator's to mend
	default:
		return false
	}
}

// answered: an ERROR is an answer. What ends the session, FATAL or a broken
// connection, may come instead of one.
func (d *postgresDialect) answered(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.SeverityUnlocalized == "ERROR"
}

// describeConnectError keeps the reason and drops pgx's repetition of the
// connection string. pgx tries each address with and without TLS, and gives a
// line for each attempt: the same ones are said once.
func describeConnectError(err error) error {
	var e *pgconn.ConnectError
	if !errors.As(err, &e) {
		return err
	}
	lines := strings.Split(e.Unwrap().Error(), "\n")
	slices.Sort(lines)
	return fmt.Errorf("connect: %s", strings.Join(slices.Compact(lines), "; "))
}
