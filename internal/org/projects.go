package org

import (
	"context"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/echo"
)

// Project groups keys for model traffic.
type Project struct {
	ID            string
	Name          string
	Default       bool // made at first start; cannot be edited
	CreatedAt     int64
	ArchivedAt    int64  // 0: active
	ExternalKeyID string // as given; empty: none
	Residency     string // as given; empty: none
}

// ProjectPage asks for part of the projects, in id order.
type ProjectPage struct {
	Page
	Archived bool // the archived ones too
}

// ProjectStore reads projects.
type ProjectStore interface {
	Projects(ctx context.Context, page ProjectPage) ([]Project, error)
	Project(ctx context.Context, id string) (project Project, ok bool, err error)
}

// ProjectTx changes projects. None is ever deleted.
type ProjectTx interface {
	Project(id string) (project Project, ok bool, err error)
	InsertProject(p Project) error
	// UpdateProject writes what may change of a project: its name, external key
	// id and archive time.
	UpdateProject(p Project) error
}

var projectList = listRules{prefix: PrefixProject, minLimit: 0}

// ListProjects returns a page of projects (list-projects).
func (s *Service) ListProjects(ctx context.Context, caller Caller, page ProjectPage) (ListPage[Project], error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ListPage[Project]{}, err
	}
	out, err := listOf(projectList, page.Page, func(p Page) ([]Project, error) {
		return s.store.Projects(ctx, ProjectPage{p, page.Archived})
	})
	if err != nil {
		return out, fmt.Errorf("list projects: %w", err)
	}
	return out, nil
}

// GetProject returns one project, archived or not (retrieve-project).
func (s *Service) GetProject(ctx context.Context, caller Caller, id string) (Project, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return Project{}, err
	}
	return s.project(ctx, id)
}

// project reads a project for an operation on it or on what it has.
func (s *Service) project(ctx context.Context, id string) (Project, error) {
	if _, ok := ParseID(PrefixProject, id); !ok {
		return Project{}, noSuchProject(id)
	}
	project, ok, err := s.store.Project(ctx, id)
	if err != nil {
		return Project{}, fmt.Errorf("get project: %w", err)
	}
	if !ok {
		return Project{}, noSuchProject(id)
	}
	return project, nil
}

// NewProject asks for a project.
type NewProject struct {
	Name          string
	ExternalKeyID *string // kept and shown, and nothing else; nil: none
	Residency     *string // the same: where the data are is where the server runs
}

func (n NewProject) check() error {
	if err := checkName("name", n.Name); err != nil {
		return err
	}
	if n.Residency != nil {
		if err := checkOneOf("residency", *n.Residency, residencies...); err != nil {
			return err
		}
	}
	return checkText("external_key_id", n.ExternalKeyID)
}

// residencies are the contract's.
var residencies = []string{
	"GLOBAL", "US_STORAGE_PROCESSING", "EU_STORAGE_PROCESSING", "JP_STORAGE", "KR_STORAGE", "CA_STORAGE",
	"SG_STORAGE", "IN_STORAGE", "AU_STORAGE", "GB_STORAGE", "AE_STORAGE", "AE_STORAGE_PROCESSING",
}

// CreateProject makes a project without members and keys (create-project).
func (s *Service) CreateProject(ctx context.Context, caller Caller, in NewProject) (Project, Commit, error) {
	if err := caller.Require(ManagementWrite); err != nil {
		return Project{}, Commit{}, err
	}
	if err := in.check(); err != nil {
		return Project{}, Commit{}, err
	}
	var project Project
	commit, err := s.change(ctx, caller, func(tx Tx, actor Owner) error {
		id, err := tx.NewID(PrefixProject)
		if err != nil {
			return err
		}
		project = Project{
			ID: id.String(), Name: in.Name, CreatedAt: tx.Now(),
			ExternalKeyID: orEmpty(in.ExternalKeyID), Residency: orEmpty(in.Residency),
		}
		return addProject(tx, caller.actor(actor), project)
	})
	if err != nil {
		return Project{}, Commit{}, fmt.Errorf("create project: %w", err)
	}
	return project, commit, nil
}

// addProject writes a project and its event.
func addProject(tx Tx, actor Actor, p Project) error {
	if err := tx.InsertProject(p); err != nil {
		return err
	}
	tx.Emit(Event{
		Type: EventProjectCreated, Actor: actor, Resource: p.ID, ProjectID: p.ID,
		Data:    map[string]any{"id": p.ID, "data": map[string]any{"name": p.Name, "title": p.Name}},
		Effects: []Effect{ProjectSet{ID: p.ID}},
	})
	return nil
}

// ProjectChange says what to change of a project. What is nil stays as it is.
type ProjectChange struct {
	Name          *string
	ExternalKeyID *string // empty: none
}

// UpdateProject changes a project that is not archived (modify-project).
func (s *Service) UpdateProject(ctx context.Context, caller Caller, id string, in ProjectChange) (Project, Commit, error) {
	check := func() error {
		if in.Name != nil {
			if err := checkName("name", *in.Name); err != nil {
				return err
			}
		}
		return checkText("external_key_id", in.ExternalKeyID)
	}
	return s.changeProject(ctx, caller, id, check, func(tx Tx, actor Actor, p *Project) error {
		if p.ArchivedAt != 0 {
			return projectArchived(id)
		}
		changed := make(map[string]any)
		set(changed, "title", &p.Name, in.Name)
		set(changed, "external_key_id", &p.ExternalKeyID, in.ExternalKeyID)
		if len(changed) == 0 {
			return nil
		}
		tx.Emit(Event{
			Type: EventProjectUpdated, Actor: actor, Resource: id, ProjectID: id,
			Data: map[string]any{"id": id, "changes_requested": changed},
		})
		return tx.UpdateProject(*p)
	})
}

// ArchiveProject archives a project for good (archive-project): when it
// returns, its keys are refused. To archive it again changes nothing, so that an
// answer that was lost can be asked for again.
func (s *Service) ArchiveProject(ctx context.Context, caller Caller, id string) (Project, Commit, error) {
	check := func() error { return nil }
	return s.changeProject(ctx, caller, id, check, func(tx Tx, actor Actor, p *Project) error {
		if p.ArchivedAt != 0 {
			return nil
		}
		p.ArchivedAt = tx.Now()
		tx.Emit(Event{
			Type: EventProjectArchived, Actor: actor, Resource: id, ProjectID: id,
			Data:    map[string]any{"id": id},
			Effects: []Effect{ProjectSet{ID: id, Archived: true}},
		})
		return tx.UpdateProject(*p)
	})
}

// changeProject runs fn on a project that may be changed, and returns what it
// made of it.
func (s *Service) changeProject(
	ctx context.Context, caller Caller, id string, check func() error, fn func(tx Tx, actor Actor, p *Project) error,
) (Project, Commit, error) {
	if err := caller.Require(ManagementWrite); err != nil {
		return Project{}, Commit{}, err
	}
	if _, ok := ParseID(PrefixProject, id); !ok {
		return Project{}, Commit{}, noSuchProject(id)
	}
	if err := check(); err != nil {
		return Project{}, Commit{}, err
	}
	var project Project
	commit, err := s.change(ctx, caller, func(tx Tx, actor Owner) (err error) {
		if project, err = theProject(tx, id); err != nil {
			return err
		}
		if project.Default {
			return defaultProject(id)
		}
		return fn(tx, caller.actor(actor), &project)
	})
	if err != nil {
		return Project{}, Commit{}, fmt.Errorf("change project: %w", err)
	}
	return project, commit, nil
}

// changeIn runs fn to change what a project has, while it is not archived.
func (s *Service) changeIn(ctx context.Context, caller Caller, projectID string, fn func(tx Tx, actor Actor) error) (Commit, error) {
	return s.change(ctx, caller, func(tx Tx, actor Owner) error {
		if err := activeProject(tx, projectID); err != nil {
			return err
		}
		return fn(tx, caller.actor(actor))
	})
}

// theProject returns a project of a transaction, or the refusal.
func theProject(tx Tx, id string) (Project, error) {
	project, ok, err := tx.Project(id)
	if err == nil && !ok {
		err = noSuchProject(id)
	}
	return project, err
}

// activeProject refuses a change of what a project has where there is no such
// project, or it is archived.
func activeProject(tx Tx, id string) error {
	project, err := theProject(tx, id)
	if err == nil && project.ArchivedAt != 0 {
		err = projectArchived(id)
	}
	return err
}

func noSuchProject(id string) error { return noSuch("project", id) }

func projectArchived(id string) error {
	return &Refusal{Kind: Invalid, Code: codeProjectArchived, Message: fmt.Sprintf(
		"Project '%s' is archived and cannot be changed any more.", echo.Value(id))}
}

func defaultProject(id string) error {
	return &Refusal{Kind: Invalid, Code: codeDefaultProject, Message: fmt.Sprintf(
		"Project '%s' is the Default project, which can be neither modified nor archived. Create another project.", echo.Value(id))}
}
