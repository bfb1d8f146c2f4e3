package sqlstore_test

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

const manyEvents = 1_000_000

// seedEvents writes a log of n events, without its chain: 20 users of whom
// the first does nine tenths, 5 types of which the third never goes with the first
// user, 100 projects, and a resource for each event. One event in 100 000 is of a user, a type
// and a project that are rare.
func seedEvents(b *testing.B, database string, n int) {
	b.Helper()
	driver, hex, digest, from := "sqlite", "printf('%026d', i)", "zeroblob(32)",
		"(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < $1) SELECT i FROM s)"
	if isPostgres(database) {
		driver, hex, digest, from = "pgx", "lpad(i::text, 26, '0')", "sha256(i::text::bytea)", "generate_series(1, $1::bigint) AS s(i)"
	}
	db, err := sql.Open(driver, database)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const (
		actor    = `CASE WHEN i % 100000 = 77 THEN 'user_rare' WHEN i % 10 = 0 THEN 'user_' || (i / 10 % 20) ELSE 'user_main' END`
		kind     = `CASE WHEN i % 100000 = 77 THEN 'project.archived' WHEN i % 10 = 0 THEN 'user.deleted' WHEN i % 3 = 0 THEN 'api_key.deleted' ELSE 'api_key.created' END`
		project  = `CASE WHEN i % 100000 = 77 THEN 'proj_rare' ELSE 'proj_' || (i / 7 % 100) END`
		resource = `'key_' || `
	)
	// A record is as long as a real one.
	record := `'{"revision":' || i || ',"id":"event_' || ` + hex + ` || '","type":"' || ` + kind + ` || '","at":' || (1700000000 + i / 10) ||
',"actor":{"type":"api_key","key_id":"key_of_' || ` + actor + ` || '","owner_type":"user","owner_id":"' || ` + actor + ` || '","email":"' || ` + actor + ` ||
'@example.com","ip":"192.0.2.7","user_agent":"benchmark"},"resource":"key_' || ` + hex + ` || '","project":"' || ` + project +
		` || '","data":{"id":"x","name":"a name","redacted_value":"sk-admin...abc","data":{"scopes":["api.management.read","api.management.write"]}},"effects":[{"key_added":{"id":"key_01M83H52FB4GGXDD2798YPF9EC","kind":1,"digest":"6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b","owner_type":"user","owner_id":"user_01M83H52FB4GGXDD2798YPF9EC"}}]}'`
	if _, err := db.Exec(`INSERT INTO events (revision, id, type, at, actor_id, resource_id, project_id, record, hash)
SELECT i, 'event_' || `+hex+`, `+kind+`, 1700000000 + i / 10, `+actor+`, `+resource+hex+`, `+project+`, `+record+`, `+digest+` FROM `+from, n); err != nil {
		b.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE log_head SET revision = $1`, n); err != nil {
		b.Fatal(err)
	}
	if isPostgres(database) {
		if _, err := db.Exec(`ANALYZE`); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAuditList reads first pages of a log of a million events.
func BenchmarkAuditList(b *testing.B) {
	for engine, database := range durable {
		b.Run(engine, func(b *testing.B) {
			at := database(b)
			closeStore(b, open(b, sqlstore.Config{Database: at}))
			seedEvents(b, at, manyEvents)
			s := open(b, sqlstore.Config{Database: at}) // puts them into the index
			middle := int64(1700000000 + manyEvents/20)
			for _, test := range []struct {
				name string
				org.AuditPage
			}{
				{"unfiltered", org.AuditPage{}},
				{"after", org.AuditPage{After: fmt.Sprintf("event_%026d", manyEvents/2)}},
				{"time", filter(org.AuditFilter{From: middle, Until: middle + 1000})},
				{"actor=common", filter(org.AuditFilter{Actors: []string{"user_main"}})},
				{"actor=rare", filter(org.AuditFilter{Actors: []string{"user_rare"}})},
				{"actor=absent", filter(org.AuditFilter{Actors: []string{"user_none"}})},
				{"actor=key", filter(org.AuditFilter{Actors: []string{"key_of_user_3"}})},
				{"email", filter(org.AuditFilter{Emails: []string{"user_rare@example.com"}})},
				{"type=common", filter(org.AuditFilter{Types: []org.EventType{"api_key.created"}})},
				{"type=rare", filter(org.AuditFilter{Types: []org.EventType{"project.archived"}})},
				{"project=rare", filter(org.AuditFilter{Projects: []string{"proj_rare"}})},
				{"resource", filter(org.AuditFilter{Resources: []string{fmt.Sprintf("key_%026d", manyEvents/2)}})},
				{"actor,type=disjoint", filter(org.AuditFilter{Actors: []string{"user_main"}, Types: []org.EventType{"user.deleted"}})},
				{"actor,type,project", filter(org.AuditFilter{Actors: []string{"user_3"}, Types: []org.EventType{"user.deleted"}, Projects: []string{"proj_7"}})},
				{"actors=3,types=2", filter(org.AuditFilter{Actors: []string{"user_1", "user_2", "user_3"}, Types: []org.EventType{"user.deleted", "project.archived"}})},
				{"actor,resource,type,time", filter(org.AuditFilter{
					Actors: []string{"user_main"}, Types: []org.EventType{"api_key.created"}, From: middle - 1e6, Until: middle + 1e6,
					Resources: []string{fmt.Sprintf("key_%026d", manyEvents/2+1)},
				})},
				{"actor,type,time", filter(org.AuditFilter{
					Actors: []string{"user_main"}, Types: []org.EventType{"api_key.created"}, From: middle - 1000, Until: middle,
				})},
			} {
				b.Run(test.name, func(b *testing.B) {
					test.Limit = 21 // as the service asks for a page of the default size
					n := 0
					for b.Loop() {
						events, err := s.AuditEvents(b.Context(), org.AuditQuery{AuditPage: test.AuditPage})
						if err != nil {
							b.Fatal(err)
						}
						n = len(events)
					}
					b.ReportMetric(float64(n), "events")
				})
			}
		})
	}
}

func filter(f org.AuditFilter) org.AuditPage { return org.AuditPage{AuditFilter: f} }
