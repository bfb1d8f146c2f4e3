package httpapi

import (
	"context"
	"math"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

type listAuditLogs struct {
	After      string   `query:"after"`
	Before     string   `query:"before"`
	Limit      int      `query:"limit,default=20,min=1,max=100"`
	GT         *int64   `query:"effective_at[gt]"`
	GTE        *int64   `query:"effective_at[gte]"`
	LT         *int64   `query:"effective_at[lt]"`
	LTE        *int64   `query:"effective_at[lte]"`
	ProjectIDs []string `query:"project_ids"`
	Types      []string `query:"event_types"`
	ActorIDs   []string `query:"actor_ids"`
	Emails     []string `query:"actor_emails"`
	Resources  []string `query:"resource_ids"`
	TenantOnly bool     `query:"tenant_only"`
}

// listAuditLogs serves list-audit-logs.
func (a *admin) listAuditLogs(ctx context.Context, caller org.Caller, req listAuditLogs) (api.List[api.AuditLog], org.Commit, error) {
	from, until := req.times()
	var page org.ListPage[org.AuditEvent]
	var err error
	if !req.TenantOnly { // one server is one organization, and no tenant has any other
		page, err = a.Service.ListAuditLogs(ctx, caller, org.AuditPage{
			AuditFilter: org.AuditFilter{
				From: from, Until: until, Projects: req.ProjectIDs, Types: storedTypes(req.Types),
				Actors: req.ActorIDs, Emails: req.Emails, Resources: req.Resources,
			},
			After: req.After, Before: req.Before, Limit: req.Limit,
		})
	}
	return list(page, auditLog, func(e api.AuditLog) string { return e.ID }), org.Commit{}, err
}

// times are the four bounds as two: from the first second on, and before the
// other. Nothing happened before 1970, so a bound there is one at it.
func (req listAuditLogs) times() (from, until int64) {
	next := func(at int64) int64 { return min(at, math.MaxInt64-1) + 1 }
	if req.GTE != nil {
		from = *req.GTE
	}
	if req.GT != nil {
		from = max(from, next(*req.GT))
	}
	if req.LT != nil {
		until = max(*req.LT, 1)
	}
	if req.LTE != nil {
		if end := max(next(*req.LTE), 1); until == 0 || end < until {
			until = end
		}
	}
	return max(from, 0), until
}

// hostActions are what is done on the server's host. The contract has no names
// for these, so they are shown as changes of the organization.
var hostActions = map[org.EventType]string{
	org.EventBootstrapped: api.HostBootstrapped,
	org.EventRecovered:    api.HostRecovered,
	org.EventRestored:     api.HostRestored,
	org.EventTrimmed:      api.HostTrimmed,
}

func storedTypes(names []string) []org.EventType {
	var out []org.EventType
	for _, name := range names {
		if api.AuditEventType(name) == api.AuditOrganizationUpdated {
			out = append(out, org.EventBootstrapped, org.EventRecovered, org.EventRestored, org.EventTrimmed)
			continue
		}
		out = append(out, org.EventType(name))
	}
	return out
}

func auditLog(e org.AuditEvent) api.AuditLog {
	out := api.AuditLog{ID: e.ID, Type: api.AuditEventType(e.Type), EffectiveAt: e.At, Actor: auditActor(e.Actor)}
	if e.ProjectID != "" {
		out.Project = &api.AuditLogProject{ID: e.ProjectID, Name: e.ProjectName}
	}
	if action, ok := hostActions[e.Type]; ok {
		out.Type = api.AuditOrganizationUpdated
		out.OrganizationUpdated = &api.AuditChanged[api.AuditOrganizationChange]{
			ID: e.Resource, ChangesRequested: &api.AuditOrganizationChange{Description: action},
		}
		return out
	}
	out.AuditLogPayload = auditPayload(e)
	return out
}

// auditPayload finds the data of an event its member, which is named like the
// type. What the contract does not have of it stays in the log.
func auditPayload(e org.AuditEvent) (out api.AuditLogPayload) {
	if e.Data == nil {
		return out
	}
	text, err := json.Marshal(map[string]jsontext.Value{string(e.Type): e.Data})
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil { // of a later version, or changed behind the log's back
		return api.AuditLogPayload{}
	}
	return out
}

func auditActor(a org.Actor) *api.AuditLogActor {
	switch a.Type {
	case org.ActorAPIKey:
	case org.ActorSession:
		return &api.AuditLogActor{Type: string(a.Type), Session: &api.AuditLogActorSession{
			User: &api.AuditLogActorUser{ID: a.OwnerID, Email: a.Email}, IPAddress: a.Origin.IP, UserAgent: a.Origin.UserAgent,
		}}
	default:
		return nil
	}
	key := &api.AuditLogActorAPIKey{ID: a.KeyID, Type: string(a.OwnerType), IPAddress: a.Origin.IP, UserAgent: a.Origin.UserAgent}
	if a.OwnerType == org.OwnerServiceAccount {
		key.ServiceAccount = &api.AuditLogActorServiceAccount{ID: a.OwnerID}
	} else {
		key.User = &api.AuditLogActorUser{ID: a.OwnerID, Email: a.Email}
	}
	return &api.AuditLogActor{Type: string(a.Type), APIKey: key}
}
