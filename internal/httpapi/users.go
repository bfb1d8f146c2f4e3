package httpapi

import (
	"context"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

type listUsers struct {
	After  string   `query:"after"`
	Limit  int      `query:"limit,default=20,min=1,max=100"`
	Emails []string `query:"emails"`
}

// listUsers serves list-users.
func (a *admin) listUsers(ctx context.Context, caller org.Caller, req listUsers) (api.List[api.User], org.Commit, error) {
	page, err := a.Service.ListUsers(ctx, caller, org.UserPage{
		Page: org.Page{After: req.After, Limit: req.Limit}, Emails: req.Emails,
	})
	return list(page, user, func(u api.User) string { return u.ID }), org.Commit{}, err
}

type oneUser struct {
	ID string `path:"user_id"`
}

// getUser serves retrieve-user.
func (a *admin) getUser(ctx context.Context, caller org.Caller, req oneUser) (api.User, org.Commit, error) {
	u, err := a.Service.GetUser(ctx, caller, req.ID)
	return user(u), org.Commit{}, err
}

type updateUser struct {
	oneUser
	Body struct {
		Role             *org.Role `json:"role" bind:"nullable,enum=owner|reader"`
		RoleID           *string   `json:"role_id" bind:"nullable"`
		TechnicalLevel   *string   `json:"technical_level" bind:"nullable"`
		DeveloperPersona *string   `json:"developer_persona" bind:"nullable"`
	} `body:"required"`
}

// updateUser serves modify-user.
func (a *admin) updateUser(ctx context.Context, caller org.Caller, req updateUser) (api.User, org.Commit, error) {
	u, commit, err := a.Service.UpdateUser(ctx, caller, req.ID, org.UserChange{
		Role: req.Body.Role, RoleID: req.Body.RoleID,
		TechnicalLevel: req.Body.TechnicalLevel, DeveloperPersona: req.Body.DeveloperPersona,
	})
	return user(u), commit, err
}

// deleteUser serves delete-user.
func (a *admin) deleteUser(ctx context.Context, caller org.Caller, req oneUser) (api.Deleted, org.Commit, error) {
	commit, err := a.Service.DeleteUser(ctx, caller, req.ID)
	return api.Deleted{Object: api.ObjectUserDeleted, ID: req.ID, Deleted: true}, commit, err
}

func user(u org.User) api.User {
	role := string(u.Role)
	return api.User{
		Object: api.ObjectUser, ID: u.ID, Name: &u.Name, Email: &u.Email, Role: &role, AddedAt: u.CreatedAt,
		TechnicalLevel: orNull(u.TechnicalLevel), DeveloperPersona: orNull(u.DeveloperPersona),
	}
}
