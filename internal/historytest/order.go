package historytest

import (
	"cmp"
	"slices"
)

// sight is an operation after which a replica is known to have applied a
// revision.
type sight struct {
	*Operation
	revision int64
}

// checkLogOrder holds one replica to the order of the log: it applies changes
// in that order, so having shown one it knows all before it, of whatever key.
func checkLogOrder(h History, lives map[int32]*life, replica int8) (found []Violation) {
	var verifies []*Operation // by start, as the operations are
	var seen []sight
	for i := range h.Operations {
		o := &h.Operations[i]
		if o.Replica != replica {
			continue
		}
		if o.Kind == Verify {
			verifies = append(verifies, o)
		}
		if revision := lives[o.Key].shownBy(o); revision != 0 {
			seen = append(seen, sight{o, revision})
		}
	}
	slices.SortFunc(verifies, func(a, b *Operation) int { return cmp.Compare(a.Start, b.Start) })
	slices.SortFunc(seen, func(a, b sight) int { return cmp.Compare(a.End, b.End) })
	var latest sight // of those that were over before the verification began
	for _, o := range verifies {
		for ; len(seen) > 0 && seen[0].End < o.Start; seen = seen[1:] {
			if seen[0].revision > latest.revision {
				latest = seen[0]
			}
		}
		if latest.Operation != nil {
			found = append(found, lives[o.Key].checkKnown(o, latest)...)
		}
	}
	return found
}

// shownBy is the revision that a replica must have applied to answer as it did,
// 0 where the answer does not tell.
func (l *life) shownBy(o *Operation) int64 {
	switch {
	case o.Answer == Done:
		return o.Revision
	case o.Answer == Allowed && l.created != nil:
		return l.created.Revision
	case o.Answer == Refused && l.began != nil && o.Start > l.views[o.Replica].known:
		return l.began.Revision
	default:
		return 0
	}
}

// checkKnown compares a verification with what its replica must know.
func (l *life) checkKnown(o *Operation, latest sight) []Violation {
	switch {
	case o.Answer == Allowed && l.began != nil && l.began.Revision != 0 && l.began.Revision <= latest.revision:
		return []Violation{violation(WentBack, l.began, latest.Operation, o)}
	case o.Answer == Refused && o.End < start(l.began) &&
		l.created != nil && l.created.Revision != 0 && l.created.Revision <= latest.revision:
		return []Violation{violation(WentBack, l.created, latest.Operation, o, l.began)}
	default:
		return nil
	}
}

// checkRevisions holds the changes to one order: each has a revision of its
// own, and one that was over before another began has the lower one.
func checkRevisions(h History) (found []Violation) {
	var byStart []*Operation
	owner := map[int64]*Operation{}
	for i := range h.Operations {
		o := &h.Operations[i]
		if o.Answer != Done || o.Revision == 0 {
			continue
		}
		byStart = append(byStart, o)
		if other := owner[o.Revision]; other != nil {
			found = append(found, violation(OutOfOrder, other, o))
		}
		owner[o.Revision] = o
	}
	byEnd := slices.Clone(byStart)
	slices.SortFunc(byStart, func(a, b *Operation) int { return cmp.Compare(a.Start, b.Start) })
	slices.SortFunc(byEnd, func(a, b *Operation) int { return cmp.Compare(a.End, b.End) })
	var latest *Operation
	for _, o := range byStart {
		for ; byEnd[0].End < o.Start; byEnd = byEnd[1:] {
			if latest == nil || byEnd[0].Revision > latest.Revision {
				latest = byEnd[0]
			}
		}
		if latest != nil && latest.Revision > o.Revision {
			found = append(found, violation(OutOfOrder, latest, o))
		}
	}
	return found
}
