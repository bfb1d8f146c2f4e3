package org

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/keyreeve/keyreeve/internal/token"
)

// SearchStore finds users, projects and service accounts for people: those whose
// name or email holds a text, without the case of ASCII letters. It reads up to all
// of them.
type SearchStore interface {
	UsersMatching(ctx context.Context, text string, page Page) ([]User, error)
	ProjectsMatching(ctx context.Context, text string, page ProjectPage) ([]Project, error)
	ServiceAccountsMatching(ctx context.Context, projectID, text string, page Page) ([]ServiceAccount, error)
}

// ErrSearchTime says that the time for one search was over before its page was
// full.
var ErrSearchTime = errors.New("the time for a search was over")

// FindUsers returns the users whose name or email holds a text, or the one whose id
// it is.
func (s *Service) FindUsers(ctx context.Context, caller Caller, text string, page Page) (ListPage[User], error) {
	return search[User]{userList, s.store.User, s.store.UsersMatching}.find(ctx, caller, text, page)
}

// FindProjects returns the projects whose name holds a text, or the one whose id it
// is, archived or not.
func (s *Service) FindProjects(ctx context.Context, caller Caller, text string, page ProjectPage) (ListPage[Project], error) {
	matching := func(ctx context.Context, text string, p Page) ([]Project, error) {
		return s.store.ProjectsMatching(ctx, text, ProjectPage{p, page.Archived})
	}
	return search[Project]{projectList, s.store.Project, matching}.find(ctx, caller, text, page.Page)
}

// FindServiceAccounts returns the service accounts of a project whose name holds a
// text, or the one whose id it is.
func (s *Service) FindServiceAccounts(ctx context.Context, caller Caller, projectID, text string, page Page) (ListPage[ServiceAccount], error) {
	byID := func(ctx context.Context, id string) (ServiceAccount, bool, error) {
		return s.store.ServiceAccount(ctx, projectID, id)
	}
	matching := func(ctx context.Context, text string, page Page) ([]ServiceAccount, error) {
		return s.store.ServiceAccountsMatching(ctx, projectID, text, page)
	}
	return search[ServiceAccount]{serviceAccountList, byID, matching}.find(ctx, caller, text, page)
}

// searchable refuses a caller who may not search for a text, and says whether
// anything could be found by it.
func searchable(caller Caller, text string) (bool, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return false, err
	}
	if token.In(text) {
		return false, holdsKey("q")
	}
	return isText(text), nil // no name has other characters
}

// search is how things of one kind are found.
type search[T any] struct {
	rules    listRules
	byID     func(ctx context.Context, id string) (item T, ok bool, err error)
	matching func(ctx context.Context, text string, page Page) ([]T, error)
}

func (s search[T]) find(ctx context.Context, caller Caller, text string, page Page) (out ListPage[T], err error) {
	if ok, err := searchable(caller, text); !ok {
		return out, err
	}
	if out, err = s.look(ctx, strings.TrimSpace(text), page); err != nil {
		return out, fmt.Errorf("search by name: %w", err)
	}
	return out, nil
}

func (s search[T]) look(ctx context.Context, text string, page Page) (out ListPage[T], err error) {
	if _, ok := ParseID(s.rules.prefix, text); ok {
		item, ok, err := s.byID(ctx, text)
		if ok {
			out.Items = []T{item}
		}
		return out, err
	}
	within, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	out, err = listOf(s.rules, page, func(page Page) ([]T, error) { return s.matching(within, text, page) })
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return out, ErrSearchTime
	}
	return out, err
}
