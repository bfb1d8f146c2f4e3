package org

import "context"

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
