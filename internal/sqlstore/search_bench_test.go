package sqlstore_test

import (
	"crypto/rand"
	"testing"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// BenchmarkFindKeys looks for keys among a million, as people do. What is not
// there takes the longest.
func BenchmarkFindKeys(b *testing.B) {
	for name, database := range engines {
		b.Run(name, func(b *testing.B) {
			at := database(b)
			s := open(b, sqlstore.Config{Database: at})
			seed(b, at, manyKeys)
			svc := org.NewService(s, rand.Reader, nil)
			caller := org.Caller{Admin: true, Role: org.RoleOwner}
			find := func(text string, deep bool) func(*testing.B) {
				return func(b *testing.B) {
					for b.Loop() {
						if _, err := svc.FindKeys(b.Context(), caller, org.KeyFilter{Text: text, Deep: deep}, 50); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			b.Run("page by name", func(b *testing.B) {
				for b.Loop() {
					place := org.KeyPlace{Name: "a name", ID: "key_00000000000000000000500000"}
					if _, err := svc.ListKeysByName(b.Context(), caller, "", place, 25); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("typed, found", find("a na", false))
			b.Run("typed, not found", find("b", false))
			b.Run("owner", find("ada@", true))
			b.Run("prefix, Enter", find("a na", true))
			b.Run("characters, not found", find("xyz", true)) // or as far as the time allows
		})
	}
}

// BenchmarkFindUsers looks for a user whom nobody knows among 100 000, so at all of
// them.
func BenchmarkFindUsers(b *testing.B) {
	for name, database := range engines {
		b.Run(name, func(b *testing.B) {
			at := database(b)
			closeStore(b, open(b, sqlstore.Config{Database: at}))
			fillLists(b, at, 100_000)
			svc := org.NewService(open(b, sqlstore.Config{Database: at}), rand.Reader, nil)
			caller := org.Caller{Admin: true, Role: org.RoleOwner}
			for b.Loop() {
				if _, err := svc.FindUsers(b.Context(), caller, "nobody", org.Page{Limit: 25, Descending: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
