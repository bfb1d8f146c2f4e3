package sqlstore

import "github.com/keyreeve/keyreeve/internal/org"

const (
	projectUserColumns = `SELECT m.project_id, m.user_id, u.name, u.email, m.role, m.added_at FROM project_users m JOIN users u ON u.id = m.user_id`
	projectUserByID    = projectUserColumns + ` WHERE m.project_id = $1 AND m.user_id = $2`
)

func scanProjectUser(row scanner) (m org.ProjectUser, err error) {
	err = row.Scan(&m.ProjectID, &m.UserID, &m.Name, &m.Email, &m.Role, &m.AddedAt)
	return m, err
}

func (t *tx) ProjectUser(projectID, userID string) (org.ProjectUser, bool, error) {
	return txOneOf(t, scanProjectUser, projectUserByID, projectID, userID)
}

func (t *tx) InsertProjectUser(m org.ProjectUser) error {
	return t.exec(`INSERT INTO project_users (project_id, user_id, role, added_at) VALUES ($1, $2, $3, $4)`,
		m.ProjectID, m.UserID, string(m.Role), m.AddedAt)
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
