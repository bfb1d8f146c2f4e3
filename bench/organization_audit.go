package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// manyEvents is the length of the log whose filters are measured.
const manyEvents = 1_000_000

// eventsText writes a log: of ten events nine are of one user, and one in a
// hundred thousand has an actor, a type and a project that are rare. It has no
// chain, which reading it does not look at.
var eventsText = `INSERT INTO events (revision, id, type, at, actor_id, resource_id, project_id, record, hash)
SELECT i, id, type, at, actor, resource, project, '{"revision":' || i || ',"id":"' || id || '","type":"' || type || '","at":' || at ||
',"actor":{"type":"api_key","key_id":"key_of_' || actor || '","owner_type":"user","owner_id":"' || actor || '","email":"' || actor ||
'@example.com","ip":"192.0.2.7","user_agent":"bench"},"resource":"' || resource || '","project":"' || project ||
'","data":{"id":"' || resource || '","name":"a name","redacted_value":"sk-proj...abc"}}', DIGEST
FROM (SELECT i, 'event_' || ` + ulid(seededTime, "i") + ` AS id, 'key_' || ` + ulid(seededTime, "i") + ` AS resource, 1700000000 + i / 10 AS at,
CASE WHEN i % 100000 = 77 THEN 'user_rare' WHEN i % 10 = 0 THEN 'user_' || (i / 10 % 20) ELSE 'user_main' END AS actor,
CASE WHEN i % 100000 = 77 THEN 'project.archived' WHEN i % 3 = 0 THEN 'api_key.deleted' ELSE 'api_key.created' END AS type,
CASE WHEN i % 100000 = 77 THEN 'proj_rare' ELSE 'proj_' || (i / 7 % 100) END AS project FROM SERIES) AS e`

// auditFilters compares first pages of the filtered log with that of the whole.
func (b *bench) auditFilters(e *engine) error {
	url, err := b.seedEvents(e)
	if err != nil {
		return err
	}
	s, err := b.serve(url, filepath.Join(b.dir, e.name+"-events"))
	if err != nil {
		return err
	}
	page := func(query string) func(*server) []byte {
		return func(s *server) []byte { return s.ask("GET", organizationPath+"/audit_logs?limit=20"+query, "") }
	}
	middle := 1_700_000_000 + manyEvents/20
	for _, f := range []struct{ what, query string }{
		{"an actor with most events", "&actor_ids=user_main"},
		{"an actor with 10 events", "&actor_ids=user_rare"},
		{"a type with a third", "&event_types=api_key.deleted"},
		{"a type with 10 events", "&event_types=project.archived"},
		{"a resource", "&resource_ids=key_" + seededULID(manyEvents/2)},
		{"a project with 10 events", "&project_ids=proj_rare"},
		{"a time in the middle", fmt.Sprintf("&effective_at[gte]=%d&effective_at[lt]=%d", middle, middle+1000)},
		{"actor, resource, type and time", fmt.Sprintf("&actor_ids=user_main&event_types=api_key.created&resource_ids=key_%s&effective_at[gte]=%d",
			seededULID(manyEvents/2), 1_700_000_000)},
	} {
		times, err := comparePages([2]pageSide{{s, page("")}, {s, page(strings.NewReplacer("[", "%5B", "]", "%5D").Replace(f.query))}})
		if err != nil {
			return fmt.Errorf("%s: %w", f.what, err)
		}
		b.report.atMost(fmt.Sprintf("%s: first page of %s audit events by %s ÷ of all", e.title, count(manyEvents), f.what),
			maxAuditFilter, ratios(times[1], times[0]), fmt.Sprintf("%.0f µs ÷ %.0f µs", median(times[1]), median(times[0])))
	}
	return s.stop()
}

// seedEvents makes an organization and puts the events in the place of its log.
func (b *bench) seedEvents(e *engine) (url string, err error) {
	url, db, err := b.fresh(e, "events")
	if err != nil {
		return "", err
	}
	defer db.Close()
	texts := []string{`DELETE FROM events`, e.seedText(eventsText), `UPDATE log_head SET revision = $1, hash = (SELECT hash FROM events WHERE revision = $1)`}
	if e.name == sqlite {
		texts = append([]string{`PRAGMA synchronous = OFF`}, texts...)
	} else {
		texts = append(texts, `VACUUM (ANALYZE)`)
	}
	for _, text := range texts {
		var args []any
		if strings.Contains(text, "$1") {
			args = append(args, manyEvents)
		}
		if _, err := db.Exec(text, args...); err != nil {
			return "", fmt.Errorf("seed events: %w", err)
		}
	}
	return url, nil
}
