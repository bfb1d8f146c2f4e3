package fleet

import "time"

// These decide what the protocol's safety rests on. The model of the tests and
// the members use the same ones.

// settleTime is added to the end of the leases for the clocks' reading.
const settleTime = 50 * time.Millisecond

// LeasesOver returns how long after a commit every lease has run out that knows
// nothing of it: total is the time of a lease with its grace. Clocks of two
// machines may run apart by one part in a hundred.
func LeasesOver(total time.Duration) time.Duration { return total + total/100 + settleTime }

// Confirmed reports whether a row allows an answer to a commit: its replica has
// applied it.
func Confirmed(row Row, revision int64) bool { return row.Applied >= revision }

// MayRemove reports whether a row may be deleted whose beat stood still for so
// long, by the clock of the one who looked.
func MayRemove(stood, total time.Duration) bool { return stood >= 3*total }

// creationPatience is how long the answer to a creation waits. It revokes
// nothing, so that it may be late somewhere; and mostly it is not.
const creationPatience = 250 * time.Millisecond

// Patience returns how long a commit waits at most: one that can end a key for
// as long as a lease may last that does not know of it.
func Patience(ends bool, total time.Duration) time.Duration {
	over := LeasesOver(total)
	if ends {
		return over
	}
	return min(over, creationPatience)
}
