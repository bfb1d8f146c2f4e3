package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// BenchmarkPages reports what a page of 20 in the middle of a list takes, with
// 1 000 and with 100 000 elements. All users are members of one project, and
// every thousandth of another.
func BenchmarkPages(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, size := range []int{1000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", engine, size), func(b *testing.B) {
				database := engines[engine](b)
				closeStore(b, open(b, sqlstore.Config{Database: database}))
				l := fillLists(b, database, size)
				s := open(b, sqlstore.Config{Database: database})
				reads := l.pages(s)
				for _, name := range slices.Sorted(maps.Keys(reads)) {
					read := reads[name]
					b.Run(name, func(b *testing.B) {
						var took []time.Duration
						for b.Loop() {
							began := time.Now()
							if n, err := read(b.Context()); n == 0 && size > 1000 || err != nil {
								b.Fatalf("%d elements, %v", n, err)
							}
							took = append(took, time.Since(began))
						}
						slices.Sort(took)
						b.ReportMetric(float64(took[len(took)/4]), "quartile-ns/op") // of a busy machine, too
					})
				}
			})
		}
	}
}

// lists are ids in the middle of each list.
type lists struct{ user, project, invite string }

func (l lists) pages(s *sqlstore.Store) map[string]func(context.Context) (int, error) {
	page := func(after string) org.Page { return org.Page{After: after, Limit: 20} }
	return map[string]func(context.Context) (int, error){
		"users": func(ctx context.Context) (int, error) {
			items, err := s.Users(ctx, org.UserPage{Page: page(l.user)})
			return len(items), err
		},
		"projects": func(ctx context.Context) (int, error) {
			items, err := s.Projects(ctx, org.ProjectPage{Page: page(l.project)})
			return len(items), err
		},
		"invites": func(ctx context.Context) (int, error) {
			items, err := s.Invites(ctx, page(l.invite))
			return len(items), err
		},
		"members": func(ctx context.Context) (int, error) {
			items, err := s.ProjectUsers(ctx, "proj_full", page(l.user))
			return len(items), err
		},
		"few members": func(ctx context.Context) (int, error) {
			items, err := s.ProjectUsers(ctx, "proj_sparse", page(l.user))
			return len(items), err
		},
	}
}

// fillLists makes lists of a size behind the store's back, and notes their
// middles.
func fillLists(b *testing.B, database string, size int) lists {
	b.Helper()
	driver, number, digest, from := "sqlite", "printf('%026d', i)", "randomblob(32)",
		"(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < $1) SELECT i FROM s)"
	if isPostgres(database) {
		driver, number, digest, from = "pgx", "lpad(i::text, 26, '0')", "sha256(i::text::bytea)", "generate_series(1, $1::bigint) AS s(i)"
	}
	db, err := sql.Open(driver, database)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, text := range []string{
		`INSERT INTO users (id, name, email, role, created_at) SELECT 'user_' || NUMBER, 'Ada Lovelace', 'ada' || i || '@example.com', 'reader', 1 FROM `,
		`INSERT INTO projects (id, name, is_default, created_at, archived_at) SELECT 'proj_' || NUMBER, 'a project', 0, 1, 0 FROM `,
		`INSERT INTO invites (id, email, role, inviter_id, created_at, expires_at, accepted_at, token_digest, projects)
SELECT 'invite_' || NUMBER, 'bob' || i || '@example.com', 'reader', 'user_1', 1, 2, 0, DIGEST, '[]' FROM `,
		`INSERT INTO project_users (project_id, user_id, role, added_at) SELECT 'proj_full', 'user_' || NUMBER, 'member', 1 FROM `,
		`INSERT INTO project_users (project_id, user_id, role, added_at)
SELECT CASE WHEN i % 1000 = 0 THEN 'proj_sparse' ELSE 'proj_' || (i % 100) END, 'user_' || NUMBER, 'member', 1 FROM `,
	} {
		if _, err := db.Exec(strings.NewReplacer("NUMBER", number, "DIGEST", digest).Replace(text)+from, size); err != nil {
			b.Fatal(err)
		}
	}
	if isPostgres(database) {
		if _, err := db.Exec(`ANALYZE`); err != nil {
			b.Fatal(err)
		}
	}
	id := func(prefix string) string { return fmt.Sprintf("%s%026d", prefix, size/2) }
	return lists{id(org.PrefixUser), id(org.PrefixProject), id(org.PrefixInvite)}
}
