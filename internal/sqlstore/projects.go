package sqlstore

import (
	"context"

	"github.com/keyreeve/keyreeve/internal/org"
)

const (
	projectColumns = `SELECT id, name, is_default, created_at, archived_at, external_key_id, residency FROM projects`
	projectByID    = projectColumns + ` WHERE id = $1`
	projectsAfter  = projectColumns + ` WHERE id > $1 ORDER BY id`
	projectsActive = projectColumns + ` WHERE archived_at = 0 AND id > $1 ORDER BY id`
)

func scanProject(row scanner) (p org.Project, err error) {
	err = row.Scan(&p.ID, &p.Name, &p.Default, &p.CreatedAt, &p.ArchivedAt, &p.ExternalKeyID, &p.Residency)
	return p, err
}

// Projects implements org.Store (list-projects).
func (s *Store) Projects(ctx context.Context, page org.ProjectPage) ([]org.Project, error) {
	text := projectsActive
	if page.Archived {
		text = projectsAfter
	}
	text, after := newestFirst(page.Page, text)
	return pageOf(ctx, s, scanProject, text, page.Limit, after)
}

// Project implements org.Store (retrieve-project).
func (s *Store) Project(ctx context.Context, id string) (org.Project, bool, error) {
	return oneOf(ctx, s, scanProject, projectByID, id)
}

func (t *tx) Project(id string) (org.Project, bool, error) {
	return txOneOf(t, scanProject, projectByID, id)
}

func (t *tx) InsertProject(p org.Project) error {
	isDefault := 0
	if p.Default {
		isDefault = 1
	}
	return t.exec(`INSERT INTO projects (id, name, is_default, created_at, archived_at, external_key_id, residency) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		p.ID, p.Name, isDefault, p.CreatedAt, p.ArchivedAt, p.ExternalKeyID, p.Residency)
}

func (t *tx) UpdateProject(p org.Project) error {
	return t.exec(`UPDATE projects SET name = $1, external_key_id = $2, archived_at = $3 WHERE id = $4`,
		p.Name, p.ExternalKeyID, p.ArchivedAt, p.ID)
}
