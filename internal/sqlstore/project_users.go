package sqlstore

import (
	"context"

	"github.com/keyreeve/keyreeve/internal/org"
)

// The user is looked up for each row of the page. Of a join PostgreSQL would
// rather read some thousand users than the few that it needs.
const (
	projectUserColumns = `SELECT m.project_id, m.user_id, COALESCE((SELECT u.name FROM users u WHERE u.id = m.user_id), ''),
COALESCE((SELECT u.email FROM users u WHERE u.id = m.user_id), ''), m.role, m.added_at FROM project_users m`
	projectUserByID   = projectUserColumns + ` WHERE m.project_id = $1 AND m.user_id = $2`
	projectUsersAfter = projectUserColumns + ` WHERE m.project_id = $1 AND m.user_id > $2 ORDER BY m.user_id`
)

func scanProjectUser(row scanner) (m org.ProjectUser, err error) {
	err = row.Scan(&m.ProjectID, &m.UserID, &m.Name, &m.Email, &m.Role, &m.AddedAt)
	return m, err
}

// ProjectUsers implements org.Store (list-project-users).
func (s *Store) ProjectUsers(ctx context.Context, projectID string, page org.Page) ([]org.ProjectUser, error) {
	text, after := newestFirst(page, projectUsersAfter)
	return pageOf(ctx, s, scanProjectUser, text, page.Limit, projectID, after)
}

// ProjectUser implements org.Store (retrieve-project-user).
func (s *Store) ProjectUser(ctx context.Context, projectID, userID string) (org.ProjectUser, bool, error) {
	return oneOf(ctx, s, scanProjectUser, projectUserByID, projectID, userID)
}

func (t *tx) ProjectUser(projectID, userID string) (org.ProjectUser, bool, error) {
	return txOneOf(t, scanProjectUser, projectUserByID, projectID, userID)
}

func (t *tx) InsertProjectUser(m org.ProjectUser) error {
	return t.exec(`INSERT INTO project_users (project_id, user_id, role, added_at) VALUES ($1, $2, $3, $4)`,
		m.ProjectID, m.UserID, string(m.Role), m.AddedAt)
}

func (t *tx) UpdateProjectUser(m org.ProjectUser) error {
	return t.exec(`UPDATE project_users SET role = $1 WHERE project_id = $2 AND user_id = $3`, string(m.Role), m.ProjectID, m.UserID)
}

func (t *tx) DeleteProjectUser(projectID, userID string) error {
	clear(t.keys)
	for _, text := range []string{
		`DELETE FROM key_uses WHERE key_id IN (SELECT id FROM api_keys WHERE kind <> 1 AND owner_id = $1 AND project_id = $2)`,
		`DELETE FROM api_keys WHERE kind <> 1 AND owner_id = $1 AND project_id = $2`,
		`DELETE FROM project_users WHERE user_id = $1 AND project_id = $2`,
	} {
		if err := t.exec(text, userID, projectID); err != nil {
			return err
		}
	}
	return nil
}
