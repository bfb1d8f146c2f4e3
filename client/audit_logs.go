package client

import (
	"cmp"
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/api"
)

// AuditLogs reads the audit log. It is a field of [Client].
type AuditLogs struct{ transport *transport }

var auditLog = kind[api.AuditLog]{
	name: "audit log", // its events are only listed
	id:   func(e *api.AuditLog) string { return e.ID },
	check: func(e *api.AuditLog) error {
		return cmp.Or(
			demand(e.ID != "", "id is missing or empty"),
			demand(e.Type != "", "type is missing or empty"),
			demand(e.EffectiveAt > 0, "effective_at is missing or not a time"),
		)
	},
}

// List returns one page of events that pass the filters of p, newest first
// (list-audit-logs). The next page, which is older, is asked for with After set
// to the id of the last element; [AuditLogs.All] does that by itself.
func (s AuditLogs) List(ctx context.Context, p api.AuditLogListParams) (*api.List[api.AuditLog], error) {
	q := auditLog.query().page(p.After, p.Limit, 1, maxPage)
	q.cursor("before", p.Before)
	q.number("effective_at[gt]", p.EffectiveAt.GT)
	q.number("effective_at[gte]", p.EffectiveAt.GTE)
	q.number("effective_at[lt]", p.EffectiveAt.LT)
	q.number("effective_at[lte]", p.EffectiveAt.LTE)
	types := make([]string, len(p.EventTypes))
	for i, t := range p.EventTypes {
		types[i] = string(t)
	}
	q.texts("event_types[]", types)
	q.texts("actor_emails[]", p.ActorEmails)
	q.ids("project_ids[]", p.ProjectIDs)
	q.ids("actor_ids[]", p.ActorIDs)
	q.ids("resource_ids[]", p.ResourceIDs)
	return auditLog.list(ctx, s.transport, organization("audit_logs"), q)
}

// All returns every event that passes the filters of p, newest first, from
// p.After on (list-audit-logs), page by page and lazily. p.Limit is the size of a
// page, and 100 when nil; p.Before is for List alone. An error is the last pair.
func (s AuditLogs) All(ctx context.Context, p api.AuditLogListParams) iter.Seq2[api.AuditLog, error] {
	return auditLog.all(p.After, p.Before, p.Limit, maxPage, func(after string, limit *int) (*api.List[api.AuditLog], error) {
		p := p
		p.After, p.Limit = after, limit
		return s.List(ctx, p)
	})
}
