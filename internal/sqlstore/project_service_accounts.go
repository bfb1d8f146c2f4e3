package sqlstore

import "github.com/keyreeve/keyreeve/internal/org"

const (
	serviceAccountColumns = `SELECT id, project_id, name, role, created_at FROM service_accounts`
	serviceAccountByID    = serviceAccountColumns + ` WHERE project_id = $1 AND id = $2`
)

func scanServiceAccount(row scanner) (a org.ServiceAccount, err error) {
	err = row.Scan(&a.ID, &a.ProjectID, &a.Name, &a.Role, &a.CreatedAt)
	return a, err
}

func (t *tx) ServiceAccount(projectID, id string) (org.ServiceAccount, bool, error) {
	return txOneOf(t, scanServiceAccount, serviceAccountByID, projectID, id)
}

func (t *tx) InsertServiceAccount(a org.ServiceAccount) error {
	return t.exec(`INSERT INTO service_accounts (id, project_id, name, role, created_at) VALUES ($1, $2, $3, $4, $5)`,
		a.ID, a.ProjectID, a.Name, string(a.Role), a.CreatedAt)
}

func (t *tx) DeleteServiceAccount(projectID, id string) error {
	if err := t.deleteKeysOf(id); err != nil {
		return err
	}
	return t.exec(`DELETE FROM service_accounts WHERE project_id = $1 AND id = $2`, projectID, id)
}
