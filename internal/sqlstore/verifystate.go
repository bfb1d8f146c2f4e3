package sqlstore

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/keyreeve/keyreeve/internal/org"
)

// state is what decides about keys: as the rows say, or as the log does. Rows
// that were changed behind the log's back differ from it.
type state struct {
	keys     map[[32]byte]stateKey
	owners   map[string]org.OwnerSet
	projects map[string]org.ProjectSet
	limits   map[limitName]org.LimitSet

	// A cascade ends many keys by one effect. It is only noted, and its keys are
	// taken out at the end: looking for them each time would make reading a log
	// of many cascades slow.
	step    int64               // counts effects
	cascade map[keysOwner]int64 // step at which these keys ended
}

// stateKey is a key and the step at which it was added.
type stateKey struct {
	org.KeyAdded
	step int64
}

// keysOwner is an owner in a project, or in all without one.
type keysOwner struct{ owner, project string }

type limitName struct{ project, model string }

func newState() *state {
	return &state{
		keys: make(map[[32]byte]stateKey), owners: make(map[string]org.OwnerSet), projects: make(map[string]org.ProjectSet),
		limits: make(map[limitName]org.LimitSet), cascade: make(map[keysOwner]int64),
	}
}

// storedState reads the rows, and the head that they are of.
func (s *Store) storedState(ctx context.Context) (*state, org.Head, error) {
	st := newState()
	var twice string
	head, err := s.Snapshot(ctx, org.SnapshotVisitor{
		User: func(u org.User) error {
			st.apply(org.OwnerSet{Type: org.OwnerUser, ID: u.ID, Role: u.Role})
			return nil
		},
		ServiceAccount: func(a org.ServiceAccount) error {
			st.apply(org.OwnerSet{Type: org.OwnerServiceAccount, ID: a.ID})
			return nil
		},
		Project: func(p org.Project) error {
			st.apply(org.ProjectSet{ID: p.ID, Archived: p.ArchivedAt != 0})
			return nil
		},
		RateLimit: func(l org.RateLimit) error {
			st.apply(l.Set())
			return nil
		},
		Key: func(k org.SnapshotKey) error {
			if _, ok := st.keys[k.Digest]; ok {
				twice = k.ID
			}
			st.apply(org.KeyAdded{
				ID: k.ID, Kind: k.Kind, Digest: k.Digest,
				OwnerType: k.OwnerType, OwnerID: k.OwnerID, ProjectID: k.ProjectID, ExpiresAt: k.ExpiresAt,
			})
			return nil
		},
	})
	if err == nil && twice != "" {
		err = &StateError{Faults: []string{"key " + twice + " has the value of another"}}
	}
	return st, head, err
}

func (st *state) apply(e org.Effect) {
	st.step++
	switch e := e.(type) {
	case org.KeyAdded:
		st.keys[e.Digest] = stateKey{e, st.step}
	case org.KeyRemoved:
		delete(st.keys, e.Digest)
	case org.KeysRemoved:
		st.cascade[keysOwner{e.OwnerID, e.ProjectID}] = st.step
	case org.OwnerSet:
		if e.Removed {
			st.cascade[keysOwner{owner: e.ID}] = st.step
			delete(st.owners, e.ID)
			return
		}
		st.owners[e.ID] = e
	case org.ProjectSet:
		st.projects[e.ID] = e
	case org.LimitSet:
		st.limits[limitName{e.ProjectID, e.Model}] = e
	}
}

// settle takes the keys out that a cascade has ended, and forgets the steps,
// which are the log's and not the rows'.
func (st *state) settle() {
	for digest, k := range st.keys {
		ended := max(st.cascade[keysOwner{owner: k.OwnerID}], st.cascade[keysOwner{k.OwnerID, k.ProjectID}])
		if k.step <= ended {
			delete(st.keys, digest)
			continue
		}
		k.step = 0
		st.keys[digest] = k
	}
}

// follow applies the events that pass through. What cannot be decoded is left
// to org.VerifyChain, which names it.
func (st *state) follow(events iter.Seq2[org.StoredEvent, error]) iter.Seq2[org.StoredEvent, error] {
	return func(yield func(org.StoredEvent, error) bool) {
		for e, err := range events {
			if decoded, derr := org.DecodeRecord(e.Record); err == nil && derr == nil {
				for _, effect := range decoded.Effects {
					st.apply(effect)
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// StateError names rows that are not as the log says.
type StateError struct{ Faults []string }

func (e *StateError) Error() string {
	const shown = 3
	text := "the log is whole, but the database does not say what it says: " + strings.Join(e.Faults[:min(shown, len(e.Faults))], "; ")
	if more := len(e.Faults) - shown; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// differs compares the rows with what the log says.
func (st *state) differs(said *state) error {
	st.settle()
	said.settle()
	faults := slices.Concat(
		compare(st.keys, said.keys, func(k stateKey) string { return "key " + k.ID }),
		compare(st.owners, said.owners, func(o org.OwnerSet) string { return strings.ReplaceAll(string(o.Type), "_", " ") + " " + o.ID }),
		compare(st.projects, said.projects, func(p org.ProjectSet) string { return "project " + p.ID }),
		compare(st.limits, said.limits, func(l org.LimitSet) string { return "rate limit for " + l.Model + " of " + l.ProjectID }),
	)
	if len(faults) == 0 {
		return nil
	}
	slices.Sort(faults)
	return &StateError{Faults: faults}
}

// compare names what differs by name.
func compare[K, V comparable](stored, said map[K]V, name func(V) string) (faults []string) {
	for at, row := range stored {
		switch logged, ok := said[at]; {
		case !ok:
			faults = append(faults, name(row)+" is not in the log")
		case row != logged:
			faults = append(faults, name(row)+" was changed")
		}
	}
	for at, logged := range said {
		if _, ok := stored[at]; !ok {
			faults = append(faults, name(logged)+" is missing")
		}
	}
	return faults
}
