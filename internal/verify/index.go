package verify

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// ErrGap is returned by [Index.Apply] for a revision that does not follow the
// one applied last. The index is as it was; the caller loads a new snapshot.
var ErrGap = errors.New("revision does not follow the one applied last")

// Index knows every live key. The zero value is not usable: see [NewIndex].
// All methods may be called concurrently.
type Index struct {
	contents atomic.Pointer[contents] // nil while nothing is loaded
	writing  sync.Mutex               // held by Load, Reset, Apply and Grant
	uses     uses
	leasing  *leasing // nil: answers depend on no lease
	awaiting awaiting
}

// contents is one loaded history. A new snapshot is a new one, so the numbers
// in its entries never meet another's registries.
type contents struct {
	revision atomic.Int64
	lease    atomic.Pointer[lease] // of a replica; nil: none
	shown    int64                 // the writer's: see Index.Shown
	keys     table
	owners   registry // state: see ownerTypeMask; ended: removed
	projects registry // ended: archived; no state
	roles    registry // no state
	limits   limits
	unswept  atomic.Bool // an owner was removed since the last sweep
}

func newContents() *contents {
	c := new(contents)
	c.owners.init()
	c.projects.init()
	c.roles.init()
	c.limits.init()
	return c
}

// The state of an owner: its type and its role's number. That it was removed is the
// end of its number.
const (
	ownerTypeMask = 3
	roleShift     = 2
)

// NewIndex returns an index with nothing loaded: until [Index.Load] it answers
// [Stale], since it cannot know.
func NewIndex() *Index { return new(Index) }

// Load replaces everything by a snapshot of the database. The function given
// passes each key with its use time, each owner and each project to add, in any
// order, and returns the revision they are of; it stops at an error from add.
// Until it has returned the index answers from what it had, and on an error it
// keeps that.
func (x *Index) Load(snapshot func(add func(Effect) error) (revision int64, err error)) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	c := newContents()
	var refused error
	revision, err := snapshot(func(effect Effect) error {
		if err := effect.check(); err != nil {
			refused = err
			return err
		}
		switch e := effect.(type) {
		case KeyAdded:
			r := c.record(e)
			c.keys.load(&r, r.packUse(e.LastUsed))
		case LimitChanged:
			c.limits.load(e)
		default:
			c.apply(effect)
		}
		return nil
	})
	if err = cmp.Or(err, refused); err != nil {
		return fmt.Errorf("load index: %w", err)
	}
	c.revision.Store(revision)
	before := x.contents.Swap(c)
	x.awaiting.wake()
	if before == nil {
		return nil
	}
	// Uses that storage did not have yet when the snapshot was taken.
	for old := range before.keys.all {
		if e := c.keys.find(&old.digest); e != nil && e.id == old.id {
			e.carry(old)
		}
	}
	return nil
}

// Reset drops everything: the index answers [Stale] until it is loaded again.
// For a replica whose history turned out not to be the database's.
func (x *Index) Reset() {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.contents.Store(nil)
}

// Apply publishes the effects of one revision of the log, which must be the one
// after [Index.Revision]: otherwise the error is [ErrGap]. They are in force
// when it returns; a Decide that runs meanwhile may see some of them. After an
// error the index is as it was.
func (x *Index) Apply(revision int64, effects []Effect) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	c := x.contents.Load()
	if c == nil {
		return fmt.Errorf("apply revision %d to an index with nothing loaded: %w", revision, ErrGap)
	}
	if applied := c.revision.Load(); revision != applied+1 {
		return fmt.Errorf("apply revision %d after %d: %w", revision, applied, ErrGap)
	}
	for _, effect := range effects {
		if err := effect.check(); err != nil {
			return fmt.Errorf("apply revision %d: %w", revision, err)
		}
	}
	for _, effect := range effects {
		c.apply(effect)
	}
	c.revision.Store(revision)
	x.awaiting.wake()
	return nil
}

// apply takes a checked effect.
func (c *contents) apply(effect Effect) {
	switch e := effect.(type) {
	case KeyAdded:
		r := c.record(e)
		c.keys.put(&r, r.packUse(e.LastUsed))
	case KeyRemoved:
		c.keys.remove(&e.Digest)
	case KeysRemoved:
		c.removeKeys(e)
	case LimitChanged:
		c.limits.set(e)
	case OwnerChanged:
		i := c.owners.intern(name{e.Type, e.ID})
		state := c.roles.intern(name{id: e.Role})<<roleShift | uint32(e.Type)
		if e.Removed {
			c.unswept.Store(true)
		}
		c.owners.setState(i, state)
		c.owners.setEnded(i, e.Removed)
	case ProjectChanged:
		c.projects.setEnded(c.projects.intern(name{id: e.ID}), e.Archived)
	}
}

func (c *contents) record(k KeyAdded) record {
	id, _ := parseKeyID(k.ID) // checked
	owner := c.owners.intern(name{k.OwnerType, k.OwnerID})
	if c.owners.state(owner) == 0 { // nothing was told of it yet
		c.owners.setState(owner, uint32(k.OwnerType))
	}
	return record{
		digest:  k.Digest,
		id:      id,
		expires: packExpiry(k.ExpiresAt),
		owner:   owner,
		place:   uint32(k.Kind)<<placeBits | c.projects.intern(name{id: k.ProjectID}),
	}
}

// Revision returns the revision the index has applied, and 0 while nothing is
// loaded.
func (x *Index) Revision() int64 {
	if c := x.contents.Load(); c != nil {
		return c.revision.Load()
	}
	return 0
}

// Ready reports whether a snapshot is loaded.
func (x *Index) Ready() bool { return x.contents.Load() != nil }

// Len returns the number of live keys, those of removed owners and archived
// projects and the expired ones included.
func (x *Index) Len() int {
	if c := x.contents.Load(); c != nil {
		return int(c.keys.n.Load())
	}
	return 0
}
