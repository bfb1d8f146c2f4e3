package verify

import "github.com/keyreeve/keyreeve/internal/token"

// Outcome is the answer to a presented key. Only [Allowed] lets it in.
type Outcome uint8

// The outcomes. The zero value allows nothing.
const (
	Unknown         Outcome = iota // of the right form, but no live key
	Malformed                      // not of the form of a key; to the client the same as Unknown
	Allowed                        // good
	Revoked                        // its owner was removed
	Expired                        // its time is over
	ProjectArchived                // its project is archived
	Limited                        // good, but over its rate; said by who asks the limiter
	Stale                          // cannot be known here now: answer 503, never 401
	WrongKind                      // good, but not of a kind that is let in here
	NoKey                          // none was presented; said by who reads requests
	Ambiguous                      // two were presented; the same
)

var outcomes = [...]string{
	"unknown", "malformed", "allowed", "revoked", "expired", "project_archived", "limited", "stale",
	"wrong_kind", "no_key", "ambiguous",
}

// String returns the outcome's name for metrics, such as "project_archived".
func (o Outcome) String() string {
	if int(o) >= len(outcomes) {
		o = Unknown
	}
	return outcomes[o]
}

// Outcomes returns all outcomes in the order of their numbers, from 0.
func Outcomes() []Outcome {
	all := make([]Outcome, len(outcomes))
	for i := range all {
		all[i] = Outcome(i)
	}
	return all
}

// Decision is an outcome and, where the key was found, whose key it is. Its
// methods describe the key at the moment of the decision, and its owner's role as
// it is when they are asked; where no key was found they return zero values.
type Decision struct {
	Outcome Outcome
	Grace   bool // made in the grace of a lease: see [Terms]

	entry    *entry
	contents *contents
}

// Decide says whether key is good at the Unix second now, which the caller takes
// from a [Clock], and notes the use if it is. It does not allocate, and does
// not keep key.
func (x *Index) Decide(key string, now int64) Decision { return x.DecideKinds(key, now, AnyKind) }

// DecideKinds is [Index.Decide] where only some kinds are let in. A good key of
// another kind is [WrongKind], which is no use of it.
func (x *Index) DecideKinds(key string, now int64, kinds Kinds) Decision {
	if _, ok := token.Checked(key); !ok {
		return Decision{Outcome: Malformed}
	}
	digest := token.Sum(key)
	return x.decide(&digest, now, kinds)
}

// DecideDigest is [Index.Decide] for a caller that has hashed the key already.
func (x *Index) DecideDigest(digest *token.Digest, now int64) Decision {
	return x.decide(digest, now, AnyKind)
}

func (x *Index) decide(digest *token.Digest, now int64, kinds Kinds) Decision {
	c := x.contents.Load()
	if c == nil {
		return Decision{Outcome: Stale}
	}
	held := c.lease.Load() // before the look-up: see leasing.check
	d := c.lookUp(digest, now, kinds)
	if x.leasing != nil && !x.leasing.check(c, held, &d) {
		return Decision{Outcome: Stale} // whatever was found: a new key may be missing, too
	}
	if d.Outcome == Allowed {
		x.mark(d.entry, now)
	}
	return d
}

func (c *contents) lookUp(digest *token.Digest, now int64, kinds Kinds) Decision {
	e := c.keys.find(digest)
	if e == nil {
		return Decision{Outcome: Unknown}
	}
	d := Decision{Outcome: Allowed, entry: e, contents: c}
	switch {
	case c.owners.ended(e.owner):
		d.Outcome = Revoked
	case c.projects.ended(e.project()):
		d.Outcome = ProjectArchived
	case e.expired(now):
		d.Outcome = Expired
	case !kinds.Has(e.kind()):
		d.Outcome = WrongKind
	}
	return d
}

// Found reports whether the key was found, whatever the outcome.
func (d Decision) Found() bool { return d.entry != nil }

// AppendKeyID appends the id of the key to dst.
func (d Decision) AppendKeyID(dst []byte) []byte {
	if d.entry == nil {
		return dst
	}
	return d.entry.id.appendKeyID(dst)
}

// KeyID returns the id of the key. It allocates; see [Decision.AppendKeyID].
func (d Decision) KeyID() string { return string(d.AppendKeyID(nil)) }

// Kind returns the kind of the key.
func (d Decision) Kind() token.Kind {
	if d.entry == nil {
		return token.KindUnknown
	}
	return d.entry.kind()
}

// CreatedAt returns the Unix second in which the key was made.
func (d Decision) CreatedAt() int64 {
	if d.entry == nil {
		return 0
	}
	return d.entry.id.seconds()
}

// ExpiresAt returns the Unix second from which the key is refused, 0 for never.
func (d Decision) ExpiresAt() int64 {
	if d.entry == nil {
		return 0
	}
	return int64(d.entry.expires)
}

// OwnerType returns what kind of owner the key has, 0 where no key was found.
func (d Decision) OwnerType() OwnerType {
	if d.entry == nil {
		return 0
	}
	return OwnerType(d.contents.owners.state(d.entry.owner) & ownerTypeMask)
}

// OwnerID returns the id of the key's owner.
func (d Decision) OwnerID() string {
	if d.entry == nil {
		return ""
	}
	return d.contents.owners.id(d.entry.owner)
}

// OwnerRole returns the role of the key's owner in the organization now, as the log
// spells it, "" where none was told.
func (d Decision) OwnerRole() string {
	if d.entry == nil {
		return ""
	}
	return d.contents.roles.id(d.contents.owners.state(d.entry.owner) >> roleShift)
}

// ProjectID returns the id of the key's project, "" for an admin key.
func (d Decision) ProjectID() string {
	if d.entry == nil {
		return ""
	}
	return d.contents.projects.id(d.entry.project())
}
