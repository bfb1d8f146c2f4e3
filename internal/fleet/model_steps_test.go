package fleet_test

import (
	"github.com/keyreeve/keyreeve/internal/fleet"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// yielder is given who did what, and the state that followed.
type yielder func(who, what string, next world)

var replicaNames = [...]string{"replica 0", "replica 1"}

// steps yields every state that may follow w, with what happened.
func steps(w world, sc scenario, bug string, yield yielder) {
	if w.violated {
		return
	}
	next := w
	next.tick()
	yield("time", "a second passes", next)
	for i := range w.nodes {
		stepHeartbeat(w, i, sc, bug, yield)
	}
	stepVerification(w, bug, yield)
	stepCommit(w, bug, yield)
	if sc.notFound {
		stepNotFound(w, bug, yield)
	}
	if sc.watch {
		stepWatch(w, bug, yield)
	}
}

// stepHeartbeat is Member.round and what the database makes of it.
func stepHeartbeat(w world, i int, sc scenario, bug string, yield yielder) {
	do := func(what string, f func(*world, *node)) {
		next := w
		f(&next, &next.nodes[i])
		yield(replicaNames[i], what, next)
	}
	n := w.nodes[i]
	if n.ghost != none {
		do("an abandoned heartbeat is executed", func(w *world, n *node) {
			if n.row {
				n.rowApplied = n.ghost
				w.moved(i)
			}
			n.ghost = none
		})
	}
	if n.left {
		return
	}
	switch n.beat {
	case beatIdle:
		switch {
		case n.joined:
			do("sends a heartbeat", func(_ *world, n *node) { n.beat, n.since, n.at = beatSent, 0, n.index })
			if !sc.leave {
				break
			}
			do("stops and leaves", func(_ *world, n *node) {
				n.row, n.joined, n.left = false, false, true
				if bug != "row removed before the answers end" {
					n.lease = none
				}
			})
		case bug == "head-before-row":
			do("reads the head", func(w *world, n *node) { n.beat, n.since, n.head = beatEarly, 0, w.head })
		default:
			do("joins", func(w *world, n *node) { w.join(i) })
		}
	case beatEarly:
		do("joins with the head that it read", func(w *world, n *node) {
			w.join(i)
			n.beat, n.at = beatAnswered, n.index
		})
	case beatSent:
		do("its heartbeat is executed", func(w *world, n *node) {
			if n.head, n.beat = w.head, beatUnknown; n.row {
				n.rowApplied, n.beat = n.at, beatSeen
				w.moved(i)
			}
		})
		if sc.giveUp {
			do("gives up on its heartbeat", func(_ *world, n *node) { n.beat, n.ghost = beatIdle, n.at })
		}
	case beatUnknown:
		do("learns that it has no row", func(_ *world, n *node) {
			n.joined = false
			if n.beat = beatIdle; bug == "lease without a row" {
				n.joined, n.beat = true, beatAnswered
			} else {
				n.lease = none
			}
		})
	case beatSeen:
		do("its heartbeat is answered", func(_ *world, n *node) {
			n.beat = beatAnswered
			if bug == "lease counted from the answer" {
				n.since = 0
			}
		})
		if sc.giveUp {
			do("gives up on the answer", func(_ *world, n *node) { n.beat = beatIdle })
		}
	case beatAnswered:
		stepAnswered(n, bug, do)
	}
}

// stepAnswered follows the log up to the head of a heartbeat, then grants.
func stepAnswered(n node, bug string, do func(string, func(*world, *node))) {
	grant := func(_ *world, n *node) {
		n.beat, n.lease = beatIdle, n.since
		if modelTerms.State(ticks(n.since)) == verify.LeaseOver {
			n.lease = none
		}
	}
	usable := verify.LeaseUsable(int64(n.index), int64(n.head))
	if !usable {
		do("applies the revocation", func(_ *world, n *node) { n.index = n.head })
	}
	if !usable && bug == "applied-before-publish" && n.row {
		do("says too early what it will apply", func(_ *world, n *node) { n.rowApplied = n.head })
	}
	switch {
	case usable:
		do("takes the lease", grant)
	case bug == "lease-before-applied":
		do("takes the lease at once", func(_ *world, n *node) { n.lease = n.since })
	case bug == "notify-without-poll":
		do("was not notified, and takes the lease", grant)
	}
}

// join commits a new row under a new id.
func (w *world) join(i int) {
	n := &w.nodes[i]
	n.row, n.rowApplied, n.joined, n.ghost = true, n.index, true, none
	w.moved(i)
}

// moved notes that replica i's beat is not the sighted one any more.
func (w *world) moved(i int) {
	if i == 0 {
		w.same, w.removalFits = false, false
	}
}

// stepVerification is Index.Decide for the revoked key, on either replica.
func stepVerification(w world, bug string, yield yielder) {
	do := func(i uint8, what string, f func(*world)) {
		next := w
		f(&next)
		yield(replicaNames[i], what, next)
	}
	at := w.check.node
	load := func() {
		do(at, "loads the lease", func(w *world) { w.check.phase++; w.check.lease = w.nodes[at].lease })
	}
	lookUp := func() {
		do(at, "looks up", func(w *world) { w.check.phase++; w.check.found = w.nodes[at].index == 0 })
	}
	first, second := load, lookUp
	if bug == "lease-after-lookup" {
		first, second = lookUp, load
	}
	switch w.check.phase {
	case checkNone:
		for i := range uint8(2) {
			if w.revoked() && w.nodes[i].index == 0 { // otherwise it cannot find the key
				do(i, "is asked about the key", func(w *world) { w.check.phase, w.check.node = checkBegan, i })
			}
		}
	case checkBegan:
		first()
	case checkLeased:
		second()
	case checkLookedUp:
		do(at, "reads the clock and answers", func(w *world) {
			// An age that is none has run out by the same rule: see expire.
			w.violated = w.check.found && w.check.lease != none
			w.check = check{lease: none}
		})
	}
}

// stepCommit is the revocation through replica 1.
func stepCommit(w world, bug string, yield yielder) {
	do := func(what string, f func(*world)) {
		next := w
		f(&next)
		yield("the revocation", what, next)
	}
	switch w.commit.phase {
	case changeNone:
		switch bug {
		case "wait counted from before the commit":
			do("is sent", func(w *world) { w.commit = change{phase: changeEarly} })
		case "rows read before the commit":
			if !w.nodes[0].row {
				do("finds nobody else to wait for", func(w *world) { w.commit = change{phase: changeEarly} })
			}
		default:
			do("is committed", func(w *world) { w.head, w.commit = 1, change{phase: changeWaits} })
		}
	case changeEarly:
		do("is committed", func(w *world) {
			if w.head, w.commit.phase = 1, changeWaits; bug == "rows read before the commit" {
				w.nodes[1].index, w.commit.phase = 1, changeDone
			}
		})
	case changeWaits:
		do("is applied by its own replica", func(w *world) { w.nodes[1].index, w.commit.phase = 1, changeApplied })
	}
	if w.commit.phase == changeWaits || w.commit.phase == changeApplied {
		stepWait(w, 1, func(w *world) *change { return &w.commit }, bug, do)
	}
}

// stepNotFound is a deletion through replica 0 of the key that is gone.
func stepNotFound(w world, bug string, yield yielder) {
	do := func(what string, f func(*world)) {
		next := w
		f(&next)
		yield("the repeated deletion", what, next)
	}
	switch {
	case w.notFound.phase == changeNone && w.head == 1:
		do("finds nothing", func(w *world) {
			if w.notFound = (change{phase: changeWaits}); bug == "notfound-no-wait" {
				w.notFound.phase = changeDone
			}
		})
	case w.notFound.phase == changeWaits:
		stepWait(w, 0, func(w *world) *change { return &w.notFound }, bug, do)
	}
}

// stepWait is Member.Confirm.
func stepWait(w world, self int, of func(*world) *change, bug string, do func(string, func(*world))) {
	over := fleet.LeasesOver(modelTerms.Total())
	if bug == "wait too short" {
		over = modelTerms.Total() / 2
	}
	done := func(w *world) { of(w).phase = changeDone }
	others := w
	switch bug {
	case "404 waits for what its replica shows":
		if self == 0 && w.nodes[0].index == 0 { // it waits for revision 0
			do("all have confirmed the head that its replica knows", done)
		}
	case "commit waits for others, not for self":
		others.nodes[self].index = 1
	}
	if others.confirmed(self) {
		do("all have confirmed it", done)
	}
	if ticks(of(&w).age) >= over {
		do("all leases are over", done)
	}
	if bug == "barrier-skipped" {
		do("does not wait", done)
	}
}

// stepWatch is replica 1 looking at replica 0's row.
func stepWatch(w world, bug string, yield yielder) {
	do := func(what string, f func(*world)) {
		next := w
		f(&next)
		yield(replicaNames[1], what, next)
	}
	switch stood := ticks(w.sighted); {
	case !w.nodes[0].row:
		if w.sighted != none {
			do("sees that the other has left", func(w *world) { w.sighted, w.same = none, false })
		}
	case w.sighted == none || !w.same:
		do("sees the other's beat", func(w *world) { w.sighted, w.same = 0, true })
	case !w.removal && (fleet.MayRemove(stood, modelTerms.Total()) || bug == "removed-too-early" && w.sighted > 0):
		do("takes the other for dead", func(w *world) { w.removal, w.removalFits = true, true })
	}
	if w.removal {
		do("the removal is executed", func(w *world) {
			fits := w.removalFits || bug == "row removed whatever its beat"
			if w.removal, w.removalFits = false, false; fits {
				w.nodes[0].row = false
			}
		})
	}
}
