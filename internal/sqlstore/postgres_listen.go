package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// listenQuiet is how long a connection may be silent before it is asked
	// whether it still lives: one that a network cut does not say so. Until then
	// heartbeats find what it should have told of.
	listenQuiet   = 10 * time.Second
	listenTimeout = time.Second
	listenBackoff = 50 * time.Millisecond
	listenSlowest = time.Second
)

// listen holds a connection on which PostgreSQL tells of commits, and makes
// another when it breaks. What was missed meanwhile is made up for by one wake.
func (d *postgresDialect) listen(ctx context.Context, wake func(), logger *slog.Logger) {
	for backoff := listenBackoff; ctx.Err() == nil; backoff = min(2*backoff, listenSlowest) {
		err := d.listenOnce(ctx, func() {
			backoff = listenBackoff
			wake()
		})
		if ctx.Err() != nil {
			return
		}
		logger.Debug("not notified of commits: the log is polled", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(backoff):
		}
	}
}

func (d *postgresDialect) listenOnce(ctx context.Context, wake func()) error {
	connecting, cancel := context.WithTimeout(ctx, listenTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(connecting, d.config.Copy())
	if err != nil {
		return describeConnectError(err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), listenTimeout)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(connecting, `LISTEN keyreeve_log`); err != nil {
		return err
	}
	for {
		wake()
		for {
			quiet, cancel := context.WithTimeout(ctx, listenQuiet)
			_, err := conn.WaitForNotification(quiet)
			cancel()
			if err == nil {
				break
			}
			if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			asking, cancel := context.WithTimeout(ctx, listenTimeout)
			err = conn.Ping(asking)
			cancel()
			if err != nil {
				return err
			}
		}
	}
}
