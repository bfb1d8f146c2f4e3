package historytest_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keyreeve/keyreeve/internal/historytest"
)

// The rules and the search for an order agree on any history of one key,
// sensible or not.
func TestRulesAgreeWithTheSearch(t *testing.T) {
	t.Parallel()
	verdicts := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		h := historytest.History{Settle: time.Duration(rapid.SampledFrom([]int{0, 4}).Draw(t, "settle"))}
		at := func(o historytest.Operation, from int) {
			o.Start = time.Duration(rapid.IntRange(from, 30).Draw(t, "start"))
			o.End = o.Start + time.Duration(rapid.IntRange(1, 10).Draw(t, "length"))
			o.Replica = int8(rapid.IntRange(0, 1).Draw(t, "replica"))
			h.Operations = append(h.Operations, o)
		}
		h.Operations = append(h.Operations, historytest.Operation{
			Start: 3, End: 6, Kind: historytest.Create, Answer: historytest.Done, Everywhere: rapid.Bool().Draw(t, "everywhere"),
		})
		// Nobody can revoke a key before its id is known.
		for _, answer := range rapid.SliceOfN(rapid.SampledFrom([]historytest.Answer{
			historytest.Done, historytest.Gone, historytest.Unchanged, historytest.NoAnswer,
		}), 0, 3).Draw(t, "revocations") {
			at(historytest.Operation{Kind: historytest.Revoke, Answer: answer}, 6)
		}
		for _, answer := range rapid.SliceOfN(rapid.SampledFrom([]historytest.Answer{
			historytest.Allowed, historytest.Refused, historytest.Unable,
		}), 0, 6).Draw(t, "verifications") {
			at(historytest.Operation{Kind: historytest.Verify, Answer: answer}, 0)
		}
		// A key is searched for where it was verified; this one fits always.
		for replica := range int8(2) {
			h.Operations = append(h.Operations, historytest.Operation{Start: 0, End: 100, Replica: replica, Kind: historytest.Verify, Answer: historytest.Refused})
		}
		found := historytest.Check(h)
		bad, undecided := historytest.Linearizable(h, 0)
		if undecided > 0 || (len(found) > 0) != (len(bad) > 0) {
			t.Fatalf("the rules find %v, the search %v (%d undecided) in %v", found, bad, undecided, h.Operations)
		}
		verdicts[len(bad) > 0]++
	})
	if !t.Failed() && (verdicts[true] == 0 || verdicts[false] == 0) {
		t.Errorf("the histories are one-sided: %v", verdicts)
	}
}

// fleet is replicas that do as they should, at any speed.
type fleet struct {
	now     time.Duration
	log     []change
	applied [3]int // changes of the log that each replica knows
	keys    []*key
	waiting []*waiting
	history []historytest.Operation
}

type change struct {
	key     int32
	revoked bool
}

type key struct {
	created, revoked int  // revisions, 0: not yet
	told             bool // a client has it
}

// waiting is an operation that has begun, and what ends it.
type waiting struct {
	historytest.Operation
	decided bool
	until   func() bool
}

func (f *fleet) begin(o historytest.Operation, until func() bool) *waiting {
	o.Start = f.now
	w := &waiting{Operation: o, until: until}
	f.waiting = append(f.waiting, w)
	return w
}

func (f *fleet) everywhere(revision int) bool {
	return min(f.applied[0], f.applied[1], f.applied[2]) >= revision
}

// commit takes a change into the log.
func (f *fleet) commit(c change) int {
	f.log = append(f.log, c)
	return len(f.log)
}

func (f *fleet) knows(replica int8, k *key) bool {
	n := f.applied[replica]
	return k.created != 0 && k.created <= n && (k.revoked == 0 || k.revoked > n)
}

// A fleet that follows the protocol breaks no rule.
func TestRightHistoriesPass(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := &fleet{}
		replica := rapid.Map(rapid.IntRange(0, 2), func(n int) int8 { return int8(n) })
		live := func(t *rapid.T) int32 {
			n := int32(rapid.IntRange(0, max(0, len(f.keys)-1)).Draw(t, "key"))
			if len(f.keys) == 0 || !f.keys[n].told {
				t.Skip("nobody has this key")
			}
			return n
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { f.now++ },
			"create": func(t *rapid.T) {
				k, r := &key{}, replica.Draw(t, "replica")
				f.keys = append(f.keys, k)
				k.created = f.commit(change{key: int32(len(f.keys) - 1)})
				w := f.begin(historytest.Operation{Kind: historytest.Create, Answer: historytest.Done, Key: int32(len(f.keys) - 1), Replica: r, Revision: int64(k.created)}, nil)
				w.until = func() bool { w.Everywhere = f.everywhere(k.created); return f.applied[r] >= k.created }
			},
			"revoke": func(t *rapid.T) {
				n, r := live(t), replica.Draw(t, "replica")
				k := f.keys[n]
				o := historytest.Operation{Kind: historytest.Revoke, Answer: historytest.Gone, Key: n, Replica: r}
				if k.revoked == 0 {
					k.revoked = f.commit(change{key: n, revoked: true})
					o.Answer, o.Revision = historytest.Done, int64(k.revoked)
				}
				if rapid.IntRange(0, 4).Draw(t, "lost") == 0 {
					o.Answer, o.Revision = historytest.NoAnswer, 0
				}
				head := len(f.log)
				f.begin(o, func() bool { return f.everywhere(head) })
			},
			"verify": func(t *rapid.T) {
				n, r := live(t), replica.Draw(t, "replica")
				f.begin(historytest.Operation{Kind: historytest.Verify, Key: n, Replica: r}, func() bool { return true })
			},
			"decide": func(*rapid.T) {
				for _, w := range f.waiting {
					if w.Kind == historytest.Verify && !w.decided {
						w.decided, w.Answer = true, historytest.Refused
						if f.knows(w.Replica, f.keys[w.Key]) {
							w.Answer = historytest.Allowed
						}
						return
					}
				}
			},
			"apply": func(t *rapid.T) {
				r := replica.Draw(t, "replica")
				f.applied[r] = min(f.applied[r]+1, len(f.log))
			},
			"end": func(t *rapid.T) {
				for i, w := range f.waiting {
					if w.until() && (w.decided || w.Kind != historytest.Verify) && rapid.Bool().Draw(t, "now") {
						w.End = f.now
						f.history = append(f.history, w.Operation)
						f.keys[w.Key].told = true
						f.waiting = append(f.waiting[:i], f.waiting[i+1:]...)
						return
					}
				}
			},
		})
		for _, w := range f.waiting { // these take effect and are never answered
			if w.Kind != historytest.Verify {
				w.Answer, w.Revision, w.Everywhere, w.End = historytest.NoAnswer, 0, false, f.now
				f.history = append(f.history, w.Operation)
			}
		}
		if found := historytest.Check(historytest.History{Operations: f.history}); len(found) > 0 {
			t.Fatalf("%v", found)
		}
	})
}
