package verify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Position is a place in the log: a revision and the hash of its event.
type Position struct {
	Revision int64
	Hash     [32]byte
}

// Change is one event of the log as the index needs it.
type Change struct {
	Position
	Record  []byte // what the hash is over, beside the hash before
	Effects []Effect
}

// ErrHistory is a log that cannot be followed: it does not continue what was
// applied, because the database was put back or failed over to one that lost
// commits, or it has an event that this version does not understand.
var ErrHistory = errors.New("the log does not continue what this server applied before")

// Source is the log that a follower reads.
type Source interface {
	// Snapshot gives add the state of the whole database in one consistent
	// view and returns the position that it is of.
	Snapshot(ctx context.Context, add func(Effect) error) (Position, error)

	// Head returns the position of the log.
	Head(ctx context.Context) (Position, error)

	// Since yields the changes after a revision in order, and ErrHistory for one
	// that cannot be understood.
	Since(ctx context.Context, revision int64) iter.Seq2[Change, error]

	// Chain is the hash of a record that follows an event with the hash prev.
	Chain(prev [32]byte, record []byte) [32]byte
}

// catchUpTimeout bounds the reading of the log on behalf of one commit.
const catchUpTimeout = time.Second

// Follower keeps an index at the end of the log.
type Follower struct {
	index  *Index
	source Source
	logger *slog.Logger

	head atomic.Int64 // revision of the log as last seen

	mu     sync.Mutex // held while the index changes, so that changes stay in order
	at     Position
	recent recent
	away   bool // the log could not be read the last time
}

// NewFollower returns a follower that has read nothing yet.
func NewFollower(index *Index, source Source, logger *slog.Logger) *Follower {
	return &Follower{index: index, source: source, logger: logger}
}

// Load fills the index from a snapshot.
func (f *Follower) Load(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.load(ctx)
}

func (f *Follower) load(ctx context.Context) error {
	var at Position
	f.recent.clear()
	err := f.index.Load(func(add func(Effect) error) (int64, error) {
		var err error
		at, err = f.source.Snapshot(ctx, add)
		return at.Revision, err
	})
	if err == nil {
		f.at = at
		f.recent.add(at)
	}
	return err
}

// Committed applies changes that were just committed here. They are in force
// when it returns. Where they cannot be, because what others committed before
// them cannot be read, an index without a lease is emptied: it is better to
// refuse to answer than to answer from a state that a returned revocation has
// ended. One with a lease stays, since the revocation waits for that to end.
func (f *Follower) Committed(changes []Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.index.Ready() {
		return // the load that is to come reads them
	}
	if len(changes) > 0 && changes[0].Revision == f.at.Revision+1 {
		for _, c := range changes {
			if err := f.apply(c); err != nil {
				f.drop(err)
				return
			}
		}
		return
	}
	if len(changes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), catchUpTimeout)
	defer cancel()
	last := changes[len(changes)-1].Position
	err := f.read(ctx, last.Revision)
	// Where this was further already, it may have been on another way.
	if err == nil && !f.recent.has(last) {
		err = fmt.Errorf("the log at revision %d has not what was committed as revision %d: %w", f.at.Revision, last.Revision, ErrHistory)
	}
	if err != nil && (!f.index.Leased() || !errors.Is(err, errRead)) {
		f.drop(err)
	}
}

// At returns what is in force: the revision and its hash.
func (f *Follower) At() Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

// Has reports whether a position of the log is in force. It is false as well
// for one that is long past.
func (f *Follower) Has(p Position) bool { return f.index.Ready() && f.recent.has(p) }

// Follow applies the log up to a head that was read after [Follower.At] said
// from. A head behind that, or one that is not on the way that was gone here, is
// of a database that lost commits: the index is dropped, as for any history that
// does not fit.
func (f *Follower) Follow(ctx context.Context, from, head Position) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.head.Store(head.Revision)
	if !f.index.Ready() {
		return nil // it was dropped meanwhile: there is nothing to follow with
	}
	err := continues(from, head)
	if err == nil {
		err = f.read(ctx, head.Revision)
	}
	// What was committed here meanwhile may be beyond the head, and of another
	// database. Where it is far beyond nobody remembers: the next head will tell.
	if err == nil && f.at.Revision-head.Revision < remembered && !f.recent.has(head) {
		err = fmt.Errorf("the log at revision %d has not the head that was read as revision %d: %w", f.at.Revision, head.Revision, ErrHistory)
	}
	if err != nil && !errors.Is(err, errRead) {
		f.drop(err)
	}
	return err
}

// Run catches up with what other processes commit, every interval, until ctx
// ends. An index that was dropped is loaded anew, and one that has keys of
// removed owners is swept.
func (f *Follower) Run(ctx context.Context, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.step(ctx)
			f.index.Sweep()
		}
	}
}

func (f *Follower) step(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	if f.index.Ready() {
		err = f.catchUp(ctx)
	} else {
		err = f.load(ctx)
	}
	switch {
	case ctx.Err() != nil:
	case err == nil:
		if f.away {
			f.away = false
			f.logger.Info("the log is read again", "revision", f.at.Revision)
		}
	case f.index.Ready() && !errors.Is(err, errRead):
		f.drop(err)
	case !f.away: // said once, not every interval
		f.away = true
		f.logger.Warn("the log cannot be read", "applied", f.at.Revision, "error", err)
	}
}

// errRead marks a failure to read, after which what is known still holds. All
// other errors of catchUp say that the log cannot be followed.
var errRead = errors.New("read the log")

func (f *Follower) catchUp(ctx context.Context) error {
	head, err := f.source.Head(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errRead, err)
	}
	f.head.Store(head.Revision)
	if err := continues(f.at, head); err != nil {
		return err
	}
	return f.read(ctx, head.Revision)
}

// continues is rule 9 for a head that was read after at was applied.
func continues(at, head Position) error {
	if head.Revision < at.Revision || (head.Revision == at.Revision && head.Hash != at.Hash) {
		return fmt.Errorf("the log ends at revision %d: %w", head.Revision, ErrHistory)
	}
	return nil
}

// read applies what the log has beyond what was applied, up to a revision. What
// others append meanwhile is for the next time: under load a reader that went on
// would hold up those who commit here, and be so far ahead in the end that
// nobody remembers what they committed.
func (f *Follower) read(ctx context.Context, last int64) error {
	if f.at.Revision >= last {
		return nil
	}
	for c, err := range f.source.Since(ctx, f.at.Revision) {
		switch {
		case errors.Is(err, ErrHistory):
			return err
		case err != nil:
			return fmt.Errorf("%w: %w", errRead, err)
		}
		if err := f.apply(c); err != nil {
			return err
		}
		if f.at.Revision >= last {
			return nil
		}
	}
	return nil
}

func (f *Follower) apply(c Change) error {
	if f.source.Chain(f.at.Hash, c.Record) != c.Hash {
		return fmt.Errorf("apply revision %d: %w", c.Revision, ErrHistory)
	}
	if err := f.index.Apply(c.Revision, c.Effects); err != nil {
		return fmt.Errorf("apply revision %d: %w", c.Revision, err)
	}
	f.at = c.Position
	f.recent.add(c.Position)
	return nil
}

// Lag returns how many revisions of the log, as it was last seen, are not in
// force here.
func (f *Follower) Lag() int64 { return max(0, f.head.Load()-f.index.Revision()) }

func (f *Follower) drop(err error) {
	f.logger.Error("the index was dropped and is loaded anew", "applied", f.at.Revision, "error", err)
	f.recent.clear()
	f.index.Reset()
}
