package httpapi

import (
	"context"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

type listInvites struct {
	After string `query:"after"`
	Limit int    `query:"limit,default=20,min=0,max=100"`
}

// listInvites serves list-invites.
func (a *admin) listInvites(ctx context.Context, caller org.Caller, req listInvites) (api.List[api.Invite], org.Commit, error) {
	page, err := a.Service.ListInvites(ctx, caller, org.Page{After: req.After, Limit: req.Limit})
	return list(page, a.invite, func(i api.Invite) string { return i.ID }), org.Commit{}, err
}

type createInvite struct {
	Body struct {
		Email    string   `json:"email" bind:"required"`
		Role     org.Role `json:"role" bind:"required,enum=owner|reader"`
		Projects []struct {
			ID   string          `json:"id" bind:"required"`
			Role org.ProjectRole `json:"role" bind:"required,enum=owner|member"`
		} `json:"projects" bind:"nullable"`
	} `body:"required"`
}

// createInvite serves inviteUser. The token is in this answer and nowhere else.
func (a *admin) createInvite(ctx context.Context, caller org.Caller, req createInvite) (api.InviteCreateResponse, org.Commit, error) {
	in := org.NewInvite{Email: req.Body.Email, Role: req.Body.Role}
	for _, p := range req.Body.Projects {
		in.Projects = append(in.Projects, org.InviteProject(p))
	}
	invite, secret, commit, err := a.Service.CreateInvite(ctx, caller, in)
	return api.InviteCreateResponse{Invite: a.invite(invite), Token: secret.Reveal()}, commit, err
}

type oneInvite struct {
	ID string `path:"invite_id"`
}

// getInvite serves retrieve-invite.
func (a *admin) getInvite(ctx context.Context, caller org.Caller, req oneInvite) (api.Invite, org.Commit, error) {
	invite, err := a.Service.GetInvite(ctx, caller, req.ID)
	return a.invite(invite), org.Commit{}, err
}

// deleteInvite serves delete-invite.
func (a *admin) deleteInvite(ctx context.Context, caller org.Caller, req oneInvite) (api.Deleted, org.Commit, error) {
	commit, err := a.Service.DeleteInvite(ctx, caller, req.ID)
	return api.Deleted{Object: api.ObjectInviteDeleted, ID: req.ID, Deleted: true}, commit, err
}

type acceptInvite struct {
	Body struct {
		Token            string `json:"token" bind:"required"`
		Name             string `json:"name" bind:"required"`
		ExpiresInSeconds *int64 `json:"expires_in_seconds" bind:"nullable,min=1,max=31536000"`
	} `body:"required"`
}

// acceptInvite serves keyreeve-accept-invite, to whoever has a token. The value of
// the key is in this answer and nowhere else.
func (a *admin) acceptInvite(ctx context.Context, caller org.Caller, req acceptInvite) (api.InviteAcceptResponse, org.Commit, error) {
	made, commit, err := a.Service.AcceptInvite(ctx, caller.Origin, org.Acceptance{
		Token: req.Body.Token, Name: req.Body.Name, ExpiresInSeconds: req.Body.ExpiresInSeconds,
	})
	return api.InviteAcceptResponse{
		User:        user(made.User),
		AdminAPIKey: api.AdminAPIKeyCreateResponse{AdminAPIKey: adminAPIKey(made.Key), Value: made.Secret.Reveal()},
	}, commit, err
}

func (a *admin) invite(i org.Invite) api.Invite {
	projects := make([]api.InviteProject, 0, len(i.Projects)) // [] and not null
	for _, p := range i.Projects {
		projects = append(projects, api.InviteProject{ID: p.ID, Role: string(p.Role)})
	}
	return api.Invite{
		Object: api.ObjectInvite, ID: i.ID, Email: i.Email, Role: string(i.Role), Status: string(i.StatusAt(a.Now())),
		CreatedAt: i.CreatedAt, ExpiresAt: timeOrNull(i.ExpiresAt), AcceptedAt: timeOrNull(i.AcceptedAt), Projects: projects,
	}
}
