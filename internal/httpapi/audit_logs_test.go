package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
)

const auditPath = "/v1/organization/audit_logs"

// audit lists by a query.
func (s *system) audit(t *testing.T, query string) api.List[api.AuditLog] {
	t.Helper()
	return decode[api.List[api.AuditLog]](t, s.do(t, request{path: auditPath + "?" + query}))
}

func TestAuditLogIsTheContractsToTheByte(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project := s.newProject(t)
		a := s.do(t, request{path: auditPath + "?limit=1"})
		event := decode[api.List[api.AuditLog]](t, a).Data[0]
		want := fmt.Sprintf(`{"object":"list","data":[{"id":%q,"type":"project.created","effective_at":%d,`+
			`"project":{"id":%q,"name":"a project"},"actor":{"type":"api_key","api_key":{"id":%q,"type":"user","user":{"id":%q,"email":%q},`+
			`"ip_address":"127.0.0.1","user_agent":"Go-http-client/1.1"}},"project.created":{"id":%q,"data":{"name":"a project","title":"a project"}}}],`+
			`"first_id":%q,"last_id":%q,"has_more":true}`,
			event.ID, event.EffectiveAt, project, s.seed.first.id, s.seed.owner.ID, event.Actor.APIKey.User.Email, project, event.ID, event.ID)
		if diff := cmp.Diff(want, a.body); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestHostActionsAreShownAsChangesOfTheOrganization(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		list := s.audit(t, "event_types[]=organization.updated")
		if len(list.Data) != 1 {
			t.Fatalf("%+v", list)
		}
		e := list.Data[0]
		if e.Type != api.AuditOrganizationUpdated || e.Actor != nil || e.OrganizationUpdated.ChangesRequested.Description != api.HostBootstrapped {
			t.Errorf("%+v", e)
		}
	})
}

func TestAuditFilters(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project, other := s.newProject(t), s.newProject(t)
		s.post(t, projectsPath+"/"+project+"/archive", "")
		event := s.audit(t, "resource_ids[]="+other).Data[0]
		at := event.EffectiveAt
		for query, want := range map[string]int{
			"project_ids[]=" + project:                                                                 2,
			"project_ids=" + project + "&project_ids=" + other:                                         3,
			"project_ids%5B%5D=" + project + "&resource_ids=" + other:                                  0,
			"event_types[]=project.archived":                                                           1,
			"event_types[]=project.deleted":                                                            0,
			"actor_ids[]=" + s.seed.first.id + "&project_ids=" + other:                                 1,
			"actor_emails[]=nobody@example.com":                                                        0,
			"actor_emails[]=" + event.Actor.APIKey.User.Email + "&project_ids=" + other:                1,
			"actor_emails=" + strings.ToUpper(event.Actor.APIKey.User.Email) + "&project_ids=" + other: 1,
			fmt.Sprintf("project_ids=%s&effective_at[gte]=%d&effective_at[lte]=%d", other, at, at):     1,
			fmt.Sprintf("project_ids=%s&effective_at[gt]=%d", other, at):                               0,
			fmt.Sprintf("project_ids=%s&effective_at[lt]=%d", other, at):                               0,
			fmt.Sprintf("project_ids=%s&effective_at[gt]=%d&effective_at[lt]=%d", other, at-1, at+1):   1,
			"project_ids=" + other + "&effective_at[lte]=-5":                                           0,
			"project_ids=" + other + "&effective_at[gt]=9223372036854775807":                           0,
			"project_ids=" + other + "&effective_at[lte]=9223372036854775807":                          1,
			"after=" + event.ID + "&project_ids=" + project:                                            1,
			"before=" + event.ID + "&project_ids=" + project:                                           1,
			"tenant_only=true": 0,
		} {
			if got := s.audit(t, query); len(got.Data) != want {
				t.Errorf("%s: %d events, want %d", query, len(got.Data), want)
			}
		}
		for query, want := range map[string]fault{
			"limit=101": {400, "integer_above_max_value", "limit", "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead."},
			"after=x": {
				400, "invalid_value", "after",
				"Invalid 'after': 'x' is not an id of this list. Expected the id of the last element of the page before, such as 'event_01JQ8ZK3T5V9W2X4Y6A8B0C1D2'.",
			},
			"before=" + project: {
				400, "invalid_value", "before",
				"Invalid 'before': '" + project + "' is not the id of an event. Expected one such as 'event_01JQ8ZK3T5V9W2X4Y6A8B0C1D2'.",
			},
			"effective_at[gt]=x": {400, "invalid_type", "effective_at[gt]", "Invalid type for 'effective_at[gt]': expected an integer, but got a string instead."},
		} {
			checkFault(t, s.do(t, request{path: auditPath + "?" + query}), want)
		}
	})
}

// TestAuditPagesFollowEachOther walks as the SDKs do, by last_id.
func TestAuditPagesFollowEachOther(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		for range 12 {
			s.newProject(t)
		}
		var ids []string
		for query := "limit=5"; ; {
			page := s.audit(t, query)
			for _, e := range page.Data {
				ids = append(ids, e.ID)
			}
			if !page.HasMore {
				break
			}
			query = "limit=5&after=" + *page.LastID
		}
		if len(ids) < 13 || !slices.IsSortedFunc(ids, func(a, b string) int { return strings.Compare(b, a) }) {
			t.Errorf("%d events: %v", len(ids), ids)
		}
	})
}
