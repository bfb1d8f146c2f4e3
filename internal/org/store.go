package org

import (
	"context"
	"iter"
)

// Store keeps an organization and its log. Package sqlstore implements it;
// storetest says what it must do. Trouble with storage wraps ErrUnavailable or
// ErrUncertain. Any other error is a Refusal, what a closure itself returned,
// the caller's context error, or a mistake of this program.
type Store interface {
	// Update runs fn in one transaction with the log's head locked and commits
	// what it wrote together with the events it emitted. Concurrent updates
	// share a transaction and one sync to disk.
	//
	// fn reads and decides first, then writes: an error that it returns before
	// its first write costs nothing. One after it, or a panic, undoes fn alone,
	// but the others of the batch are run again. fn may be run again itself, so it must set what it captures anew each time. The
	// index has the change when Update returns, on every replica if the change
	// can end a key; and so it is when fn found nothing to change or returned a
	// Refusal, for which the Commit is set, too.
	Update(ctx context.Context, fn func(Tx) error) (Commit, error)

	// Organization returns the organization, or a NotFound refusal before the
	// first start has made it.
	Organization(ctx context.Context) (Organization, error)

	// Each resource has its reads in the file of its name. A list returns at
	// most page.Limit elements in id order, beyond page.After; one element that
	// is not there is ok false.
	AdminAPIKeyStore
	UserStore
	ProjectStore
	ProjectUserStore
	InviteStore
	ServiceAccountStore
	ProjectAPIKeyStore
	RateLimitStore
	AuditStore
	KeyDayStore
	SessionStore
	KeySearchStore
	SearchStore

	// Head returns the position of the log.
	Head(ctx context.Context) (Head, error)

	// Events yields the log after a revision, in order, as stored: without
	// Effects, which DecodeRecord reads.
	Events(ctx context.Context, after int64) iter.Seq2[StoredEvent, error]

	// Snapshot reads the state that the index is built from, and the position
	// of the log it is of, in one consistent view.
	Snapshot(ctx context.Context, visit SnapshotVisitor) (Head, error)

	// RecordUses writes use times. They are not part of the log. An older time
	// than the stored one, or one of a key that is gone, is ignored.
	RecordUses(ctx context.Context, uses []Use) error

	// RecordTime notes how far a server's clock has come, in Unix milliseconds,
	// and RecordedTime returns the latest that was noted. It is the floor of
	// the clock after a restart, when nothing was changed or used since.
	RecordTime(ctx context.Context, millis int64) error
	RecordedTime(ctx context.Context) (millis int64, err error)
}

// Tx is a transaction that holds the log's head. It is used by one closure at
// a time and not kept beyond it. Its methods run under the writer's context, not a
// caller's: one caller that gives up must not end a batch shared with others.
type Tx interface {
	// Now is the time of this transaction in Unix seconds: never earlier than
	// that of any transaction before it, whatever the clock did.
	Now() int64
	// NewID mints the next id of the log.
	NewID(prefix string) (ID, error)
	// Emit appends an event to the log when the transaction commits.
	Emit(Event)

	Organization() (org Organization, ok bool, err error)
	InsertOrganization(o Organization) error
	// Owner returns the principal that a key acts for: a user, with its role in
	// the organization, or a service account, without one.
	Owner(t OwnerType, id string) (owner Owner, ok bool, err error)

	// Each resource has its reads and writes in the file of its name.
	KeyTx
	UserTx
	ProjectTx
	ProjectUserTx
	InviteTx
	ServiceAccountTx
	RateLimitTx
	SessionTx
	TrimTx
}

// KeyTx changes keys of all kinds.
type KeyTx interface {
	Key(kind KeyKind, id string) (key Key, ok bool, err error)
	InsertKey(k Key) error
	DeleteKey(kind KeyKind, id string) error
	AdminAPIKeyTx
}

// Commit says what an Update did, and how far its replicas know of it.
type Commit struct {
	// Revision is that of the last event; of an Update without any, or that was
	// refused, the head of the log that it went by.
	Revision int64

	// Hash is that of the event with this revision. A database that was put back
	// may give a revision to another event.
	Hash [32]byte

	// Ends says that the change may have ended the validity of a key, so that it
	// may be answered only when that is so on every replica. An Update without
	// events ends what those before it ended: whoever is told that there was
	// nothing to do takes it for done.
	Ends bool

	// Replicas is how many replicas there are, and Confirmed how many of them
	// had the change in force when the Update returned.
	Confirmed, Replicas int
}

// SnapshotVisitor receives the rows of a snapshot. Keys come in no particular
// order, and from one goroutine at a time. What has no function is not read.
type SnapshotVisitor struct {
	User           func(User) error
	ServiceAccount func(ServiceAccount) error
	Project        func(Project) error
	RateLimit      func(RateLimit) error
	Key            func(SnapshotKey) error
}

// SnapshotKey is what the index needs of a key.
type SnapshotKey struct {
	ID         string
	Kind       KeyKind
	Digest     [32]byte
	OwnerType  OwnerType
	OwnerID    string
	ProjectID  string
	ExpiresAt  int64 // Unix seconds; 0: never
	LastUsedAt int64 // Unix seconds; 0: not yet
}

// Use says when a key was last used.
type Use struct {
	KeyID string
	At    int64 // Unix seconds
}
