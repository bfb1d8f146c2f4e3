package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// takeLock is for who changes the schema. A keyreeve from before there were
	// replicas holds the same lock for as long as it serves, since it must be
	// the only one: it cannot know what others revoke.
	takeLock = `SELECT pg_try_advisory_lock(hashtext('keyreeve server'), hashtext(current_schema()))`
	freeLock = `SELECT pg_advisory_unlock(hashtext('keyreeve server'), hashtext(current_schema()))`
	// lockHolder names the session that has the lock. The two halves of the
	// key are stored as unsigned numbers.
	lockHolder = `SELECT a.application_name || COALESCE(' from ' || host(a.client_addr), '') FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND l.classid::bigint = hashtext('keyreeve server')::bigint & 4294967295
AND l.objid::bigint = hashtext(current_schema())::bigint & 4294967295 LIMIT 1`

	// lockPatience is how long a start waits for another to finish, and
	// lockRetry how often it looks.
	lockPatience = 10 * time.Second
	lockRetry    = 50 * time.Millisecond
)

// alone runs do while no other process changes the schema, and none of a
// version from before there were replicas serves. The lock is a session's, so
// PostgreSQL drops it with a process that dies.
func (d *postgresDialect) alone(ctx context.Context, do func() error) error {
	conn, err := pgx.ConnectConfig(ctx, d.config.Copy())
	if err != nil {
		return describeConnectError(err)
	}
	// Not ctx, whose end would cut the connection: the holder is to be named.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*lockPatience)
	defer cancel()
	defer func() {
		_, _ = conn.Exec(asking, freeLock)
		_ = conn.Close(asking)
	}()
	for began := time.Now(); ; time.Sleep(lockRetry) {
		var got bool
		if err := conn.QueryRow(asking, takeLock).Scan(&got); err != nil {
			return err
		}
		if got {
			return do()
		}
		if ctx.Err() == nil && time.Since(began) < lockPatience {
			continue
		}
		var holder string
		if err := conn.QueryRow(asking, lockHolder).Scan(&holder); err != nil {
			holder = "another process"
		}
		return fmt.Errorf("its schema must be changed, but %s holds it: a keyreeve from before there were replicas has to be stopped first", holder)
	}
}
