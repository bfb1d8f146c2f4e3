package sqlstore

import (
	"cmp"
	"context"
	"crypto/rand"
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
	// A standby may be behind: who reads there may miss a revocation.
	config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
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
	conns, settings := d.pool(p)
	if cfg.Access == ReadOnly {
		settings["default_transaction_read_only"] = "on"
	}
	config := d.config.Copy()
	config.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		return apply(ctx, conn, settings)
	}
	var c driver.Connector = stdlib.GetConnector(*config)
	if cfg.WrapConnector != nil {
		c = cfg.WrapConnector(c)
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if p == writerPool {
		db.SetMaxIdleConns(1) // the writer keeps its own
	}
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

// pool returns how many connections a pool has and how their sessions are set.
func (d *postgresDialect) pool(p pool) (conns int, settings map[string]string) {
	settings = map[string]string{
		// Every read of ours follows an index and stops early. A table that
		// grows fast has no statistics for a minute, and by its first guess the
		// planner would gather all keys in a bitmap and sort them for each page.
		"enable_bitmapscan": "off",
	}
	switch p {
	case readerPool:
		settings["statement_timeout"] = "5000"
		return 8, settings
	case searchPool:
		settings["statement_timeout"] = "5000"
		return 1, settings
	case migratePool:
		return 1, settings
	case replicaPool: // a heartbeat, the rows for commits that wait, and one more
		settings["statement_timeout"] = "2000"
		settings["lock_timeout"] = "1000"
		settings["idle_in_transaction_session_timeout"] = "500"
		// A heartbeat that a crash undoes is only late. Rows are made durably.
		settings["synchronous_commit"] = "off"
		return 3, settings
	default: // the writer, and room for the look at sessions
		// A writer that stopped while it holds the log's head must not hold it
		// for all.
		settings["statement_timeout"] = "1000"
		settings["lock_timeout"] = "1000"
		settings["idle_in_transaction_session_timeout"] = "500"
		return 2, settings
	}
}

// apply sets a new session. As startup parameters a pooler would refuse the
// settings, or drop them without a word.
func apply(ctx context.Context, conn *pgconn.PgConn, settings map[string]string) error {
	var text strings.Builder
	for name, value := range settings {
		fmt.Fprintf(&text, "SET %s = '%s';", name, value)
	}
	_, err := conn.Exec(ctx, text.String()).ReadAll()
	return err
}

func (d *postgresDialect) check(ctx context.Context, db *sql.DB, cfg Config) error {
	if err := d.ownSessions(ctx, db); err != nil {
		return err
	}
	var version int
	var durable string
	if err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('synchronous_commit')`).Scan(&version, &durable); err != nil {
		return describeConnectError(err)
	}
	if version < oldestPostgres {
		return fmt.Errorf("it is PostgreSQL %d, keyreeve needs 15 or later", version/10_000)
	}
	if durable == "off" && cfg.Access == Serve {
		cfg.Logger.Warn("synchronous_commit is off: a crash of the database may undo revocations that were answered")
	}
	return nil
}

// errPooled refuses connections that share the sessions of PostgreSQL. Notices of
// commits, time limits and prepared statements are a session's.
var errPooled = errors.New("its connections share sessions, as those of pgbouncer with pool_mode=transaction do: " +
	"set pool_mode=session for this database, or connect to PostgreSQL itself")

// ownSessions refuses a pooler that gives a session to each transaction. While
// one connection holds a transaction open, another, idle one must still have the
// session that it had before; a pooler has given it away.
func (d *postgresDialect) ownSessions(ctx context.Context, db *sql.DB) error {
	var conns [2]*sql.Conn
	var err error
	for i := range conns {
		if conns[i], err = db.Conn(ctx); err != nil {
			return describeConnectError(err)
		}
		defer conns[i].Close() //nolint:errcheck // it goes back to its pool
	}
	// No prepared statement, which would fail there in ways of its own.
	pid := func(q interface {
		QueryRowContext(context.Context, string, ...any) *sql.Row
	}) (pid int, err error) {
		err = q.QueryRowContext(ctx, `SELECT pg_backend_pid()`, pgx.QueryExecModeSimpleProtocol).Scan(&pid)
		return pid, err
	}
	for range 3 {
		before, err := pid(conns[0])
		if err != nil {
			return err
		}
		tx, err := conns[1].BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		other, err1 := pid(tx)
		after, err2 := pid(conns[0])
		if err := cmp.Or(err1, err2, tx.Rollback()); err != nil {
			return err
		}
		if before != after || before == other {
			return errPooled
		}
	}
	return d.unseen(ctx, conns)
}

// maxTurns is how many sessions a pooler may have idle and be found out, if it
// hands them out in turn (pgbouncer's server_round_robin). Then the same two may
// be met each time that ownSessions looks.
const maxTurns = 32

// unseen refuses a pooler by which one connection sees what another has set in
// its session.
func (d *postgresDialect) unseen(ctx context.Context, conns [2]*sql.Conn) error {
	const set = `SELECT set_config('keyreeve.session', $1, false)`
	mine, seen := rand.Text(), ""
	if _, err := conns[0].ExecContext(ctx, set, pgx.QueryExecModeSimpleProtocol, mine); err != nil {
		return err
	}
	for range maxTurns {
		err := conns[1].QueryRowContext(ctx, `SELECT COALESCE(current_setting('keyreeve.session', true), '')`, pgx.QueryExecModeSimpleProtocol).Scan(&seen)
		if err != nil {
			return err
		}
		if seen == mine {
			return errPooled
		}
	}
	_, err := conns[0].ExecContext(ctx, set, pgx.QueryExecModeSimpleProtocol, "")
	return err
}

func (d *postgresDialect) migrations() (string, goose.Dialect) {
	return "migrations/postgres", goose.DialectPostgres
}

func (d *postgresDialect) statement(text string) string { return text }

func (d *postgresDialect) begin() string { return "BEGIN ISOLATION LEVEL READ COMMITTED" }

func (d *postgresDialect) writeTimeout() time.Duration { return 600 * time.Millisecond }

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

func (d *postgresDialect) conflicted(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && strings.HasPrefix(e.Code, "40") // transaction rollback
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
