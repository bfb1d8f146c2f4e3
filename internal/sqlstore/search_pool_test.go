package sqlstore_test

import (
	"testing"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// TestASearchTakesNoConnectionOfTheReaders holds all of those, and searches.
func TestASearchTakesNoConnectionOfTheReaders(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := open(t, sqlstore.Config{Database: database(t)})
			readers := s.Pools()[1]
			for range readers.Stats().MaxOpenConnections {
				conn, err := readers.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
			}
			for _, project := range []string{"", "proj_x"} {
				if _, _, err := s.KeysMatching(t.Context(), org.KeyMatch{ProjectID: project, Text: "a"}, "", 1); err != nil {
					t.Error(err)
				}
			}
			if _, err := s.UsersMatching(t.Context(), "a", org.Page{Limit: 1}); err != nil {
				t.Error(err)
			}
		})
	}
}
