package fleet

import (
	"context"
	"errors"

	"github.com/keyreeve/keyreeve/internal/verify"
)

// Replica says who a member is, for people.
type Replica struct {
	ID        string // random for each time that it joins
	Address   string // where its API is reached
	Version   string
	StartedAt int64 // Unix milliseconds, by its own clock
}

// Row is a replica as the database has it.
type Row struct {
	Replica
	SeenAt  int64 // Unix milliseconds of its last heartbeat, by its own clock
	Applied int64 // the last revision that its index showed then
	Beat    int64 // counts its heartbeats
}

// ErrTerms says that the fleet runs with other terms than this replica.
var ErrTerms = errors.New("the replicas of this database have other settings")

// Store is the table of replicas. All methods but Rows need the database's
// primary, and Rows needs a view of it that is not older than the call.
type Store interface {
	// Terms returns what the fleet has agreed on, zero before the first member.
	Terms(ctx context.Context) (verify.Terms, error)

	// Agree sets the terms if there is no replica, and returns those in force.
	Agree(ctx context.Context, terms verify.Terms) (verify.Terms, error)

	// Join commits a new row that has applied nothing yet, durably, or returns
	// ErrTerms.
	Join(ctx context.Context, r Replica, terms verify.Terms) error

	// Beat notes in one statement what a replica has applied, counts its beat
	// on, and returns the head of the log as of that statement. What is not in
	// the log as of that statement is not noted: it is of another history. known
	// is false where the replica has no row.
	Beat(ctx context.Context, id string, applied verify.Position, now int64) (head verify.Position, known bool, err error)

	// Rows returns all replicas by id.
	Rows(ctx context.Context) ([]Row, error)

	// Remove deletes the row of a replica if its beat is still the same.
	Remove(ctx context.Context, id string, beat int64) (removed bool, err error)
}

// Log is what keeps the index: verify.Follower.
type Log interface {
	// At returns what is in force.
	At() verify.Position
	// Has reports whether a position is in force: true only if it is.
	Has(verify.Position) bool
	// Follow applies the log up to a head that was read after At said from.
	Follow(ctx context.Context, from, head verify.Position) error
	// Load fills an index that is not loaded.
	Load(ctx context.Context) error
}

// Index is what answers, by a lease: verify.Index.
type Index interface {
	Ready() bool
	Grant(since verify.Instant, head int64) bool
	DropLease()
	LeaseState() verify.LeaseState
	Reset()
}
