package httpapi_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/token"
)

// seedTime is when everything in a seeded database was made, in Unix seconds.
const seedTime = 1_700_000_000

// seed fills a database before its server starts, with what no route can make
// yet and with fixed ids and values: two databases of the same seed are alike,
// whatever the engine, so bodies can be compared as text.
type seed struct {
	tb     testing.TB
	store  *sqlstore.Store
	random *rand.ChaCha8 // of key values; ids have their own

	owner org.Owner // made at first start, with the role owner
	first seedKey   // the owner's admin key from first start
	keys  []seedKey // all admin keys, oldest first

	spare []string // ids of users that a test may change or delete
}

// seedKey is a key with its value.
type seedKey struct{ id, value string }

// newSeed makes the organization of an empty database. Close it before the
// server starts.
func newSeed(tb testing.TB, database string) *seed {
	tb.Helper()
	store, err := sqlstore.Open(tb.Context(), sqlstore.Config{
		Database: database, Random: rand.NewChaCha8([32]byte{1}),
		Now: func() time.Time { return time.Unix(seedTime, 0) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	s := &seed{tb: tb, store: store, random: rand.NewChaCha8([32]byte{2})}
	_, err = org.NewService(store, s.random, nil).Bootstrap(tb.Context(), org.Bootstrap{
		OwnerName: "Ada Lovelace", OwnerEmail: "ada@example.com",
		Announce: func(key org.AdminAPIKey, value token.Secret) error {
			s.owner, s.first = key.Owner, seedKey{key.ID, value.Reveal()}
			s.keys = []seedKey{s.first}
			return nil
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func (s *seed) close() {
	s.tb.Helper()
	if err := s.store.Close(); err != nil {
		s.tb.Fatal(err)
	}
}

func (s *seed) update(fn func(org.Tx) error) {
	s.tb.Helper()
	if _, err := s.store.Update(s.tb.Context(), fn); err != nil {
		s.tb.Fatal(err)
	}
}

// user adds a person with a role.
func (s *seed) user(role org.Role) (owner org.Owner) {
	s.tb.Helper()
	s.update(func(tx org.Tx) error {
		id, err := tx.NewID(org.PrefixUser)
		if err != nil {
			return err
		}
		owner = org.Owner{Type: org.OwnerUser, ID: id.String(), Name: "A " + string(role), Role: role, CreatedAt: tx.Now()}
		tx.Emit(org.Event{
			Type: org.EventUserAdded, Actor: org.Actor{Type: org.ActorHost}, Resource: owner.ID,
			Effects: []org.Effect{org.OwnerSet{Type: owner.Type, ID: owner.ID, Role: role}},
		})
		return tx.InsertUser(org.User{ID: owner.ID, Name: owner.Name, Email: owner.ID + "@example.com", Role: role, CreatedAt: tx.Now()})
	})
	return owner
}

// readers adds people with the role reader.
func (s *seed) readers(n int) (ids []string) {
	s.tb.Helper()
	for range n {
		ids = append(ids, s.user(org.RoleReader).ID)
	}
	return ids
}

// project adds a project.
func (s *seed) project(name string) (id string) {
	s.tb.Helper()
	s.update(func(tx org.Tx) error {
		made, err := tx.NewID(org.PrefixProject)
		if err != nil {
			return err
		}
		id = made.String()
		tx.Emit(org.Event{
			Type: org.EventProjectCreated, Actor: org.Actor{Type: org.ActorHost}, Resource: id, ProjectID: id,
			Effects: []org.Effect{org.ProjectSet{ID: id}},
		})
		return tx.InsertProject(org.Project{ID: id, Name: name, CreatedAt: tx.Now()})
	})
	return id
}

// invite adds an invite, whose value is its token.
func (s *seed) invite(email string) (made seedKey) {
	s.tb.Helper()
	secret, err := token.Mint(token.KindInvite, s.random)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.update(func(tx org.Tx) error {
		id, err := tx.NewID(org.PrefixInvite)
		if err != nil {
			return err
		}
		made = seedKey{id.String(), secret.Reveal()}
		tx.Emit(org.Event{Type: org.EventInviteSent, Actor: org.Actor{Type: org.ActorHost}, Resource: made.id})
		return tx.InsertInvite(org.Invite{
			ID: made.id, Email: email, Role: org.RoleReader, CreatedAt: tx.Now(), ExpiresAt: tx.Now() + org.InviteLifetime,
		}, secret.Digest())
	})
	return made
}

// account adds a service account.
func (s *seed) account(projectID, name string) (owner org.Owner) {
	s.tb.Helper()
	s.update(func(tx org.Tx) error {
		id, err := tx.NewID(org.PrefixServiceAccount)
		if err != nil {
			return err
		}
		owner = org.Owner{Type: org.OwnerServiceAccount, ID: id.String(), Name: name, CreatedAt: tx.Now()}
		tx.Emit(org.Event{
			Type: org.EventServiceAccountCreated, Actor: org.Actor{Type: org.ActorHost}, Resource: owner.ID, ProjectID: projectID,
			Effects: []org.Effect{org.OwnerSet{Type: owner.Type, ID: owner.ID}},
		})
		return tx.InsertServiceAccount(org.ServiceAccount{ID: owner.ID, ProjectID: projectID, Name: name, Role: org.ProjectMember, CreatedAt: tx.Now()})
	})
	return owner
}

// key adds a key that the owner holds. expiresAt is in Unix seconds, 0: never.
func (s *seed) key(kind org.KeyKind, owner org.Owner, name string, expiresAt int64) (made seedKey) {
	s.tb.Helper()
	return s.keyIn("", kind, owner, name, expiresAt)
}

// keyIn is key for a key of a project.
func (s *seed) keyIn(projectID string, kind org.KeyKind, owner org.Owner, name string, expiresAt int64) (made seedKey) {
	s.tb.Helper()
	secret, err := token.Mint(token.Kind(kind), s.random)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.update(func(tx org.Tx) error {
		id, err := tx.NewID(org.PrefixKey)
		if err != nil {
			return err
		}
		key := org.Key{
			ID: id.String(), Kind: kind, Name: name, Digest: secret.Digest(), Redacted: secret.Redacted(),
			CreatedAt: tx.Now(), ExpiresAt: expiresAt, OwnerType: owner.Type, OwnerID: owner.ID, ProjectID: projectID,
		}
		made = seedKey{key.ID, secret.Reveal()}
		tx.Emit(org.Event{
			Type: org.EventAPIKeyCreated, Actor: org.Actor{Type: org.ActorHost}, Resource: key.ID,
			Effects: []org.Effect{org.KeyAdded{
				ID: key.ID, Kind: kind, Digest: key.Digest, OwnerType: owner.Type, OwnerID: owner.ID, ProjectID: projectID, ExpiresAt: expiresAt,
			}},
		})
		return tx.InsertKey(key)
	})
	if kind == org.KindAdmin {
		s.keys = append(s.keys, made)
	}
	return made
}

// adminKey adds an admin key of the owner's.
func (s *seed) adminKey(name string) seedKey { return s.key(org.KindAdmin, s.owner, name, 0) }

// remove revokes an admin key.
func (s *seed) remove(key seedKey) {
	s.tb.Helper()
	s.update(func(tx org.Tx) error {
		tx.Emit(org.Event{
			Type: org.EventAPIKeyDeleted, Actor: org.Actor{Type: org.ActorHost}, Resource: key.id,
			Effects: []org.Effect{org.KeyRemoved{Digest: token.Sum(key.value)}},
		})
		return tx.DeleteKey(org.KindAdmin, key.id)
	})
}

// principals are the credentials that a stranger or a member may come with, by
// what they are. The first admin key, an owner's, is "owner".
func (s *seed) principals() map[string]string {
	s.tb.Helper()
	unknown, err := token.Mint(token.KindAdmin, s.random)
	if err != nil {
		s.tb.Fatal(err)
	}
	revoked := s.adminKey("revoked")
	s.remove(revoked)
	account := org.Owner{Type: org.OwnerServiceAccount, ID: "sa_01HF7YAT00DBK7GFTFR50XPYC4"}
	return map[string]string{
		"none":            "",
		"junk":            "junk",
		"unknown":         unknown.Reveal(),
		"revoked":         revoked.value,
		"expired":         s.key(org.KindAdmin, s.owner, "expired", seedTime+1).value,
		"owner":           s.first.value,
		"reader":          s.key(org.KindAdmin, s.user(org.RoleReader), "reader", 0).value,
		"project":         s.key(org.KindProject, s.owner, "project", 0).value,
		"service account": s.key(org.KindServiceAccount, account, "service account", 0).value,
	}
}
