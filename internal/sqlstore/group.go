package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

// maxBatch is how many updates share a transaction at most. It bounds what is
// rerun when one of them fails.
const maxBatch = 64

// A batch waits for its callers for at most 1/waitShare of the time that the
// last one took, and never longer than maxWait. With 64 callers that raises a
// batch from 32 updates (1 and 63 in turn) to 58, and on PostgreSQL the rate
// from 5 600 to 8 300 creates/s; on SQLite the rate stays as it is, bound by
// the processor (BenchmarkCreate, 2 cores). A half or an eighth is no better.
const (
	waitShare = 4
	maxWait   = 2 * time.Millisecond
)

// group is the one writer of a store: a goroutine that takes the updates that
// are waiting and commits them together. While one batch is being synced to
// disk the next one gathers, so the busier it gets the more a sync carries.
type group struct {
	conn     *writerConn
	dialect  dialect
	now      func() time.Time
	random   io.Reader
	onCommit func([]org.StoredEvent)
	logger   *slog.Logger

	unindexed unindexed // of the last commit here; see tx.index

	mu     sync.RWMutex // guards closed, and queue against closing
	closed bool
	queue  chan *update
	done   chan struct{}
}

// update is one caller's closure and, once ready is closed, its result.
type update struct {
	fn     func(org.Tx) error
	write  *statement // instead of fn: a write beside the log
	queued time.Time
	ready  chan struct{}
	commit org.Commit
	err    error
}

// statement is one write on its own.
type statement struct {
	text string
	args []any
}

func newGroup(db *sql.DB, d dialect, cfg Config) *group {
	g := &group{
		conn: newWriterConn(db, d), dialect: d,
		now: cfg.Now, random: cfg.Random, onCommit: cfg.OnCommit, logger: cfg.Logger,
		queue: make(chan *update, 4*maxBatch), done: make(chan struct{}),
	}
	return g
}

// update queues fn and waits for its batch. A caller that gives up while it
// waits does not stop its change.
func (g *group) update(ctx context.Context, fn func(org.Tx) error) (org.Commit, error) {
	u := &update{fn: fn, queued: time.Now(), ready: make(chan struct{})}
	err := g.wait(ctx, u)
	if _, refused := errors.AsType[*org.Refusal](err); err != nil && !refused {
		return org.Commit{}, err // u may still be under way
	}
	return u.commit, err
}

// plain runs one statement on the writer's connection, between two batches.
func (g *group) plain(ctx context.Context, text string, args []any) error {
	return g.wait(ctx, &update{write: &statement{text, args}, queued: time.Now(), ready: make(chan struct{})})
}

func (g *group) wait(ctx context.Context, u *update) error {
	if err := g.enqueue(ctx, u); err != nil {
		return err
	}
	select {
	case <-u.ready:
		return u.err
	case <-ctx.Done():
	}
	select {
	case <-u.ready: // both had come
		return u.err
	default:
		return fmt.Errorf("%w: %w", org.ErrUncertain, ctx.Err())
	}
}

func (g *group) enqueue(ctx context.Context, u *update) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed {
		return fmt.Errorf("%w: the store is closed", org.ErrUnavailable)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case g.queue <- u:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *group) close() {
	g.mu.Lock()
	if !g.closed {
		g.closed = true
		close(g.queue)
	}
	g.mu.Unlock()
	<-g.done
}

func (g *group) run() {
	defer close(g.done)
	defer g.conn.close()
	batch, beside := make([]*update, 0, maxBatch), make([]*update, 0, maxBatch)
	var p pace
	for first := range g.queue {
		batch, beside = g.gather(batch[:0], beside[:0], first, p)
		if len(batch) > 0 {
			start := time.Now()
			g.commit(batch)
			p = pace{len(batch), time.Since(start)}
		}
		g.write(beside)
	}
}

// write does writes beside the log. Where storage does not answer one of them the
// others are not tried: changes wait behind them, and each would take its time.
func (g *group) write(beside []*update) {
	var away error
	for _, u := range beside {
		err := away
		if err == nil {
			if err = g.exec(u.write); err != nil && !g.dialect.answered(err) {
				away = err
			}
		}
		g.finish(u, err)
	}
}

// pace is the size of a batch and how long it took.
type pace struct {
	updates int
	took    time.Duration
}

// gather collects what is waiting: changes, and writes beside the log.
//
// The callers of the last batch were answered together and many will be back
// together, but not all at once: the first would be committed alone while the
// others wait for its sync. So gather waits for as many as last time, for a
// fraction of the time that the commit takes. One caller alone never waits.
func (g *group) gather(batch, beside []*update, u *update, last pace) (_, _ []*update) {
	var patience <-chan time.Time
	for {
		if u.write != nil {
			beside = append(beside, u)
		} else {
			batch = append(batch, u)
		}
		if len(batch)+len(beside) == maxBatch {
			return batch, beside
		}
		var ok bool
		select {
		case u, ok = <-g.queue:
		default:
			if len(batch) >= last.updates {
				return batch, beside
			}
			if patience == nil {
				patience = time.After(min(last.took/waitShare, maxWait))
			}
			select {
			case u, ok = <-g.queue:
			case <-patience:
				return batch, beside
			}
		}
		if !ok {
			return batch, beside
		}
	}
}

func (g *group) exec(w *statement) error {
	ctx, cancel := g.within(time.Now(), -commitTime) // those behind it wait as well
	defer cancel()
	err := g.conn.exec(ctx, w.text, w.args...)
	if err != nil && g.dialect.conflicted(err) {
		err = g.conn.exec(ctx, w.text, w.args...)
	}
	if err != nil {
		g.conn.discard()
	}
	return err
}

// commit runs a batch in one transaction, and where one of its closures spoils
// that, each closure in a transaction of its own.
func (g *group) commit(batch []*update) {
	err := g.attempt(batch)
	if err != nil && g.dialect.conflicted(err) {
		err = g.attempt(batch)
	}
	var spoiled *spoiledError
	if errors.As(err, &spoiled) && len(batch) > 1 {
		err = nil
		for i, u := range batch {
			alone := g.attempt(batch[i : i+1])
			if alone != nil && !errors.As(alone, &spoiled) {
				// Storage is away: the rest would only wait for it in turn.
				err, batch = alone, batch[i:]
				break
			}
			g.finish(u, alone)
		}
		if err == nil {
			return
		}
	}
	for _, u := range batch {
		g.finish(u, err)
	}
}

// finish tells the caller of u its result: what became of its transaction, and
// where that is well its own refusal. A refusal of a transaction that failed is
// dropped, since it may rest on what others of the batch wrote: "no such key"
// would be taken for a revocation that took place.
func (g *group) finish(u *update, err error) {
	var spoiled *spoiledError
	switch {
	case errors.As(err, &spoiled):
		u.err = spoiled.err
	case err != nil:
		u.err = classify(g.dialect, err)
	}
	close(u.ready)
}

// spoiledError is a closure that failed after its first write, by a statement
// that storage refused or by a panic. Nothing of its transaction stands.
type spoiledError struct{ err error }

func (e *spoiledError) Error() string { return e.err.Error() }
func (e *spoiledError) Unwrap() error { return e.err }

// attempt runs a batch in one transaction. A refusal is the result of its
// update alone; an error that attempt returns is that of all.
func (g *group) attempt(batch []*update) error {
	ctx, cancel := g.within(batch[0].queued, 0)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("waited too long for its turn: %w", err)
	}
	t, err := g.start(ctx)
	if err != nil {
		return err
	}
	for _, u := range batch {
		u.err, u.commit = nil, org.Commit{}
		before := len(t.events)
		err := t.run(u.fn)
		switch {
		case t.failed != nil && !g.dialect.isMistake(t.failed): // storage is away, for all
			g.rollback(ctx)
			return t.failed
		case err != nil && (t.wrote || t.failed != nil || t.panicked):
			g.rollback(ctx)
			return &spoiledError{err}
		case err != nil:
			u.err = err
			t.events = t.events[:before]
		}
		u.commit = org.Commit{Revision: t.head.Revision + int64(len(t.events)), Ends: org.Ends(t.since(before))}
	}
	if len(t.events) == 0 {
		tell(batch, t.head, nil)
		return g.confirmHead(batch[0].queued)
	}
	sealed, err := t.writeLog()
	if err != nil {
		g.rollback(ctx)
		if g.dialect.isMistake(err) { // one closure's event cannot be stored
			return &spoiledError{err}
		}
		return err
	}
	committing, cancel := g.within(batch[0].queued, commitTime)
	defer cancel()
	if err := g.conn.exec(committing, `COMMIT`); err != nil {
		if err := g.settle(err, sealed); err != nil {
			return err
		}
	}
	tell(batch, t.head, sealed)
	g.unindexed = t.unindexed
	if g.onCommit != nil {
		g.onCommit(sealed)
	}
	return nil
}

// confirmHead ends a transaction that changed nothing. What it found is told to
// its callers, who take it for done, so it has to be as safe as a change of their
// own: on PostgreSQL a COMMIT that was cut short while it waited for a standby is
// seen by all, and the standby may not have it. A transaction that is committed
// after it waits for both.
func (g *group) confirmHead(queued time.Time) error {
	ctx, cancel := g.within(queued, commitTime)
	defer cancel()
	if !g.dialect.shared() {
		g.rollback(ctx)
		return nil
	}
	err := g.conn.exec(ctx, `COMMIT`)
	if err != nil {
		g.conn.discard()
	}
	return err
}

// tell completes the commits of a batch whose transaction began at head.
func tell(batch []*update, head org.Head, sealed []org.StoredEvent) {
	for _, u := range batch {
		u.commit.Hash = head.Hash
		if n := u.commit.Revision - head.Revision; n > 0 {
			u.commit.Hash = sealed[n-1].Hash
		}
	}
}

// Beyond the dialect's time for a transaction there is some for its COMMIT, and
// some to learn what became of that when its answer is lost. All together stay
// below the second within which the caller of a change is told that storage is
// away.
const (
	commitTime = 150 * time.Millisecond
	settleTime = 200 * time.Millisecond
)

// within is the context of what must be done in the dialect's time and some more,
// counted from an update's call: one that waited for others has less left.
func (g *group) within(since time.Time, more time.Duration) (context.Context, context.CancelFunc) {
	if limit := g.dialect.writeTimeout(); limit > 0 {
		return context.WithDeadline(context.Background(), since.Add(limit+more))
	}
	return context.Background(), func() {}
}

// start begins a transaction and takes the log's head, which every writer on
// every replica waits for. A connection that broke while nobody used it, as all
// do when the database restarts, is replaced.
func (g *group) start(ctx context.Context) (*tx, error) {
	used := g.conn.open()
	t, err := g.begin(ctx)
	if err != nil && used && !g.dialect.answered(err) {
		t, err = g.begin(ctx)
	}
	return t, err
}

func (g *group) begin(ctx context.Context) (*tx, error) {
	if err := g.conn.exec(ctx, g.dialect.begin()); err != nil {
		g.conn.discard()
		return nil, err
	}
	var indexed int64
	head, err := scanHead(g.conn.queryRow(ctx,
		`UPDATE log_head SET revision = revision WHERE id = 1 RETURNING revision, hash, last_id, indexed`), &indexed)
	if err != nil {
		g.conn.discard()
		return nil, err
	}
	return newTx(ctx, g, head, indexed), nil
}

// rollback ends the transaction. A connection that cannot even do that is
// thrown away, and its transaction with it.
func (g *group) rollback(ctx context.Context) {
	if err := g.conn.exec(ctx, `ROLLBACK`); err != nil {
		g.conn.discard()
	}
}

const eventAtRevision = `SELECT id FROM events WHERE revision = $1`

// settle finds out what became of a COMMIT that returned err: nil means that
// it took place. On PostgreSQL the answer can be lost on its way. Then the
// head is locked anew, which waits for the old transaction to end either way,
// and the log is asked whether it has the event.
func (g *group) settle(err error, sealed []org.StoredEvent) error {
	if g.dialect.answered(err) {
		ctx, cancel := g.within(time.Now(), 0)
		defer cancel()
		g.rollback(ctx)
		return err
	}
	g.conn.discard()
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	stands, again := g.stands(ctx, sealed[0])
	switch {
	case again != nil:
		g.conn.discard()
		return fmt.Errorf("%w: commit: %w; asking again: %w", org.ErrUncertain, err, again)
	case !stands:
		return err
	default:
		g.logger.Info("a commit whose answer was lost had taken place", "revision", sealed[0].Revision)
		return nil
	}
}

// stands reports whether the log has an event, for good: see confirmHead.
func (g *group) stands(ctx context.Context, e org.StoredEvent) (bool, error) {
	if _, err := g.begin(ctx); err != nil {
		return false, err
	}
	var id string
	err := g.conn.queryRow(ctx, eventAtRevision, e.Revision).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && id != e.ID:
		g.rollback(ctx)
		return false, nil
	case err != nil:
		return false, err
	default:
		return true, g.conn.exec(ctx, `COMMIT`)
	}
}

// run calls a closure and turns a panic into an error.
func (t *tx) run(fn func(org.Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			t.panicked = true
			t.group.logger.Error("an update panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("an update panicked: %v", p)
		}
	}()
	t.wrote, t.failed, t.panicked = false, nil, false
	before := len(t.events)
	err = fn(t)
	switch {
	case err == nil && t.failed != nil:
		return fmt.Errorf("an update went on after a failed statement: %w", t.failed)
	case err == nil && t.wrote && len(t.events) == before:
		return errors.New("an update changed rows without an event")
	default:
		return err
	}
}
