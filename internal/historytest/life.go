package historytest

import (
	"maps"
	"slices"
	"time"
)

// life is what happened to one key.
type life struct {
	created *Operation // nil: no creation was acknowledged
	began   *Operation // the earliest revocation that can have taken effect; nil: none
	ended   *Operation // the first to return of those that say that the key is revoked; nil: none
	again   *Operation // a second revocation that took place

	revokes, verifies []*Operation
	views             map[int8]*view
}

// view is what one replica has shown of a key.
type view struct {
	known time.Duration // a verification that starts later finds the key live or revoked
	dead  time.Duration // a verification that ends earlier finds it unknown or live

	first, last *Operation // the first acceptance to end and the last to start
}

func livesOf(h History) map[int32]*life {
	lives := map[int32]*life{}
	for i := range h.Operations {
		o := &h.Operations[i]
		l := lives[o.Key]
		if l == nil {
			l = &life{views: map[int8]*view{}}
			lives[o.Key] = l
		}
		l.add(o)
	}
	for _, l := range lives {
		l.settle(h.Settle)
	}
	return lives
}

func (l *life) add(o *Operation) {
	switch {
	case o.Kind == Create && o.Answer == Done:
		l.created = o
	case o.Kind == Revoke:
		l.revokes = append(l.revokes, o)
	case o.Kind == Verify && (o.Answer == Allowed || o.Answer == Refused):
		l.verifies = append(l.verifies, o)
	}
}

// settle derives the bounds from the operations.
func (l *life) settle(unconfirmed time.Duration) {
	for _, o := range l.revokes {
		l.addRevoke(o)
	}
	for _, o := range l.verifies {
		v := l.views[o.Replica]
		if v == nil {
			v = &view{}
			l.views[o.Replica] = v
		}
		if o.Answer != Allowed {
			continue
		}
		if v.first == nil || o.End < v.first.End {
			v.first = o
		}
		if v.last == nil || o.Start > v.last.Start {
			v.last = o
		}
	}
	for replica, v := range l.views {
		v.known = min(l.knownBy(replica, unconfirmed), end(l.ended), end(v.first))
		v.dead = start(l.began)
		if v.last != nil {
			v.dead = max(v.dead, v.last.Start)
		}
	}
}

// addRevoke takes in a revocation. One that was acknowledged is the one that
// took effect; without any it may have been each one that was not answered.
func (l *life) addRevoke(o *Operation) {
	if o.Answer == Done || o.Answer == Gone {
		if o.End < end(l.ended) {
			l.ended = o
		}
	}
	switch {
	case o.Answer == Done && l.began != nil && l.began.Answer == Done:
		l.again = o
		if o.Start < l.began.Start {
			l.began, l.again = o, l.began
		}
	case o.Answer == Done:
		l.began = o
	case o.Answer == NoAnswer && (l.began == nil || l.began.Answer == NoAnswer && o.Start < l.began.Start):
		l.began = o
	}
}

// knownBy is when a replica knows the key at the latest.
func (l *life) knownBy(replica int8, unconfirmed time.Duration) time.Duration {
	switch {
	case l.created == nil:
		return never
	case l.created.Everywhere || l.created.Replica == replica:
		return l.created.End
	case unconfirmed == 0:
		return never
	default:
		return l.created.End + unconfirmed
	}
}

// start and end are those of an operation that may never have been.

func start(o *Operation) time.Duration {
	if o == nil {
		return never
	}
	return o.Start
}

func end(o *Operation) time.Duration {
	if o == nil {
		return never
	}
	return o.End
}

// check returns what is wrong with this key alone.
func (l *life) check(h History) (found []Violation) {
	for _, o := range l.verifies {
		if o.Answer == Allowed {
			found = append(found, l.checkAllowed(o)...)
		} else {
			found = append(found, l.checkRefused(o)...)
		}
	}
	for _, o := range l.revokes {
		if o.Answer == Gone && o.End < start(l.began) {
			found = append(found, violation(GoneWhileLive, l.created, o, l.began))
		}
	}
	if l.again != nil {
		found = append(found, violation(RevokedTwice, l.began, l.again))
	}
	if h.Listed != nil && l.created != nil {
		switch listed := h.Listed[l.created.Key]; {
		case listed && l.ended != nil:
			found = append(found, violation(Undone, l.created, l.ended))
		case !listed && l.began == nil:
			found = append(found, violation(CreationLost, l.created))
		}
	}
	return found
}

func (l *life) checkAllowed(o *Operation) []Violation {
	switch {
	case o.Start > end(l.ended):
		return []Violation{violation(AcceptedAfterRevocation, l.created, l.ended, o)}
	case l.created == nil || o.End < l.created.Start:
		return []Violation{violation(AcceptedBeforeCreation, l.created, o)}
	}
	return nil
}

func (l *life) checkRefused(o *Operation) []Violation {
	v := l.views[o.Replica]
	switch {
	case o.Start <= v.known || o.End >= v.dead:
		return nil
	case o.End < start(l.began):
		return []Violation{violation(LiveRefused, l.created, v.first, o, l.began)}
	default:
		return []Violation{violation(CameBack, l.created, l.began, v.first, o, v.last)}
	}
}

// sorted returns the lives by the number of their key.
func sorted(lives map[int32]*life) []*life {
	out := make([]*life, 0, len(lives))
	for _, key := range slices.Sorted(maps.Keys(lives)) {
		out = append(out, lives[key])
	}
	return out
}
