package crashtest

import (
	"sync"

	"github.com/keyreeve/keyreeve/api"
)

// state is what is known of a key from the answers of the server alone.
type state int

const (
	live   state = iota // its creation was acknowledged
	dead                // its deletion was acknowledged
	unsure              // its deletion was asked for and not answered
)

// known is a key whose creation was acknowledged, or that was found later.
type known struct {
	id, name string
	value    string // empty: its creation was never answered
	state    state
}

// ledger is what a server was asked and what it acknowledged.
type ledger struct {
	mu      sync.Mutex
	keys    map[string]*known // by id
	asked   map[string]bool   // names of creations that are not answered
	touched []*known          // since the last check
	acked   int
}

func newLedger() *ledger {
	return &ledger{keys: map[string]*known{}, asked: map[string]bool{}}
}

func (l *ledger) creating(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked[name] = true
}

func (l *ledger) created(key *api.AdminAPIKeyCreateResponse) *known {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := &known{id: key.ID, name: *key.Name, value: key.Value}
	delete(l.asked, k.name)
	l.keys[k.id] = k
	l.touched = append(l.touched, k)
	l.acked++
	return k
}

// notCreated takes a creation back that the server said did not take place.
func (l *ledger) notCreated(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.asked, name)
}

// deleting comes before the request and deleted after its answer. Only one
// worker knows a key at that time.
func (l *ledger) deleting(k *known) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k.state = unsure
	l.touched = append(l.touched, k)
}

func (l *ledger) deleted(k *known) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k.state = dead
	l.acked++
}

// refused takes a deletion back that the server said did not take place.
func (l *ledger) refused(k *known) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k.state = live
}
