package historytest

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// The states of a key on one replica.
const (
	unknown = iota
	live
	revoked
)

// step is one operation on one key as one replica answers it.
func step(state, input, _ any) (ok bool, next any) {
	now, o := state.(int), input.(Operation)
	switch {
	case o.Kind == Create:
		return now == unknown, live
	case o.Answer == Allowed:
		return now == live, now
	case o.Answer == Refused:
		return now != live, now
	case o.Answer == Gone:
		return now == revoked, now
	case o.Answer == Done:
		return now == live, revoked
	case now == live: // a revocation without an answer
		return true, revoked
	default:
		return true, now
	}
}

var model = porcupine.Model{
	Init: func() any { return unknown },
	Step: step,
}

// linearTimeout bounds the search for an order of one window.
const linearTimeout = 2 * time.Second

// Linearizable tells, by search and not by rules, whether some order of the
// operations on each key explains what each replica answered. A key on a replica
// is one window of its history. window is how many operations it holds at most,
// 0 for all: those nearest to the revocation are kept. Windows that took too
// long are counted in undecided and pass.
func Linearizable(h History, window int) (bad []History, undecided int) {
	for _, l := range sorted(livesOf(h)) {
		for replica := range l.views {
			operations := l.window(replica, window)
			switch porcupine.CheckOperationsTimeout(model, l.onReplica(replica, operations, h.Settle), linearTimeout) {
			case porcupine.Illegal:
				bad = append(bad, History{Operations: operations, Settle: h.Settle})
			case porcupine.Unknown:
				undecided++
			case porcupine.Ok:
			}
		}
	}
	return bad, undecided
}

// window returns the changes of the key and the verifications by one replica
// that are nearest to the revocation. Leaving some out can hide a violation and
// make none.
func (l *life) window(replica int8, size int) []Operation {
	var verifies []Operation
	for _, o := range l.verifies {
		if o.Replica == replica {
			verifies = append(verifies, *o)
		}
	}
	if size > 0 && len(verifies) > size {
		centre := end(l.ended)
		if l.ended == nil {
			centre = start(l.began)
		}
		slices.SortFunc(verifies, func(a, b Operation) int {
			return cmp.Compare((a.Start - centre).Abs(), (b.Start - centre).Abs())
		})
		verifies = verifies[:size]
	}
	var operations []Operation
	if l.created != nil {
		operations = append(operations, *l.created)
	}
	var unanswered *Operation
	for _, o := range l.revokes {
		switch o.Answer {
		case Done, Gone:
			operations = append(operations, *o)
		case NoAnswer:
			// One revocation takes effect at most, and what the later ones of these
			// can do, the earliest can.
			if o.Start < start(unanswered) {
				unanswered = o
			}
		default: // nothing was changed
		}
	}
	if unanswered != nil {
		operations = append(operations, *unanswered)
	}
	operations = append(operations, verifies...)
	slices.SortStableFunc(operations, func(a, b Operation) int { return cmp.Compare(a.Start, b.Start) })
	return operations
}

// onReplica gives each operation the time in which it took effect on one
// replica: a creation that is not confirmed may come later than its answer, and
// what was not answered at any time.
func (l *life) onReplica(replica int8, operations []Operation, settle time.Duration) []porcupine.Operation {
	out := make([]porcupine.Operation, len(operations))
	for i, o := range operations {
		out[i] = porcupine.Operation{ClientId: i, Input: o, Call: int64(o.Start), Return: int64(o.End)}
		switch {
		case o.Kind == Create:
			out[i].Return = int64(l.knownBy(replica, settle))
		case o.Answer == NoAnswer:
			out[i].Return = math.MaxInt64
		}
	}
	return out
}
