package compat

import (
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
)

var accountSteps = []step{
	{"Projects.ServiceAccounts.New", func(t *testing.T, o *organization) error {
		accounts := &o.projects().ServiceAccounts
		lone, err := accounts.New(t.Context(), o.project, openai.AdminOrganizationProjectServiceAccountNewParams{
			Name: "lone", CreateServiceAccountOnly: openai.Bool(true),
		})
		if err != nil {
			return err
		}
		must(t, lone.JSON.APIKey.Raw() == "null", "an account without a key", lone.RawJSON())
		a, err := accounts.New(t.Context(), o.project, openai.AdminOrganizationProjectServiceAccountNewParams{
			Name: "worker", ExpiresInSeconds: openai.Int(3600),
		})
		if err != nil {
			return err
		}
		must(t, a.Name == "worker" && a.Role == "member" && strings.HasPrefix(a.APIKey.Value, "sk-svcacct-") &&
			a.APIKey.ExpiresAt == a.APIKey.CreatedAt+3600, "an account with a key of an hour", a.ID)
		o.account = a.ID
		return nil
	}},
	{"Projects.ServiceAccounts.Get", func(t *testing.T, o *organization) error {
		a, err := o.projects().ServiceAccounts.Get(t.Context(), o.project, o.account)
		if err == nil {
			must(t, a.ID == o.account && a.Name == "worker", "the account", a.RawJSON())
		}
		return err
	}},
	{"Projects.ServiceAccounts.Update", func(t *testing.T, o *organization) error {
		a, err := o.projects().ServiceAccounts.Update(t.Context(), o.project, o.account, openai.AdminOrganizationProjectServiceAccountUpdateParams{
			Name: openai.String("night worker"), Role: openai.AdminOrganizationProjectServiceAccountUpdateParamsRoleOwner,
		})
		if err == nil {
			must(t, a.Name == "night worker" && a.Role == "owner", "the changed account", a.RawJSON())
		}
		return err
	}},
	{"Projects.ServiceAccounts.List", func(t *testing.T, o *organization) error {
		page, err := o.projects().ServiceAccounts.List(t.Context(), o.project, openai.AdminOrganizationProjectServiceAccountListParams{})
		if err == nil {
			must(t, len(page.Data) == 2 && !page.HasMore, "two accounts", page.RawJSON())
		}
		return err
	}},
	{"Projects.ServiceAccounts.ListAutoPaging", func(t *testing.T, o *organization) error {
		return count(t, o.projects().ServiceAccounts.ListAutoPaging(t.Context(), o.project,
			openai.AdminOrganizationProjectServiceAccountListParams{Limit: openai.Int(1)}), 2)
	}},
	{"Projects.ServiceAccounts.APIKeys.New", func(t *testing.T, o *organization) error {
		k, err := o.projects().ServiceAccounts.APIKeys.New(t.Context(), o.project, o.account,
			openai.AdminOrganizationProjectServiceAccountAPIKeyNewParams{Name: openai.String("second")})
		if err == nil {
			must(t, k.Name == "second" && strings.HasPrefix(k.Value, "sk-svcacct-") && k.JSON.ExpiresAt.Raw() == "null", "a second key", k.ID)
			o.key = k.ID
		}
		return err
	}},
}

var keySteps = []step{
	{"Projects.APIKeys.List", func(t *testing.T, o *organization) error {
		page, err := o.projects().APIKeys.List(t.Context(), o.project, openai.AdminOrganizationProjectAPIKeyListParams{
			OwnerProjectAccess: openai.AdminOrganizationProjectAPIKeyListParamsOwnerProjectAccessAny,
		})
		if err == nil {
			must(t, len(page.Data) == 2 && !page.HasMore, "two keys", page.RawJSON())
		}
		return err
	}},
	{"Projects.APIKeys.ListAutoPaging", func(t *testing.T, o *organization) error {
		return count(t, o.projects().APIKeys.ListAutoPaging(t.Context(), o.project, openai.AdminOrganizationProjectAPIKeyListParams{Limit: openai.Int(1)}), 2)
	}},
	{"Projects.APIKeys.Get", func(t *testing.T, o *organization) error {
		k, err := o.projects().APIKeys.Get(t.Context(), o.project, o.key)
		if err == nil {
			must(t, k.ID == o.key && strings.HasPrefix(k.RedactedValue, "sk-svcacct...") && k.Owner.Type == "service_account" &&
				k.Owner.ServiceAccount.ID == o.account && k.OwnerProjectAccess == "active" && k.JSON.LastUsedAt.Raw() == "null",
				"the key of the account", k.RawJSON())
		}
		return err
	}},
	{"Projects.APIKeys.Delete", func(t *testing.T, o *organization) error {
		d, err := o.projects().APIKeys.Delete(t.Context(), o.project, o.key)
		if err == nil {
			must(t, d.Deleted && d.ID == o.key && d.Object == "organization.project.api_key.deleted", "the deletion", d.RawJSON())
		}
		return err
	}},
	{"Projects.ServiceAccounts.Delete", func(t *testing.T, o *organization) error {
		d, err := o.projects().ServiceAccounts.Delete(t.Context(), o.project, o.account)
		if err != nil {
			return err
		}
		must(t, d.Deleted && d.ID == o.account && d.Object == "organization.project.service_account.deleted", "the deletion", d.RawJSON())
		page, err := o.projects().APIKeys.List(t.Context(), o.project, openai.AdminOrganizationProjectAPIKeyListParams{})
		if err == nil {
			must(t, len(page.Data) == 0, "no keys without their account", page.RawJSON())
		}
		return err
	}},
}

var limitSteps = []step{
	{"Projects.RateLimits.ListRateLimits", func(t *testing.T, o *organization) error {
		page, err := o.projects().RateLimits.ListRateLimits(t.Context(), o.project, openai.AdminOrganizationProjectRateLimitListRateLimitsParams{Limit: openai.Int(1000)})
		if err != nil {
			return err
		}
		must(t, len(page.Data) > 1 && !page.HasMore && page.Data[0].ID == "rl-"+page.Data[0].Model, "limits of several models", page.RawJSON())
		o.limit = page.Data[0].ID
		return nil
	}},
	{"Projects.RateLimits.ListRateLimitsAutoPaging", func(t *testing.T, o *organization) error {
		return count(t, o.projects().RateLimits.ListRateLimitsAutoPaging(t.Context(), o.project,
			openai.AdminOrganizationProjectRateLimitListRateLimitsParams{Limit: openai.Int(2)}), 2)
	}},
	{"Projects.RateLimits.UpdateRateLimit", func(t *testing.T, o *organization) error {
		l, err := o.projects().RateLimits.UpdateRateLimit(t.Context(), o.project, o.limit,
			openai.AdminOrganizationProjectRateLimitUpdateRateLimitParams{MaxRequestsPer1Minute: openai.Int(7)})
		if err == nil {
			must(t, l.ID == o.limit && l.MaxRequestsPer1Minute == 7, "the new limit", l.RawJSON())
		}
		return err
	}},
}

var auditSteps = []step{
	{"AuditLogs.List", func(t *testing.T, o *organization) error {
		page, err := o.admin().AuditLogs.List(t.Context(), openai.AdminOrganizationAuditLogListParams{
			Limit: openai.Int(5), EventTypes: []string{"project.created", "project.updated"}, ProjectIDs: []string{o.project}, ResourceIDs: []string{o.project},
			EffectiveAt: openai.AdminOrganizationAuditLogListParamsEffectiveAt{
				Gte: openai.Int(time.Now().Add(-time.Hour).Unix()), Lt: openai.Int(time.Now().Add(time.Hour).Unix()),
			},
		})
		if err != nil {
			return err
		}
		must(t, len(page.Data) == 2 && page.Data[0].ProjectUpdated.ChangesRequested.Title == "talk" &&
			page.Data[1].ProjectCreated.Data.Title == "chat", "the project's renaming, then its creation", page.RawJSON())
		actor := page.Data[0].Actor
		must(t, actor.Type == "api_key" && actor.APIKey.User.ID == o.owner, "the owner's key as the actor", page.RawJSON())

		older, err := o.admin().AuditLogs.List(t.Context(), openai.AdminOrganizationAuditLogListParams{
			After: openai.String(page.Data[0].ID), ProjectIDs: []string{o.project}, ActorIDs: []string{o.owner}, Limit: openai.Int(100),
		})
		if err == nil {
			must(t, len(older.Data) == 1 && older.Data[0].ID == page.Data[1].ID, "what is older", older.RawJSON())
		}
		return err
	}},
	{"AuditLogs.ListAutoPaging", func(t *testing.T, o *organization) error {
		return count(t, o.admin().AuditLogs.ListAutoPaging(t.Context(), openai.AdminOrganizationAuditLogListParams{Limit: openai.Int(3)}), 4)
	}},
}
