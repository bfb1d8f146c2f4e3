package sqlstore

import (
	"context"

	"github.com/keyreeve/keyreeve/internal/org"
)

const (
	serviceAccountColumns = `SELECT id, project_id, name, role, created_at FROM service_accounts`
	serviceAccountByID    = serviceAccountColumns + ` WHERE project_id = $1 AND id = $2`
	serviceAccountsAfter  = serviceAccountColumns + ` WHERE project_id = $1 AND id > $2 ORDER BY id`
)

func scanServiceAccount(row scanner) (a org.ServiceAccount, err error) {
	err = row.Scan(&a.ID, &a.ProjectID, &a.Name, &a.Role, &a.CreatedAt)
	return a, err
}

// ServiceAccounts implements org.Store (list-project-service-accounts).
func (s *Store) ServiceAccounts(ctx context.Context, projectID string, page org.Page) ([]org.ServiceAccount, error) {
	text, after := newestFirst(page, serviceAccountsAfter)
	return pageOf(ctx, s, scanServiceAccount, text, page.Limit, projectID, after)
}

// ServiceAccount implements org.Store (retrieve-project-service-account).
func (s *Store) ServiceAccount(ctx context.Context, projectID, id string) (org.ServiceAccount, bool, error) {
	return oneOf(ctx, s, scanServiceAccount, serviceAccountByID, projectID, id)
}

func (t *tx) ServiceAccount(projectID, id string) (org.ServiceAccount, bool, error) {
	return txOneOf(t, scanServiceAccount, serviceAccountByID, projectID, id)
}

func (t *tx) InsertServiceAccount(a org.ServiceAccount) error {
	return t.exec(`INSERT INTO service_accounts (id, project_id, name, role, created_at) VALUES ($1, $2, $3, $4, $5)`,
		a.ID, a.ProjectID, a.Name, string(a.Role), a.CreatedAt)
}

func (t *tx) UpdateServiceAccount(a org.ServiceAccount) error {
	delete(t.owners, a.ID)
	return t.exec(`UPDATE service_accounts SET name = $1, role = $2 WHERE project_id = $3 AND id = $4`,
		a.Name, string(a.Role), a.ProjectID, a.ID)
}

func (t *tx) DeleteServiceAccount(projectID, id string) error {
	if err := t.deleteKeysOf(id); err != nil {
		return err
	}
	return t.exec(`DELETE FROM service_accounts WHERE project_id = $1 AND id = $2`, projectID, id)
}
