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
	keys     map[[32]byte]org.KeyAdded
	users    map[string]org.OwnerSet
	projects map[string]org.ProjectSet
}

func newState() *state {
	return &state{make(map[[32]byte]org.KeyAdded), make(map[string]org.OwnerSet), make(map[string]org.ProjectSet)}
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
		Project: func(p org.Project) error {
			st.apply(org.ProjectSet{ID: p.ID, Archived: p.ArchivedAt != 0})
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
	switch e := e.(type) {
	case org.KeyAdded:
		st.keys[e.Digest] = e
	case org.KeyRemoved:
		delete(st.keys, e.Digest)
	case org.OwnerSet:
		if e.Removed {
			delete(st.users, e.ID)
			return
		}
		st.users[e.ID] = e
	case org.ProjectSet:
		st.projects[e.ID] = e
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
	faults := slices.Concat(
		compare("key", st.keys, said.keys, func(k org.KeyAdded) string { return k.ID }),
		compare("user", st.users, said.users, func(u org.OwnerSet) string { return u.ID }),
		compare("project", st.projects, said.projects, func(p org.ProjectSet) string { return p.ID }),
	)
	if len(faults) == 0 {
		return nil
	}
	slices.Sort(faults)
	return &StateError{Faults: faults}
}

func compare[K, V comparable](what string, stored, said map[K]V, id func(V) string) (faults []string) {
	for at, row := range stored {
		switch logged, ok := said[at]; {
		case !ok:
			faults = append(faults, fmt.Sprintf("%s %s is not in the log", what, id(row)))
		case row != logged:
			faults = append(faults, fmt.Sprintf("%s %s was changed", what, id(row)))
		}
	}
	for at, logged := range said {
		if _, ok := stored[at]; !ok {
			faults = append(faults, fmt.Sprintf("%s %s is missing", what, id(logged)))
		}
	}
	return faults
}
