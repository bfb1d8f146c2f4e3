// Package plant puts known bugs into the program, so that the tests that look
// for such bugs can be seen to find them. Without the build tag keyreeve_plant
// there is no bug: [Is] is constantly false and the compiler removes what hangs
// on it. With the tag the environment variable KEYREEVE_PLANT names one bug.
package plant

// The bugs, each at the place in the program that it breaks. The rules are
// those of docs/decisions/0010-fleet.md.
const (
	// BarrierSkipped: a revocation is answered without waiting (rule 6).
	BarrierSkipped = "barrier-skipped"
	// LeaseBeforeApplied: a lease is usable before the head that its heartbeat
	// saw is applied (rule 4).
	LeaseBeforeApplied = "lease-before-applied"
	// LeaseAfterLookup: a decision loads the lease after the look-up (rule 5).
	LeaseAfterLookup = "lease-after-lookup"
	// HeadBeforeRow: a replica takes a head for its first lease before its row
	// is committed (rule 2).
	HeadBeforeRow = "head-before-row"
	// AppliedBeforePublish: a replica says that it has applied what its index
	// does not show yet (rule 3).
	AppliedBeforePublish = "applied-before-publish"
	// NotFoundNoWait: a 404 is answered while another replica may still accept
	// the key (rule 7).
	NotFoundNoWait = "notfound-no-wait"
	// IndexNotUpdated: replicas do not learn of deleted keys from the log.
	IndexNotUpdated = "index-not-updated"
	// NotifyWithoutPoll: a replica reads the log when it is notified, and takes
	// silence for "nothing happened" (rule 3).
	NotifyWithoutPoll = "notify-without-poll"
	// RemovedTooEarly: a replica's row is deleted although its lease may still
	// run (rule 6).
	RemovedTooEarly = "removed-too-early"
)

// All lists the bugs.
func All() []string {
	return []string{
		BarrierSkipped, LeaseBeforeApplied, LeaseAfterLookup, HeadBeforeRow, AppliedBeforePublish,
		NotFoundNoWait, IndexNotUpdated, NotifyWithoutPoll, RemovedTooEarly,
	}
}
