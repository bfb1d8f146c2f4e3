package fleet_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/fleet"
	"github.com/keyreeve/keyreeve/internal/plant"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// The model: two replicas, one of which commits a revocation and one of which is
// asked to delete the same key once more, in every order of their steps and of
// the passing of time. Whoever is not given a step for a while is paused, cut
// off or dead; a statement may be executed long after its sender gave up on it.
//
// What decides is the code that members run: fleet.Confirmed, LeasesOver and
// MayRemove, verify.LeaseUsable and Terms.State. Time is in ticks of a second,
// the same for all; that clocks differ is what the margins are for.
var modelTerms = verify.Terms{Lease: 2 * time.Second}

const (
	leaseTicks = 2
	none       = 255 // no such thing, or older than what matters
)

func ticks(n uint8) time.Duration { return time.Duration(n) * time.Second }

// node is a replica: its row in the database, its process, and a verification.
type node struct {
	row        bool // of the id that the process has, if it has one
	rowApplied uint8

	joined bool  // the process thinks that it has a row
	index  uint8 // the revision that it shows: 1 has the revocation
	lease  uint8 // age, none: no lease
	left   bool  // stopped for good

	beat  uint8 // see the beats
	since uint8 // age of the heartbeat under way
	at    uint8 // what it says was applied
	head  uint8 // what it saw
	ghost uint8 // what an abandoned heartbeat will yet say, none: there is none
}

// check is a verification of the key by one of the replicas.
type check struct {
	phase uint8 // see the checks
	node  uint8
	lease uint8 // age of the one that was loaded
	found bool
}

// The phases of a heartbeat.
const (
	beatIdle = iota
	beatSent
	beatSeen    // executed, its answer is on its way
	beatUnknown // executed, and there was no row
	beatAnswered
	beatEarly // a planted bug: a head was taken before the row was committed
)

// The phases of a verification, which began after a revocation was answered.
const (
	checkNone = iota
	checkBegan
	checkLeased
	checkLookedUp
)

// change is a request that ends the key: the commit, or the deletion of what is
// gone already.
type change struct {
	phase uint8 // see the changes
	age   uint8 // since its wait began
}

// The phases of a change.
const (
	changeNone  = iota
	changeEarly // a planted bug: its wait began before the commit
	changeWaits
	changeApplied // and was applied locally
	changeDone
)

// world is a state of the model: replica 1 commits, replica 0 is told "not
// found" and is watched by replica 1.
type world struct {
	head     uint8
	nodes    [2]node
	commit   change
	notFound change

	check check

	sighted uint8 // age of the sighting of replica 0's beat, none: not sighted
	same    bool  // its beat is still the sighted one
	removal bool  // the statement that removes it is under way
	// removalFits says that the beat is still the one which that was sent for.
	removalFits bool

	violated bool
}

func newWorld() world {
	w := world{sighted: none}
	for i := range w.nodes {
		w.nodes[i].lease, w.nodes[i].ghost = none, none
	}
	w.check.lease = none
	return w
}

// normal forgets what has no bearing on what may follow, so that states that
// differ in nothing else are one.
func (w world) normal() world {
	for i := range w.nodes {
		n := &w.nodes[i]
		if n.beat != beatSent {
			n.at = 0
		}
		switch n.beat {
		case beatIdle:
			n.since, n.head = 0, 0
		case beatSent:
			n.head = 0
		}
		if !n.row {
			n.rowApplied = 0
			if n.ghost != none {
				n.ghost = none
			}
		}
	}
	for _, c := range []*change{&w.commit, &w.notFound} {
		if c.phase == changeNone || c.phase == changeDone {
			c.age = 0
		}
	}
	if !w.same {
		w.sighted = none
	}
	return w
}

// over reports whether nothing can go wrong any more: all show the revocation.
func (w *world) over() bool {
	return w.nodes[0].index == 1 && w.nodes[1].index == 1 && !w.check.found
}

func (w *world) revoked() bool { return w.commit.phase == changeDone || w.notFound.phase == changeDone }

// confirmed is what a reader of the rows finds for a change through replica self.
func (w *world) confirmed(self int) bool {
	for i, n := range w.nodes {
		row := fleet.Row{Applied: int64(n.rowApplied)}
		if i == self {
			row.Applied = int64(n.index)
		} else if !n.row {
			continue
		}
		if !fleet.Confirmed(row, 1) {
			return false
		}
	}
	return true
}

// tick lets a second pass. Ages that decide nothing any more stop counting.
func (w *world) tick() {
	older := func(age *uint8, most uint8) {
		if *age != none && *age < most {
			*age++
		}
	}
	for i := range w.nodes {
		n := &w.nodes[i]
		expire(&n.lease)
		if n.beat != beatIdle {
			older(&n.since, leaseTicks)
		}
	}
	for _, c := range []*change{&w.commit, &w.notFound} {
		if c.phase == changeEarly || c.phase == changeWaits || c.phase == changeApplied {
			older(&c.age, leaseTicks+1)
		}
	}
	older(&w.sighted, 3*leaseTicks)
	expire(&w.check.lease)
}

// expire makes a lease older, and none when it is over.
func expire(age *uint8) {
	if *age == none {
		return
	}
	if *age++; modelTerms.State(ticks(*age)) == verify.LeaseOver {
		*age = none
	}
}

// scenario is what may happen beside heartbeats, the revocation, a verification
// and time. All at once are too many states for every run of the tests.
type scenario struct{ notFound, watch, leave, giveUp bool }

// explore tries every order of steps, and returns how many states there are and
// the steps that lead to a key that was accepted after its revocation was
// answered.
func explore(sc scenario, bug string) (states int, trace []string) {
	type origin struct {
		from      int32
		who, what string
	}
	first := newWorld()
	seen := map[world]struct{}{first: {}}
	queue, origins := []world{first}, []origin{{from: -1}}
	for at := 0; at < len(queue); at++ {
		var found bool
		steps(queue[at], sc, bug, func(who, what string, next world) {
			next = next.normal()
			if _, ok := seen[next]; ok || found || next.over() {
				return
			}
			seen[next] = struct{}{}
			queue, origins = append(queue, next), append(origins, origin{int32(at), who, what})
			found = next.violated
		})
		if found {
			for i := int32(len(origins) - 1); i > 0; i = origins[i].from {
				trace = append([]string{origins[i].who + ": " + origins[i].what}, trace...)
			}
			return len(queue), trace
		}
	}
	return len(queue), nil
}

// everything is for the long tests.
var everything = scenario{notFound: true, watch: true, leave: true, giveUp: true}

// modelBugs are those of package plant that belong to the model, and some more
// that are made easily, each with the least scenario that it needs.
var modelBugs = map[string]scenario{
	plant.BarrierSkipped:                    {},
	plant.LeaseBeforeApplied:                {},
	plant.LeaseAfterLookup:                  {},
	plant.HeadBeforeRow:                     {},
	plant.AppliedBeforePublish:              {},
	plant.NotFoundNoWait:                    {notFound: true},
	plant.NotifyWithoutPoll:                 {},
	plant.RemovedTooEarly:                   {watch: true},
	"wait counted from before the commit":   {},
	"wait too short":                        {},
	"rows read before the commit":           {},
	"lease counted from the answer":         {},
	"lease without a row":                   {watch: true},
	"row removed whatever its beat":         {watch: true},
	"row removed before the answers end":    {leave: true},
	"404 waits for what its replica shows":  {notFound: true},
	"commit waits for others, not for self": {},
}

// TestRevokedKeyIsNeverAccepted holds the protocol to its guarantee.
func TestRevokedKeyIsNeverAccepted(t *testing.T) {
	t.Parallel()
	scenarios := []scenario{{notFound: true, leave: true, giveUp: true}, {watch: true, giveUp: true}}
	if os.Getenv("KEYREEVE_SOAK") != "" {
		scenarios = []scenario{everything}
	}
	for _, sc := range scenarios {
		t.Run(fmt.Sprintf("%+v", sc), func(t *testing.T) {
			t.Parallel()
			states, trace := explore(sc, "")
			if trace != nil {
				t.Errorf("a revoked key was accepted:\n%s", strings.Join(trace, "\n"))
			}
			if states < 10_000 {
				t.Errorf("only %d states: steps are missing", states)
			}
			t.Logf("%d states", states)
		})
	}
}

func TestModelFindsBugs(t *testing.T) {
	t.Parallel()
	for bug, sc := range modelBugs {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			states, trace := explore(sc, bug)
			if trace == nil {
				t.Fatalf("not found in %d states", states)
			}
			t.Logf("found after %d states:\n%s", states, strings.Join(trace, "\n"))
		})
	}
}
