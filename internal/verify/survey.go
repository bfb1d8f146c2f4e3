package verify

import (
	"cmp"
	"slices"

	"github.com/keyreeve/keyreeve/internal/token"
)

// Survey is what there is to say about all live keys together.
type Survey struct {
	Keys      [kindCount]int // by kind; without the expired ones
	Expiring  Notable        // end soon, the soonest first
	NeverUsed Notable        // made long ago and never used since, the oldest first
	Unused    Notable        // used, but not for long, the longest first
}

// Notable is a group of keys: how many there are, and the first few.
type Notable struct {
	Count int
	First []NotableKey
}

// NotableKey is a key of such a group.
type NotableKey struct {
	ID string
	At int64 // Unix seconds: its expiry, its creation or its last use
}

// SurveyTerms say, in seconds, what counts as soon and as long, and how many
// keys of each group are named.
type SurveyTerms struct {
	Soon, Long int64
	Named      int
}

// Survey looks at every key, which takes some 12 ms at a million of them: it is
// for people. It reports false while nothing is loaded.
func (x *Index) Survey(now int64, terms SurveyTerms) (Survey, bool) {
	c := x.contents.Load()
	if c == nil {
		return Survey{}, false
	}
	var out Survey
	var expiring, never, unused shortList
	for e := range c.keys.all { // a key that is added or removed meanwhile may be missed
		if e.expired(now) || c.owners.ended(e.owner) || c.projects.ended(e.project()) {
			continue
		}
		out.Keys[e.kind()]++
		if left := int64(e.expires) - now; e.expires != 0 && left <= terms.Soon {
			expiring.add(e, int64(e.expires), terms.Named)
		}
		switch used := e.lastUsed(e.used.Load()); {
		case used == 0 && now-e.id.seconds() >= terms.Long:
			never.add(e, e.id.seconds(), terms.Named)
		case used != 0 && now-used >= terms.Long:
			unused.add(e, used, terms.Named)
		}
	}
	out.Expiring, out.NeverUsed, out.Unused = expiring.notable(), never.notable(), unused.notable()
	return out, true
}

// Of returns how many keys of a kind there are.
func (s Survey) Of(k token.Kind) int {
	if int(k) >= len(s.Keys) {
		return 0
	}
	return s.Keys[k]
}

// shortList keeps the earliest of what it is given.
type shortList struct {
	count int
	first []dated
}

type dated struct {
	entry *entry
	at    int64
}

func (l *shortList) add(e *entry, at int64, limit int) {
	l.count++
	if len(l.first) == limit && (limit == 0 || l.first[limit-1].at <= at) {
		return
	}
	i, _ := slices.BinarySearchFunc(l.first, at, func(d dated, at int64) int { return cmp.Compare(d.at, at) })
	l.first = slices.Insert(l.first, i, dated{e, at})
	l.first = l.first[:min(len(l.first), limit)]
}

func (l *shortList) notable() Notable {
	n := Notable{Count: l.count}
	for _, d := range l.first {
		n.First = append(n.First, NotableKey{ID: string(d.entry.id.appendKeyID(nil)), At: d.at})
	}
	return n
}
