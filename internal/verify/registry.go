package verify

import (
	"strings"
	"sync/atomic"
)

// registry numbers the owners, the projects or the roles and holds a word of
// state for each, and whether it has ended. A number is never given twice, so an
// entry's number means the same for as long as anyone holds the entry. One writer
// at a time; readers take no lock.
type registry struct {
	number map[name]uint32 // the writer's
	roster atomic.Pointer[roster]
}

type name struct {
	group OwnerType // keeps a user and a service account of the same id apart
	id    string
}

// roster is what readers see. The slices only grow, and only past the lengths
// that were published. States change in place, atomically.
type roster struct {
	state []uint32
	id    []string
	ended []uint32 // a bit for each number
}

// init makes number 0 stand for "none": no project, no role.
func (r *registry) init() {
	r.number = make(map[name]uint32)
	r.roster.Store(new(roster))
	r.intern(name{})
}

// intern returns the number of n, and a new one where it has none yet.
func (r *registry) intern(n name) uint32 {
	if i, ok := r.number[n]; ok {
		return i
	}
	n.id = strings.Clone(n.id) // it may be part of something large
	old := r.roster.Load()
	i := uint32(len(old.id))
	r.number[n] = i
	ended := old.ended
	if i%32 == 0 {
		ended = append(ended, 0)
	}
	r.roster.Store(&roster{state: append(old.state, 0), id: append(old.id, n.id), ended: ended})
	return i
}

// setEnded publishes whether number i has ended, as setState does its state.
func (r *registry) setEnded(i uint32, ended bool) {
	word := &r.roster.Load().ended[i/32]
	if ended {
		atomic.OrUint32(word, 1<<(i%32))
	} else {
		atomic.AndUint32(word, ^uint32(1<<(i%32)))
	}
}

// ended reports whether number i has ended. Each decision asks, and a bit for each
// number fits a processor's nearest caches where a word does not.
func (r *registry) ended(i uint32) bool {
	return atomic.LoadUint32(&r.roster.Load().ended[i/32])>>(i%32)&1 != 0
}

// setState publishes the state of number i. A reader holding an array that
// intern has outgrown misses it, but that reader began before.
func (r *registry) setState(i, state uint32) {
	atomic.StoreUint32(&r.roster.Load().state[i], state)
}

// state returns the state of number i, which must have come from an entry that
// was found before this call: the roster has it by then.
func (r *registry) state(i uint32) uint32 {
	return atomic.LoadUint32(&r.roster.Load().state[i])
}

func (r *registry) id(i uint32) string { return r.roster.Load().id[i] }
