package sqlstore

import (
	"context"
	"strconv"

	"github.com/keyreeve/keyreeve/internal/org"
)

// No index finds a part of a name. The tables are walked by id, from the newest or
// the oldest on, until the page is full.
const (
	usersMatching           = userColumns + ` WHERE id > $1 AND (lower(name) LIKE $2 ESCAPE '\' OR lower(email) LIKE $2 ESCAPE '\') ORDER BY id`
	projectsMatching        = projectColumns + ` WHERE id > $1 AND lower(name) LIKE $2 ESCAPE '\' ORDER BY id`
	projectsActiveMatching  = projectColumns + ` WHERE archived_at = 0 AND id > $1 AND lower(name) LIKE $2 ESCAPE '\' ORDER BY id`
	serviceAccountsMatching = serviceAccountColumns + ` WHERE project_id = $1 AND id > $2 AND lower(name) LIKE $3 ESCAPE '\' ORDER BY id`
)

// UsersMatching implements org.Store.
func (s *Store) UsersMatching(ctx context.Context, text string, page org.Page) ([]org.User, error) {
	query, after := newestFirst(page, usersMatching)
	return searchFor(ctx, s, scanUser, query, page.Limit, after, holding(text))
}

// ProjectsMatching implements org.Store.
func (s *Store) ProjectsMatching(ctx context.Context, text string, page org.ProjectPage) ([]org.Project, error) {
	query := projectsActiveMatching
	if page.Archived {
		query = projectsMatching
	}
	query, after := newestFirst(page.Page, query)
	return searchFor(ctx, s, scanProject, query, page.Limit, after, holding(text))
}

// ServiceAccountsMatching implements org.Store.
func (s *Store) ServiceAccountsMatching(ctx context.Context, projectID, text string, page org.Page) ([]org.ServiceAccount, error) {
	query, after := newestFirst(page, serviceAccountsMatching)
	return searchFor(ctx, s, scanServiceAccount, query, page.Limit, projectID, after, holding(text))
}

// holding is the pattern of what holds a text.
func holding(text string) string { return "%" + likePart(text) + "%" }

// searchFor is pageOf over the connection for what reads up to all, so one search
// goes on at a time, and takes none of the readers'.
func searchFor[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), text string, limit int, args ...any) ([]T, error) {
	rows, err := s.search.QueryContext(ctx, s.dialect.statement(text+` LIMIT `+strconv.Itoa(limit)), args...)
	if err != nil {
		return nil, s.classify(err)
	}
	return allOf(s, rows, scan)
}
