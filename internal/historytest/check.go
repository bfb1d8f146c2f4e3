package historytest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Rule is what a history breaks.
type Rule string

// The rules. A key is unknown, then live, then revoked, and each replica goes
// through these once. A 503 to a verification fits always.
const (
	// AcceptedAfterRevocation is the guarantee itself: a DELETE had returned, with
	// 200 or 404, before the verification started.
	AcceptedAfterRevocation Rule = "a key was accepted after its revocation had returned"

	AcceptedBeforeCreation Rule = "a key was accepted before its creation began"

	// LiveRefused: no revocation had begun, and the replica knew the key: it had
	// accepted or made it, or its creation was confirmed everywhere, or was
	// acknowledged so long ago that the replica's lease must be younger.
	LiveRefused Rule = "a live key was refused"

	// CameBack: the replica had refused a key that it knew, so the revocation was
	// in force there.
	CameBack Rule = "a replica accepted a key, refused it, and accepted it again"

	// WentBack: the replica had shown or acknowledged a later change of another
	// key.
	WentBack Rule = "a replica did not know a change that is older than what it had shown"

	GoneWhileLive Rule = "404 for a key that nobody had begun to revoke"
	RevokedTwice  Rule = "two revocations of a key took place"
	CreationLost  Rule = "an acknowledged key that nobody revoked is not listed"
	Undone        Rule = "a revoked key is listed"

	// OutOfOrder: one change was over before the other began.
	OutOfOrder Rule = "revisions are not in the order of the changes"
)

// Violation is a rule and the operations that break it.
type Violation struct {
	Rule       Rule
	Operations []Operation // by start
}

// String shows the violation in several lines.
func (v Violation) String() string {
	var b strings.Builder
	b.WriteString(string(v.Rule))
	for _, o := range v.Operations {
		fmt.Fprintf(&b, "\n%s", o)
	}
	return b.String()
}

// violation is one of the operations that are not nil.
func violation(rule Rule, operations ...*Operation) Violation {
	v := Violation{Rule: rule}
	for _, o := range operations {
		if o != nil {
			v.Operations = append(v.Operations, *o)
		}
	}
	slices.SortStableFunc(v.Operations, func(a, b Operation) int { return cmp.Compare(a.Start, b.Start) })
	return v
}

// Check returns how a history breaks the rules, in the order of the operations
// that show it. It takes the time of sorting the operations.
//
// For one key on one replica it is exact: there is a violation if and only if
// no order of the operations explains their answers. The rules over several
// keys come on top.
func Check(h History) []Violation {
	var found []Violation
	lives := livesOf(h)
	for _, l := range lives {
		found = append(found, l.check(h)...)
	}
	for _, replica := range replicasOf(h) {
		found = append(found, checkLogOrder(h, lives, replica)...)
	}
	found = append(found, checkRevisions(h)...)
	slices.SortStableFunc(found, func(a, b Violation) int { return cmp.Compare(a.shown(), b.shown()) })
	return found
}

// shown is when the violation was there to see.
func (v Violation) shown() (end time.Duration) {
	for _, o := range v.Operations {
		end = max(end, o.End)
	}
	return end
}

func replicasOf(h History) []int8 {
	var replicas []int8
	for _, o := range h.Operations {
		if !slices.Contains(replicas, o.Replica) {
			replicas = append(replicas, o.Replica)
		}
	}
	return replicas
}

const never = time.Duration(math.MaxInt64)
