package compat

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
)

var projectSteps = []step{
	{"Projects.New", func(t *testing.T, o *organization) error {
		p, err := o.projects().New(t.Context(), openai.AdminOrganizationProjectNewParams{Name: "chat"})
		if err != nil {
			return err
		}
		must(t, p.Name == "chat" && p.Status == "active" && p.JSON.ArchivedAt.Raw() == "null" && p.JSON.ExternalKeyID.Raw() == "null",
			"an active project chat", p.RawJSON())
		o.project = p.ID
		return nil
	}},
	{"Projects.Get", func(t *testing.T, o *organization) error {
		p, err := o.projects().Get(t.Context(), o.project)
		if err == nil {
			must(t, p.ID == o.project, "the project", p.RawJSON())
		}
		return err
	}},
	{"Projects.Update", func(t *testing.T, o *organization) error {
		p, err := o.projects().Update(t.Context(), o.project, openai.AdminOrganizationProjectUpdateParams{Name: openai.String("talk")})
		if err == nil {
			must(t, p.Name == "talk", "the new name", p.RawJSON())
		}
		return err
	}},
	{"Projects.List", func(t *testing.T, o *organization) error {
		page, err := o.projects().List(t.Context(), openai.AdminOrganizationProjectListParams{Limit: openai.Int(1), IncludeArchived: openai.Bool(true)})
		if err == nil {
			must(t, len(page.Data) == 1 && page.HasMore && page.LastID == page.Data[0].ID, "one project of several", page.RawJSON())
		}
		return err
	}},
	{"Projects.ListAutoPaging", func(t *testing.T, o *organization) error {
		return count(t, o.projects().ListAutoPaging(t.Context(), openai.AdminOrganizationProjectListParams{Limit: openai.Int(1)}), 2)
	}},
}

var userSteps = []step{
	{"Users.List", func(t *testing.T, o *organization) error {
		page, err := o.admin().Users.List(t.Context(), openai.AdminOrganizationUserListParams{Limit: openai.Int(1)})
		if err != nil {
			return err
		}
		must(t, len(page.Data) == 1 && page.Data[0].Role == "owner", "the first owner", page.RawJSON())
		o.owner = page.Data[0].ID
		none, err := o.admin().Users.List(t.Context(), openai.AdminOrganizationUserListParams{Emails: []string{"no@example.com", "one@example.com"}})
		if err == nil {
			must(t, len(none.Data) == 0, "nobody", none.RawJSON())
		}
		return err
	}},
	{"Users.ListAutoPaging", func(t *testing.T, o *organization) error {
		return count(t, o.admin().Users.ListAutoPaging(t.Context(), openai.AdminOrganizationUserListParams{Limit: openai.Int(1)}), 1)
	}},
	{"Users.Get", func(t *testing.T, o *organization) error {
		u, err := o.admin().Users.Get(t.Context(), o.owner)
		if err == nil {
			must(t, u.ID == o.owner && u.Email != "" && u.AddedAt > 0, "the owner", u.RawJSON())
		}
		return err
	}},
	{"Users.Update", func(t *testing.T, o *organization) error {
		u, err := o.admin().Users.Update(t.Context(), o.owner, openai.AdminOrganizationUserUpdateParams{Role: openai.String("owner")})
		if err == nil {
			must(t, u.Role == "owner", "an owner", u.RawJSON())
		}
		return err
	}},
}

var inviteSteps = []step{
	{"Invites.New", func(t *testing.T, o *organization) error {
		params := openai.AdminOrganizationInviteNewParams{
			Email: "second@example.com", Role: openai.AdminOrganizationInviteNewParamsRoleReader,
			Projects: []openai.AdminOrganizationInviteNewParamsProject{{ID: o.project, Role: "member"}},
		}
		i, err := o.admin().Invites.New(t.Context(), params)
		if err != nil {
			return err
		}
		must(t, i.Status == "pending" && i.ExpiresAt == i.CreatedAt+7*24*60*60 && len(i.Projects) == 1 && i.JSON.AcceptedAt.Raw() == "null",
			"a pending invite of seven days", i.RawJSON())
		return o.accept(t, i)
	}},
	{"Invites.List", func(t *testing.T, o *organization) error {
		page, err := o.admin().Invites.List(t.Context(), openai.AdminOrganizationInviteListParams{Limit: openai.Int(5)})
		if err == nil {
			must(t, len(page.Data) == 1 && page.Data[0].Status == "accepted" && page.Data[0].AcceptedAt > 0, "an accepted invite", page.RawJSON())
		}
		return err
	}},
	{"Invites.Get", func(t *testing.T, o *organization) error {
		return o.withInvite(t, func(i *openai.Invite) error {
			got, err := o.admin().Invites.Get(t.Context(), i.ID)
			if err == nil {
				must(t, got.ID == i.ID && got.Email == i.Email && got.JSON.ExtraFields["token"].Raw() == "", "the invite without its token", got.RawJSON())
			}
			return err
		})
	}},
	{"Invites.ListAutoPaging", func(t *testing.T, o *organization) error {
		return count(t, o.admin().Invites.ListAutoPaging(t.Context(), openai.AdminOrganizationInviteListParams{Limit: openai.Int(1)}), 2)
	}},
	{"Invites.Delete", func(t *testing.T, o *organization) error {
		return o.withInvite(t, func(i *openai.Invite) error {
			d, err := o.admin().Invites.Delete(t.Context(), i.ID)
			if err == nil {
				must(t, d.Deleted && d.ID == i.ID && d.Object == "organization.invite.deleted", "the deletion", d.RawJSON())
			}
			return err
		})
	}},
}

// accept makes the invited person a user, by the operation that is Keyreeve's
// own, with the token that the SDK does not know of.
func (o *organization) accept(t *testing.T, i *openai.Invite) error {
	t.Helper()
	token := i.JSON.ExtraFields["token"].Raw()
	if len(token) < 3 {
		t.Fatal("the invite came without its token")
	}
	var user openai.OrganizationUser
	body := map[string]string{"token": token[1 : len(token)-1], "name": "Second"}
	if err := o.sdk.Post(t.Context(), "organization/invites/accept", body, &user); err != nil {
		return err
	}
	must(t, user.Email == "second@example.com" && user.Role == "reader", "the new user", user.RawJSON())
	o.second = user.ID
	return nil
}

// withInvite makes an invite for a step that is given one. Nobody is invited
// twice.
func (o *organization) withInvite(t *testing.T, step func(*openai.Invite) error) error {
	t.Helper()
	i, err := o.admin().Invites.New(t.Context(), openai.AdminOrganizationInviteNewParams{
		Email: fmt.Sprintf("%d@example.com", time.Now().UnixNano()), Role: openai.AdminOrganizationInviteNewParamsRoleOwner,
	})
	if err != nil {
		return err
	}
	return step(i)
}

var memberSteps = []step{
	{"Projects.Users.New", func(t *testing.T, o *organization) error {
		u, err := o.projects().Users.New(t.Context(), o.project, openai.AdminOrganizationProjectUserNewParams{UserID: openai.String(o.owner), Role: "member"})
		if err == nil {
			must(t, u.ID == o.owner && u.Role == "member" && u.Email != "", "the new member", u.RawJSON())
		}
		return err
	}},
	{"Projects.Users.Get", func(t *testing.T, o *organization) error {
		u, err := o.projects().Users.Get(t.Context(), o.project, o.owner)
		if err == nil {
			must(t, u.ID == o.owner && u.AddedAt > 0, "the member", u.RawJSON())
		}
		return err
	}},
	{"Projects.Users.Update", func(t *testing.T, o *organization) error {
		u, err := o.projects().Users.Update(t.Context(), o.project, o.owner, openai.AdminOrganizationProjectUserUpdateParams{Role: openai.String("owner")})
		if err == nil {
			must(t, u.Role == "owner", "an owner of the project", u.RawJSON())
		}
		return err
	}},
	{"Projects.Users.List", func(t *testing.T, o *organization) error {
		page, err := o.projects().Users.List(t.Context(), o.project, openai.AdminOrganizationProjectUserListParams{Limit: openai.Int(100)})
		if err == nil {
			must(t, len(page.Data) >= 1 && !page.HasMore, "the members", page.RawJSON())
		}
		return err
	}},
	{"Projects.Users.ListAutoPaging", func(t *testing.T, o *organization) error {
		return count(t, o.projects().Users.ListAutoPaging(t.Context(), o.project, openai.AdminOrganizationProjectUserListParams{Limit: openai.Int(1)}), 1)
	}},
	{"Projects.Users.Delete", func(t *testing.T, o *organization) error {
		d, err := o.projects().Users.Delete(t.Context(), o.project, o.owner)
		if err == nil {
			must(t, d.Deleted && d.ID == o.owner && d.Object == "organization.project.user.deleted", "the deletion", d.RawJSON())
		}
		return err
	}},
}

// endSteps end what the others need.
var endSteps = []step{
	{"Users.Delete", func(t *testing.T, o *organization) error {
		_, err := o.admin().Users.Delete(t.Context(), o.owner)
		wantError(t, err, http.StatusBadRequest, "last_owner")
		d, err := o.admin().Users.Delete(t.Context(), o.second)
		if err == nil {
			must(t, d.Deleted && d.ID == o.second && d.Object == "organization.user.deleted", "the deletion", d.RawJSON())
		}
		return err
	}},
	{"Projects.Archive", func(t *testing.T, o *organization) error {
		p, err := o.projects().Archive(t.Context(), o.project)
		if err != nil {
			return err
		}
		must(t, p.Status == "archived" && p.ArchivedAt >= p.CreatedAt, "an archived project", p.RawJSON())
		_, err = o.projects().Update(t.Context(), o.project, openai.AdminOrganizationProjectUpdateParams{Name: openai.String("again")})
		wantError(t, err, http.StatusBadRequest, "project_archived")
		return nil
	}},
}
