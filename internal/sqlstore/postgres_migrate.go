package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// takeLock is for who changes the schema. A keyreeve from before there were
	// replicas holds the same lock for as long as it serves, since it must be
	// the only one: it cannot know what others revoke.
	takeLock = `SELECT pg_try_advisory_lock(hashtext('keyreeve server'), hashtext(current_schema()))`

	// sayChange is a second lock, which all have that want to change the schema: by
	// it they are told from a keyreeve that serves. Theirs ends by itself, the
	// other's has to be stopped.
	sayChange = `SELECT pg_advisory_lock_shared(hashtext('keyreeve schema'), hashtext(current_schema()))`

	// lockHolder names the session that has the lock, and says whether it changes
	// the schema. The two halves of a lock's key are stored as unsigned numbers.
	lockHolder = `SELECT a.application_name || COALESCE(' from ' || host(a.client_addr), ''), EXISTS (SELECT 1 FROM pg_locks s
WHERE s.pid = l.pid AND s.locktype = 'advisory' AND s.granted AND s.objsubid = 2 AND s.database = l.database AND s.objid = l.objid
AND s.classid::bigint = hashtext('keyreeve schema')::bigint & 4294967295)
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND l.classid::bigint = hashtext('keyreeve server')::bigint & 4294967295
AND l.objid::bigint = hashtext(current_schema())::bigint & 4294967295 LIMIT 1`

	// lockPatience is how long a start waits for a server to stop, and lockRetry
	// how often it looks. For a change of the schema it waits as long as that takes:
	// a new index of a large table takes minutes.
	lockPatience = 10 * time.Second
	lockRetry    = 50 * time.Millisecond

	// lockAnswer bounds each question about the lock.
	lockAnswer = 5 * time.Second
)

// alone runs do while no other process changes the schema, and none of a
// version from before there were replicas serves. The lock is a session's, so
// PostgreSQL drops it with its connection.
func (d *postgresDialect) alone(ctx context.Context, logger *slog.Logger, do func() error) error {
	conn, err := pgx.ConnectConfig(ctx, d.config.Copy())
	if err != nil {
		return describeConnectError(err)
	}
	// Not ctx, whose end would cut the connection: the holder is to be named.
	asking := func(f func(context.Context) error) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockAnswer)
		defer cancel()
		return f(ctx)
	}
	defer func() { _ = asking(conn.Close) }()
	if err := asking(func(ctx context.Context) error { _, err := conn.Exec(ctx, sayChange); return err }); err != nil {
		return err
	}
	said := false
	for looked := time.Now(); ; time.Sleep(lockRetry) {
		var got bool
		if err := asking(func(ctx context.Context) error { return conn.QueryRow(ctx, takeLock).Scan(&got) }); err != nil {
			return err
		}
		if got {
			return do()
		}
		if ctx.Err() == nil && time.Since(looked) < lockPatience {
			continue
		}
		looked = time.Now()
		holder, changes := "another process", true
		err := asking(func(ctx context.Context) error { return conn.QueryRow(ctx, lockHolder).Scan(&holder, &changes) })
		switch {
		case err != nil && !errors.Is(err, pgx.ErrNoRows): // no row: it has just given the lock up
			return err
		case !changes:
			return fmt.Errorf("its schema must be changed, but %s holds it: a keyreeve from before there were replicas has to be stopped first", holder)
		case ctx.Err() != nil:
			return fmt.Errorf("%s is changing its schema: %w", holder, ctx.Err())
		case !said:
			said = true
			logger.Info("waiting for another process that changes the schema", "process", holder)
		}
	}
}
