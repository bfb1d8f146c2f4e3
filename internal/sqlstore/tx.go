package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"github.com/oklog/ulid/v2"

	"github.com/keyreeve/keyreeve/internal/org"
)

// tx is a batch's transaction. Its closures use it one after the other.
type tx struct {
	ctx    context.Context //nolint:containedctx // the batch's, see org.Tx
	group  *group
	head   org.Head // as locked
	last   ulid.ULID
	millis uint64
	events []pending

	indexed   int64     // how far the log is in the audit index
	unindexed unindexed // what is behind that when this transaction has committed

	owners map[string]org.Owner // read in this transaction
	keys   map[string]org.Key   // the same

	// Of the closure that is running:
	wrote    bool
	failed   error // of its first failed statement
	panicked bool
}

// pending is an event that waits for its place in the log.
type pending struct {
	event org.Event
	id    org.ID
}

func newTx(ctx context.Context, g *group, head org.Head, indexed int64) *tx {
	now := max(g.now().UnixMilli(), head.Millis())
	return &tx{ctx: ctx, group: g, head: head, indexed: indexed, last: head.LastID, millis: uint64(max(now, 0))}
}

func (t *tx) Now() int64 { return int64(t.millis / 1000) }

func (t *tx) NewID(prefix string) (org.ID, error) {
	next, err := org.NextULID(t.last, t.millis, t.group.random)
	if err != nil {
		return "", t.fail(err)
	}
	t.last = next
	return org.ID(prefix + next.String()), nil
}

func (t *tx) Emit(e org.Event) {
	id, err := t.NewID(org.PrefixEvent)
	if err != nil {
		return // run makes it the closure's error
	}
	t.events = append(t.events, pending{e, id})
}

// exec runs a write of a closure.
func (t *tx) exec(text string, args ...any) error {
	t.wrote = true
	return t.fail(t.group.conn.exec(t.ctx, text, args...))
}

// fail notes an error of storage, so that a closure cannot swallow it.
func (t *tx) fail(err error) error {
	t.failed = cmp.Or(t.failed, err)
	return err
}

// one reads one row. No row is not an error.
func (t *tx) one(dest []any, text string, args ...any) (bool, error) {
	switch err := t.group.conn.queryRow(t.ctx, text, args...).Scan(dest...); {
	case err == nil:
		return true, nil
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	default:
		return false, t.fail(err)
	}
}

// since returns the events after the first n.
func (t *tx) since(n int) []org.Event {
	events := make([]org.Event, 0, len(t.events)-n)
	for _, p := range t.events[n:] {
		events = append(events, p.event)
	}
	return events
}
