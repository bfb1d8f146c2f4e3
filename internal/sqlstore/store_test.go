package sqlstore_test

import (
	"crypto/rand"
	"path/filepath"
	"testing"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/token"
)

func TestSmoke(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func() string{
		"sqlite":   func() string { return filepath.Join(t.TempDir(), "keyreeve.db") },
		"postgres": func() string { return pgtest.DSN(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			var seen []int64
			s, err := sqlstore.Open(ctx, sqlstore.Config{Database: database(), OnCommit: func(es []org.StoredEvent) {
				for _, e := range es {
					seen = append(seen, e.Revision)
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			svc := org.NewService(s, rand.Reader, nil)
			var first org.AdminAPIKey
			made, err := svc.Bootstrap(ctx, org.Bootstrap{OwnerName: "Ada", OwnerEmail: "ada@example.com", Announce: func(k org.AdminAPIKey, _ token.Secret) error {
				first = k
				return nil
			}})
			if err != nil || !made {
				t.Fatal(made, err)
			}
			caller := org.Caller{Admin: true, KeyID: first.ID, OwnerType: first.Owner.Type, OwnerID: first.Owner.ID, Role: first.Owner.Role}
			life := int64(60)
			k, _, commit, err := svc.CreateAdminAPIKey(ctx, caller, org.NewAdminAPIKey{Name: "two", ExpiresInSeconds: &life})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(commit, seen)
			if err := s.RecordUses(ctx, []org.Use{{KeyID: k.ID, At: 5}, {KeyID: "key_x", At: 7}}); err != nil {
				t.Fatal(err)
			}
			for _, desc := range []bool{false, true} {
				l, err := svc.ListAdminAPIKeys(ctx, caller, org.Page{Limit: 20, Descending: desc})
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%+v", l)
			}
			got, err := svc.GetAdminAPIKey(ctx, caller, k.ID)
			t.Log(got.LastUsedAt, err)
			n := 0
			head, err := s.Snapshot(ctx, org.SnapshotVisitor{
				User: func(org.User) error { n++; return nil }, Project: func(org.Project) error { n++; return nil },
				Key: func(org.SnapshotKey) error { n++; return nil },
			})
			if err != nil || n != 4 {
				t.Fatal(n, err)
			}
			if _, err := svc.DeleteAdminAPIKey(ctx, caller, k.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := svc.DeleteAdminAPIKey(ctx, caller, first.ID); err == nil {
				t.Fatal("last key deleted")
			} else {
				t.Log(err)
			}
			if err := svc.Recover(ctx, func(org.AdminAPIKey, token.Secret) error { return nil }); err != nil {
				t.Fatal(err)
			}
			now, err := s.Head(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := org.VerifyChain(s.Events(ctx, 0), now, &head); err != nil {
				t.Fatal(err)
			}
			t.Log(head, now, seen)
		})
	}
}
